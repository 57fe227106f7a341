/**
 * CSV rows from blocks of text, in batches, with the exact line and bytes of each. Malformed rows are rows; a quote
 * that is never closed ends the run, because nobody can tell which lines it swallows.
 */
import { rawRowMark } from '../domain/raw-row.ts'
import type { CsvRow, MalformedRow, Place } from '../domain/row.ts'
import { BulkUpdateError } from '../errors.ts'
import { cutRecord, lineEnd, trimReturn } from './csv-lines.ts'
import type { Dialect } from './csv-lines.ts'

/** Longest record that is read, in UTF-16 units. */
const longestRecord = 4 * 1024 * 1024
const rowTooLong = 'the row is longer than 4 MiB'

export interface CsvStart {
  /** Number of the first record that comes. */
  readonly row: number
  readonly line: number
  readonly offset: number
}

/**
 * Reads records from decoded blocks that may be cut anywhere. `columns` is the header's width: a record of another
 * width is malformed (`E_COLUMNS`), since a missing cell must never pass for a blank one. 0 accepts any width.
 */
export async function* parseCsv(
  blocks: AsyncIterable<string>,
  dialect: Dialect,
  columns: number,
  start: CsvStart,
): AsyncGenerator<(CsvRow | MalformedRow)[]> {
  const cutter = createCutter(dialect, columns, start)
  for await (const block of blocks) {
    const rows = cutter.take(block, false)
    if (rows.length > 0) yield rows
  }
  const rows = cutter.take('', true)
  if (rows.length > 0) yield rows
}

export interface Cutter {
  /** Rows of the records that end in what was given up to now; the last one does where `last` says that no more comes. */
  take(block: string, last: boolean): (CsvRow | MalformedRow)[]
}

export function createCutter(dialect: Dialect, columns: number, start: CsvStart): Cutter {
  const { delimiter, newline } = dialect
  let { row, line, offset } = start
  let rest = ''
  /** Where the quote of an unfinished record was opened. */
  let openLine = line
  /** Bytes of a record that is too long to be kept, while its end has not come. */
  let passed = 0
  const otherBreak = newline === '\n' ? '\r' : '\n'

  /** Passes over more of that record, and gives what stands behind it. Behind a quote nobody can tell where it ends. */
  function pass(block: string, last: boolean, rows: (CsvRow | MalformedRow)[]): string {
    const end = lineEnd(block, 0, newline)
    const more = block.slice(0, end)
    if (more.includes('"')) throw tooLong(line)
    passed += Buffer.byteLength(more)
    if (end === block.length && !last) return ''
    const place = { row: row++, line: line++, offset, length: passed - (more.endsWith('\r') ? 1 : 0) }
    rows.push(malformed(place, 'E_TOO_LARGE', rowTooLong))
    offset += passed + 1
    passed = 0
    return block.slice(end + 1)
  }

  function take(block: string, last: boolean): (CsvRow | MalformedRow)[] {
    const rows: (CsvRow | MalformedRow)[] = []
    const text = passed > 0 ? pass(block, last, rows) : rest + block
    const ascii = isAscii(text)
    const mayBeMixed = text.includes(otherBreak)
    let at = 0
    let quote = text.indexOf('"')
    while (at < text.length) {
      if (quote >= 0 && quote < at) quote = text.indexOf('"', at)
      let end = lineEnd(text, at, newline)
      let lineBreaks = 0
      let cells: readonly string[] | undefined
      let broken = false
      if (quote >= 0 && quote < end) {
        const extent = cutRecord(text, at, dialect, last)
        if (extent.kind === 'open') {
          openLine = line + extent.lineBreaks
          break
        }
        ;({ end, lineBreaks } = extent)
        if (extent.kind === 'whole') ({ cells } = extent)
        else broken = true
      } else {
        if (end === text.length && !last) break
        end = trimReturn(text, at, end, newline)
      }
      const record = text.slice(at, end)
      // As where its end has not come: what a record is must not depend on where blocks are cut.
      const isTooLong = record.length > longestRecord
      if (isTooLong && record.includes('"')) throw tooLong(line)
      const next = Math.min(lineEnd(text, end, newline) + 1, text.length)
      const length = ascii ? record.length : Buffer.byteLength(record)
      if (record !== '') {
        const place = { row: row++, line, offset, length }
        if (isTooLong) rows.push(malformed(place, 'E_TOO_LARGE', rowTooLong))
        else if (broken)
          rows.push(
            malformed(place, 'E_QUOTE', 'a quote inside an unquoted cell, or text behind a closing quote'),
          )
        else if (mayBeMixed && record.includes(otherBreak) && hasBareBreak(record, otherBreak))
          rows.push(malformed(place, 'E_QUOTE', 'a line break of another kind inside an unquoted cell'))
        else rows.push(sized(place, cells ?? record.split(delimiter), columns))
      }
      offset += length + (next - end)
      line += lineBreaks + 1
      at = next
    }
    rest = text.slice(at)
    if (last && rest !== '') throw unclosedQuote(openLine)
    if (rest.length > longestRecord) {
      if (rest.includes('"')) throw unclosedQuote(openLine)
      passed = Buffer.byteLength(rest)
      rest = ''
    }
    return rows
  }

  return { take }
}

function sized(place: Place, cells: readonly string[], columns: number): CsvRow | MalformedRow {
  if (columns > 0 && cells.length !== columns) {
    return malformed(place, 'E_COLUMNS', `has ${cells.length} cells, the header has ${columns}`)
  }
  if (cells[0]?.startsWith(rawRowMark) === true) {
    return malformed(
      place,
      'E_RAW_ROW',
      'is still the text that an errors file keeps of a row it could not cut',
    )
  }
  return { kind: 'csv', row: place.row, line: place.line, offset: place.offset, length: place.length, cells }
}

type Malformation = 'E_QUOTE' | 'E_COLUMNS' | 'E_RAW_ROW' | 'E_TOO_LARGE'

function malformed(place: Place, code: Malformation, message: string): MalformedRow {
  return { kind: 'malformed', ...place, problem: { code, field: '', message } }
}

/** Outside of quotes. */
function hasBareBreak(record: string, character: string): boolean {
  return record.replaceAll(/"[^"]*"/g, '').includes(character)
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length
}

function unclosedQuote(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_UNCLOSED_QUOTE',
    `the quote that is opened on line ${line} is never closed`,
    'Close the quote, or double it if it belongs to the text, and run again. Nothing behind that line was used.',
  )
}

/** Of a record in which quotes hide its end, and of a header. */
export function tooLong(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_RECORD_TOO_LARGE',
    `the record on line ${line} is longer than 4 MiB`,
    'Check that the file is CSV and that its lines end in a line break.',
  )
}
