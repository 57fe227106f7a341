/** Tells rows whose cells stand one column too far to the left or right: a cell fits its neighbour's column and not its own. */

/** A column whose texts cannot be mistaken for those of others. */
export interface TypedColumn {
  readonly index: number
  readonly fits: (text: string) => boolean
}

export type Shift = 'left' | 'right'

/** Nothing where the row's cells stand where they belong, or the columns cannot tell. `columns` in the header's order. */
export function shiftOf(cells: readonly string[], columns: readonly TypedColumn[]): Shift | undefined {
  if (fitsBeside(cells, columns, -1)) return 'left'
  return fitsBeside(cells, columns, 1) ? 'right' : undefined
}

/** True where all columns that something can be said of have their texts at that distance, and one at least does not have it itself. */
function fitsBeside(cells: readonly string[], columns: readonly TypedColumn[], distance: number): boolean {
  let [moved, staying] = [0, 0]
  for (const { index, fits } of columns) {
    const own = cells[index] ?? ''
    const beside = cells[index + distance] ?? ''
    if (own !== '' && fits(own)) staying++
    else if (beside !== '' && fits(beside)) moved++
  }
  // The id alone often stays: cells were lost or put in behind it.
  return moved > 0 && staying <= 1 && moved >= staying
}
