/**
 * Tells a file that is damaged from one with some bad rows. What people write wrongly is scattered; what a broken export
 * does goes on to the end of the file, or moves cells.
 */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import { shiftOf } from './shifted.ts'
import type { TypedColumn } from './shifted.ts'

/** In smaller files some bad rows are many. */
const leastRows = 50
const mostBroken = 4

const broken: ReadonlySet<ErrorCode> = new Set(['E_COLUMNS', 'E_QUOTE', 'E_JSON', 'E_NOT_OBJECT'])

export interface BrokenRows {
  /** For each invalid row. */
  bad(row: Row | MalformedRow, code: ErrorCode): void
  /** For each other one. */
  good(): void
  /** What is wrong with the file as a whole, in words. `endsLine`: whether its last row has a line end behind it. */
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
