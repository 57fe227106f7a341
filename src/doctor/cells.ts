/** The cell, or what stands behind a key, that a defect is in; and how it looks without what it says. */
import type { MalformedRow, Row } from '../domain/row.ts'
import type { SourceColumn } from '../pipeline/ports.ts'
import { masked } from './mask.ts'

/** The text of a cell, or what stands behind a key as JSON. */
export function cellIn(row: Row | MalformedRow, column: SourceColumn | undefined): string | undefined {
  if (column === undefined || row.kind === 'malformed') return undefined
  if (row.kind === 'csv') return column.number === undefined ? undefined : row.cells[column.number - 1]
  if (!Object.hasOwn(row.record, column.name)) return undefined
  const value = row.record[column.name]
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Nothing where there is no text. */
export function exampleIn(row: Row | MalformedRow, column: SourceColumn | undefined): string | undefined {
  const cell = cellIn(row, column)
  return cell === undefined || cell === '' ? undefined : masked(cell)
}
