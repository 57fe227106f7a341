/** What makes a CSV record malformed, and what ends the reading of a file. */
import type { ErrorCode, Problem } from '../model/errors.ts'
import { rawRowMark } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { carriageReturn, lineFeed, longestRecord } from './lines.ts'
import type { Newline } from './lines.ts'

export interface Dialect {
  readonly delimiter: string
  readonly newline: Newline
}

function problem(code: ErrorCode, message: string): Problem {
  return { code, field: '', message }
}

export const rowTooLong = problem('E_TOO_LARGE', 'the row is longer than 4 MiB')
const misplacedQuote = problem('E_QUOTE', 'a quote inside an unquoted cell, or text behind a closing quote')
const otherLineBreak = problem('E_QUOTE', 'a line break of another kind inside an unquoted cell')
const stillRaw = problem('E_RAW_ROW', 'is still the text that an errors file keeps of a row it could not cut')

/**
 * Finds the problem of a record that starts on `line`, by its bytes without the line end; without cells its quotes are misplaced.
 * `columns` is the width that is wanted, 0 for any.
 */
export function problemsOf({ newline }: Dialect, columns: number) {
  const otherBreak = newline === '\n' ? carriageReturn : lineFeed
  return (record: Buffer, cells: readonly string[] | undefined, line: number): Problem | undefined => {
    if (record.length > longestRecord) {
      if (record.includes('"')) throw tooLong(line)
      return rowTooLong
    }
    if (cells === undefined) return misplacedQuote
    if (record.includes(otherBreak) && hasBareBreak(record, otherBreak)) return otherLineBreak
    if (columns > 0 && cells.length !== columns)
      return problem('E_COLUMNS', `has ${cells.length} cells, the header has ${columns}`)
    return cells[0]?.startsWith(rawRowMark) === true ? stillRaw : undefined
  }
}

/** Outside of quotes. */
function hasBareBreak(record: Buffer, lineBreak: number): boolean {
  const unquoted = record.toString('latin1').replaceAll(/"[^"]*"/g, '')
  return unquoted.includes(String.fromCharCode(lineBreak))
}

export function unclosedQuote(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_UNCLOSED_QUOTE',
    `the quote that is opened on line ${line} is never closed`,
    'Close the quote, or double it if it belongs to the text, and run again. Nothing behind that line was used.',
  )
}

/** Of a record in which quotes hide its end, and of a header. */
export function tooLong(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_RECORD_TOO_LARGE',
    `the record on line ${line} is longer than 4 MiB`,
    'Check that the file is CSV and that its lines end in a line break.',
  )
}
