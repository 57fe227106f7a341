/** Gathers warnings by code and field: counted, with the first row of each, and without a new object for every row. */
import type { TellWarning, WarningCode } from '../domain/warning.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import type { Locate, SourceColumn } from './ports.ts'

export interface Warning {
  readonly code: WarningCode
  readonly field: string
  readonly message: string
  readonly rows: number
  readonly firstRow: number
  readonly firstLine: number
  readonly column?: SourceColumn
}

export interface Warnings {
  /** The row that `tell` is about from now on. */
  begin(row: Row | MalformedRow): void
  readonly tell: TellWarning
  /** Most frequent first. */
  list(): readonly Warning[]
}

/** A warning while it is counted. */
type Count = Omit<Warning, 'rows'> & { rows: number }

export function createWarnings(locate: Locate): Warnings {
  const found = new Map<WarningCode, Map<string, Count>>()
  let current: Row | MalformedRow | undefined

  function add(code: WarningCode, field: string, message: string, row: Row | MalformedRow): void {
    const column = locate(row, field)
    const first = { rows: 1, firstRow: row.row, firstLine: row.line }
    const count = { code, field, message, ...first, ...(column === undefined ? {} : { column }) }
    const fields = found.get(code)
    if (fields === undefined) found.set(code, new Map([[field, count]]))
    else fields.set(field, count)
  }

  return {
    begin(row) {
      current = row
    },
    tell(code, field, message) {
      const known = found.get(code)?.get(field)
      if (known !== undefined) known.rows++
      else if (current !== undefined) add(code, field, message, current)
    },
    list() {
      const counts = found.values().flatMap((fields) => fields.values())
      return [...counts].sort((left, right) => right.rows - left.rows)
    },
  }
}
