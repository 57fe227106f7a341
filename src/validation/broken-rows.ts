/**
 * Tells a file that is damaged from one with some bad rows. What people write wrongly is scattered; what a broken export
 * does goes on to the end of the file, or moves cells.
 */
import type { ErrorCode } from '../model/errors.ts'
import type { MalformedRow, Row } from '../model/row.ts'

/** In smaller files some bad rows are many. */
const leastRows = 50
const mostBroken = 4

const broken: ReadonlySet<ErrorCode> = new Set(['E_COLUMNS', 'E_QUOTE', 'E_JSON', 'E_NOT_OBJECT'])

export interface BrokenRows {
  /** For each invalid row. */
  bad(row: Row | MalformedRow, code: ErrorCode): void
  /** For each other one. */
  good(): void
  /** What is wrong with the file as a whole, in words. `endsLine`: whether its last row has a line end. */
  verdict(endsLine: boolean): string | undefined
}

export function createBrokenRows(typed: readonly TypedColumn[]): BrokenRows {
  let [rows, shifted, run, runStart] = [0, 0, 0, 0]
  return {
    good() {
      rows++
      run = 0
    },
    bad(row, code) {
      rows++
      const isShifted = row.kind === 'csv' && shiftOf(row.cells, typed) !== undefined
      if (isShifted) shifted++
      if (!isShifted && !broken.has(code)) run = 0
      else if (run++ === 0) runStart = row.row
    },
    verdict(endsLine) {
      if (rows < leastRows) return undefined
      if (run > mostBroken) return `from row ${runStart} on no row can be read as the others`
      if (shifted > mostBroken) return `the cells of ${shifted} rows stand in other columns than their own`
      return run > 0 && !endsLine ? `it ends in the middle of row ${rows}, as if it was cut there` : undefined
    },
  }
}

/** A column whose texts cannot be mistaken for those of others. */
export interface TypedColumn {
  readonly index: number
  readonly fits: (text: string) => boolean
}

export type Shift = 'left' | 'right'

/** Returns undefined if the row's cells are in their own columns, or the columns do not show it. `columns` in the header's order. */
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
  // The id alone often stays: cells were lost or put in after it.
  return moved > 0 && staying <= 1 && moved >= staying
}
