/** What is wrong with rows or doubtful about them, by code and field: counted, with the first row of each kind. */
import type { FoundKind } from '../model/scan.ts'
import type { Place, SourceColumn } from '../model/row.ts'

export interface KindCounter<Code extends string> {
  /** `columnOf` is asked for the first row of a kind. */
  add(
    kind: Pick<FoundKind<Code>, 'code' | 'field' | 'message'>,
    place: Pick<Place, 'row' | 'line'>,
    columnOf: () => SourceColumn | undefined,
  ): void
  /** Most frequent first. */
  list(): readonly FoundKind<Code>[]
}

export function createKindCounter<Code extends string>(): KindCounter<Code> {
  const found = new Map<string, FoundKind<Code> & { rows: number }>()
  return {
    add({ code, field, message }, { row, line }, columnOf) {
      const key = `${code} ${field}`
      const known = found.get(key)
      if (known !== undefined) known.rows++
      else {
        const column = columnOf()
        const first = { rows: 1, firstRow: row, firstLine: line, ...(column === undefined ? {} : { column }) }
        found.set(key, { code, field, message, ...first })
      }
    },
    list: () => [...found.values()].sort((left, right) => right.rows - left.rows),
  }
}
