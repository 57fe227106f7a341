/**
 * CSV rows from blocks of bytes. csv-parse reads the records. This file adds the place of each record, the rows after a malformed
 * record, and limits.
 */
import { CsvError, parse } from 'csv-parse/sync'
import type { Info } from 'csv-parse/sync'
import type { CsvRow, MalformedRow } from '../model/row.ts'
import { longestRecord, wholeLines, carriageReturn, lineFeed } from './lines.ts'
import type { LongLine, RecordStart, Newline } from './lines.ts'
import type { ErrorCode, Problem } from '../model/errors.ts'
import { rawRowMark } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'

type CsvRows = (CsvRow | MalformedRow)[]

/**
 * Reads records from blocks of UTF-8 that may be cut anywhere. `columns` is the header's width: a record of another width is
 * malformed (`E_COLUMNS`), because a missing cell must not count as blank. 0 accepts any width.
 *
 * @throws BulkUpdateError INPUT: E_UNCLOSED_QUOTE, because the cell may contain any number of lines, and E_RECORD_TOO_LARGE
 */
export async function* parseCsv(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  dialect: Dialect,
  columns: number,
  start: RecordStart,
): AsyncGenerator<CsvRows> {
  const reader = createReader(dialect, columns, start)
  for await (const lines of wholeLines(blocks, dialect.newline)) {
    const rows = Buffer.isBuffer(lines) ? reader.take(lines) : reader.pass(lines)
    if (rows.length > 0) yield rows
  }
  const rows = reader.end()
  if (rows.length > 0) yield rows
}

/** Returns the cells of one record, or undefined if it is malformed. */
export function cellsOf(record: string, dialect: Dialect): readonly string[] | undefined {
  try {
    return parse(record, parserOptions(dialect))[0]
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}

function parserOptions({ delimiter, newline }: Dialect) {
  const lineEnds = newline === '\n' ? ['\r\n', '\n'] : ['\r']
  return { delimiter, record_delimiter: lineEnds, relax_column_count: true, skip_empty_lines: true } as const
}

interface CsvReader {
  /** Returns the rows of the records that end in these lines. */
  take(lines: Buffer): CsvRows
  /** Returns the row of a line that is too long. */
  pass(line: LongLine): CsvRows
  /** Returns the last rows. */
  end(): CsvRows
}

function createReader(dialect: Dialect, columns: number, start: RecordStart): CsvReader {
  const options = parserOptions(dialect)
  const isFeed = dialect.newline === '\n'
  const lineBreak = isFeed ? lineFeed : carriageReturn
  const problemIn = createProblemFinder(dialect, columns)
  let { row, line, offset } = start
  /** Lines of a record with an open quote, and those after it. */
  let kept: Buffer = Buffer.alloc(0)
  /** Bytes that are needed to read an open quote again. They double each time, so the work stays linear. */
  let wanted = 0
  /** The line of the open quote. */
  let openLine = line

  /** Adds the record from `from` to its line end before `next`. Without cells it is malformed. */
  function add(
    bytes: Buffer,
    from: number,
    next: number,
    cells: readonly string[] | undefined,
    rows: CsvRows,
  ): void {
    const end = isFeed && next - from > 1 && bytes[next - 2] === carriageReturn ? next - 2 : next - 1
    const record = bytes.subarray(from, end)
    const lines = count(lineBreak, bytes, from, next)
    const place = { row: row++, line, offset, length: record.length }
    const found = problemIn(record, cells, line)
    if (found !== undefined) rows.push({ kind: 'malformed', ...place, lines, problem: found })
    else if (cells !== undefined) rows.push({ kind: 'csv', ...place, cells })
    line += lines
    offset += next - from
  }

  /** Reads whole lines. Returns the number of bytes up to the record of an open quote. */
  function readLines(bytes: Buffer, rows: CsvRows): number {
    let at = 0
    while (at < bytes.length) {
      const from = at
      // The line at `at` as csv-parse counts it: it adds one at each carriage return and line feed of a cell.
      let counted = 1
      const passBlankLines = (): void => {
        for (let end = blankEnd(bytes, at); end > at; end = blankEnd(bytes, at)) {
          offset += end - at
          at = end
          line++
          counted++
        }
      }
      const onRecord = (cells: string[], info: Info): null => {
        passBlankLines()
        const next = from + info.bytes
        add(bytes, at, next, cells, rows)
        at = next
        counted = info.lines + 1
        return null
      }
      try {
        parse(bytes.subarray(from), { ...options, on_record: onRecord })
        passBlankLines()
      } catch (error) {
        // The error is never shown, because it contains the text of the cell.
        if (!(error instanceof CsvError)) throw error
        passBlankLines()
        if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
          openLine = line + count(lineBreak, bytes, at, from + Number(error['bytes']))
          return at
        }
        const next = endOfLine(bytes, at, Number(error['lines']) - counted)
        add(bytes, at, next, undefined, rows)
        at = next
      }
    }
    return at
  }

  function blankEnd(bytes: Buffer, at: number): number {
    if (bytes[at] === lineBreak) return at + 1
    return isFeed && bytes[at] === carriageReturn && bytes[at + 1] === lineFeed ? at + 2 : at
  }

  /** Returns the end of the line in which the record has its `breaks`th carriage return or line feed. */
  function endOfLine(bytes: Buffer, from: number, breaks: number): number {
    let at = from
    for (let left = breaks; left > 0 && at < bytes.length; at++)
      if (bytes[at] === lineFeed || bytes[at] === carriageReturn) left--
    const end = bytes.indexOf(lineBreak, at)
    return end < 0 ? bytes.length : end + 1
  }

  /** Reads the kept lines, which must close their quote. */
  function readRest(): CsvRows {
    const rows: CsvRows = []
    if (readLines(kept, rows) < kept.length) throw unclosedQuote(openLine)
    kept = Buffer.alloc(0)
    wanted = 0
    return rows
  }

  return {
    take(lines) {
      const rows: CsvRows = []
      kept = Buffer.concat([kept, lines])
      if (kept.length < wanted) return rows
      kept = kept.subarray(readLines(kept, rows))
      if (kept.length > longestRecord) throw unclosedQuote(openLine)
      wanted = Math.min(2 * kept.length, longestRecord + 1)
      return rows
    },
    pass({ length, size, hasQuote }) {
      const rows = readRest()
      if (hasQuote) throw tooLong(line)
      rows.push({ kind: 'malformed', row: row++, line: line++, offset, length, problem: rowTooLong })
      offset += size
      return rows
    },
    end: readRest,
  }
}

function count(byte: number, bytes: Buffer, from: number, to: number): number {
  let found = 0
  for (let at = bytes.indexOf(byte, from); at >= 0 && at < to; at = bytes.indexOf(byte, at + 1)) found++
  return found
}

export interface Dialect {
  readonly delimiter: string
  readonly newline: Newline
}

function csvProblem(code: ErrorCode, message: string): Problem {
  return { code, field: '', message }
}

const rowTooLong = csvProblem('E_TOO_LARGE', 'the row is longer than 4 MiB')
const misplacedQuote = csvProblem(
  'E_QUOTE',
  'a quote inside an unquoted cell, or text behind a closing quote',
)
const formulaQuotes = csvProblem('E_QUOTE', 'a cell like ="0123", whose quotes CSV would double')
const otherLineBreak = csvProblem('E_QUOTE', 'a line break of another kind inside an unquoted cell')
const stillRaw = csvProblem(
  'E_RAW_ROW',
  'is still the text that an errors file keeps of a row it could not cut',
)

/**
 * Finds the problem of a record that starts on `line`. `record` is without the line end. Without cells, its quotes are misplaced.
 * `columns` is the expected width, or 0 for any.
 */
function createProblemFinder({ newline, delimiter }: Dialect, columns: number) {
  const otherBreak = newline === '\n' ? carriageReturn : lineFeed
  return (record: Buffer, cells: readonly string[] | undefined, line: number): Problem | undefined => {
    if (record.length > longestRecord) {
      if (record.includes('"')) throw tooLong(line)
      return rowTooLong
    }
    if (cells === undefined) {
      const raw = record.toString().split(delimiter)
      return raw.some((cell) => /^="[^"]*"$/.test(cell)) ? formulaQuotes : misplacedQuote
    }
    if (record.includes(otherBreak) && hasBareBreak(record, otherBreak)) return otherLineBreak
    if (columns > 0 && cells.length !== columns)
      return csvProblem('E_COLUMNS', `has ${cells.length} cells, the header has ${columns}`)
    return cells[0]?.startsWith(rawRowMark) === true ? stillRaw : undefined
  }
}

/** True if there is a line break outside of quotes. */
function hasBareBreak(record: Buffer, lineBreak: number): boolean {
  const unquoted = record.toString('latin1').replaceAll(/"[^"]*"/g, '')
  return unquoted.includes(String.fromCharCode(lineBreak))
}

function unclosedQuote(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_UNCLOSED_QUOTE',
    `the quote that is opened on line ${line} is never closed`,
    'Close the quote, or double it if it belongs to the text, and run again. Nothing behind that line was used.',
  )
}

/** For a header, and a record with quotes, which may hide its end. */
export function tooLong(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_RECORD_TOO_LARGE',
    `the record on line ${line} is longer than 4 MiB`,
    'Check that the file is CSV and that its lines end in a line break.',
  )
}
