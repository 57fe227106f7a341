/** Mends what can be mended of one row, and keeps only what the reading of rows then takes. */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { Problem } from '../domain/problem.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import type { Fix } from '../mapping/fixes.ts'
import type { Locate, SourceColumn } from '../pipeline/ports.ts'

/** One cell that is mended. `text` is personal data: it goes into the copy and nowhere else. */
export interface Change {
  readonly column: SourceColumn
  readonly code: ErrorCode
  readonly change: string
  readonly text: string
}

export interface MendParts {
  readonly locate: Locate
  readonly fixOf: (problem: Problem, cell: string) => Fix | undefined
  /** The problems of a row, none where it is good. */
  readonly problemsOf: (row: Row) => readonly Problem[]
}

/** Rows that cannot be read have no cells that could be mended. */
export function isRefusedRow(row: Row | MalformedRow): row is Row {
  return row.kind !== 'malformed'
}

export function mendRow(
  row: Row,
  problems: readonly Problem[],
  { locate, fixOf, problemsOf }: MendParts,
): { readonly changes: readonly Change[]; readonly isGood: boolean } {
  const wanted = problems.flatMap((problem): Change[] => {
    const column = locate(row, problem.field)
    const cell = column === undefined ? undefined : textAt(row, column)
    const fix = cell === undefined ? undefined : fixOf(problem, cell)
    return column === undefined || fix === undefined ? [] : [{ column, code: problem.code, ...fix }]
  })
  if (wanted.length === 0) return { changes: [], isGood: false }
  const refused = problemsOf(withTexts(row, wanted))
  // What is still refused, or refused for another reason now, was not what was meant.
  const places = new Set(refused.map(({ field }) => placeOf(locate(row, field))))
  const changes = wanted.filter(({ column }) => !places.has(placeOf(column)))
  return { changes, isGood: refused.length === 0 }
}

function placeOf(column: SourceColumn | undefined): string {
  return column === undefined ? '' : `${column.number ?? ''} ${column.name}`
}

function textAt(row: Row, { name, number }: SourceColumn): string | undefined {
  if (row.kind === 'csv') return number === undefined ? undefined : row.cells[number - 1]
  const value = Object.hasOwn(row.record, name) ? row.record[name] : undefined
  return typeof value === 'string' ? value : undefined
}

function withTexts(row: Row, changes: readonly Change[]): Row {
  if (row.kind === 'csv') {
    const texts = new Map(changes.map(({ column, text }) => [(column.number ?? 0) - 1, text]))
    return { ...row, cells: row.cells.map((cell, index) => texts.get(index) ?? cell) }
  }
  const texts = Object.fromEntries(changes.map(({ column, text }) => [column.name, text]))
  return { ...row, record: { ...row.record, ...texts } }
}
