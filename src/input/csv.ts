/**
 * CSV records from blocks of bytes. csv-parse reads them. This file adds the place of each record, the records after a malformed
 * one, and limits. Which records are rows, `row-shape.ts` decides.
 */
import { CsvError, parse, type Info } from 'csv-parse/sync'
import type { CsvRow, MalformedRow } from '../model/row.ts'
import {
  longestRecord,
  wholeLines,
  carriageReturn,
  lineFeed,
  recordProblem,
  type LongLine,
  type RecordStart,
  type Newline,
} from './lines.ts'
import type { BulkUpdateError, Problem } from '../model/errors.ts'
import { refusal } from './refusals.ts'

type CsvRows = (CsvRow | MalformedRow)[]

/**
 * Reads records of any width from blocks of UTF-8 that may be cut anywhere. `onMark` gets the line of each byte order mark that is
 * left out at the start of a record.
 *
 * @throws BulkUpdateError INPUT: E_UNCLOSED_QUOTE, because the cell may contain any number of lines, and E_RECORD_TOO_LARGE
 */
export async function* parseCsv(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  dialect: Dialect,
  start: RecordStart,
  onMark: (line: number) => void = () => {},
): AsyncGenerator<CsvRows> {
  const reader = createReader(dialect, start, onMark)
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

function parserOptions({ delimiter, newline, escape = '"', hasDoubledReturns = false }: Dialect) {
  const lineEnds = newline === '\n' ? ['\r\n', '\n'] : ['\r']
  return {
    delimiter,
    escape,
    record_delimiter: hasDoubledReturns ? ['\r\r\n', ...lineEnds] : lineEnds,
    relax_column_count: true,
  } as const
}

function createReader(dialect: Dialect, start: RecordStart, onMark: (line: number) => void) {
  const options = parserOptions(dialect)
  const lineBreak = dialect.newline === '\n' ? lineFeed : carriageReturn
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
    const record = bytes.subarray(from, endOfRecord(bytes, from, next, dialect))
    const lines = count(lineBreak, bytes, from, next)
    const place = { row: row++, line, offset, length: record.length, lines }
    const found = findProblem(record, cells, line, dialect)
    if (found !== undefined) rows.push({ kind: 'malformed', ...place, problem: found })
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
      const passMarks = (): boolean => {
        const before = at
        while (bytes[at] === mark[0] && bytes.subarray(at, at + mark.length).equals(mark)) {
          at += mark.length
          offset += mark.length
          onMark(line)
        }
        return at > before
      }
      const onRecord = (cells: string[], info: Info): null => {
        const next = from + info.bytes
        const isBlank = cells.length === 1 && cells[0] === '' && endOfRecord(bytes, at, next, dialect) === at
        if (isBlank) {
          offset += next - at
          line++
        } else {
          if (passMarks()) cells[0] = cells[0]?.replace(/^\ufeff+/, '') ?? ''
          add(bytes, at, next, cells, rows)
        }
        at = next
        counted = info.lines + 1
        return null
      }
      try {
        parse(bytes.subarray(from), { ...options, on_record: onRecord })
      } catch (error) {
        // The error is never shown, because it contains the text of the cell.
        if (!(error instanceof CsvError)) throw error
        if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
          openLine = line + count(lineBreak, bytes, at, from + Number(error['bytes']))
          return at
        }
        // A quote after the mark opens a cell.
        if (passMarks()) continue
        const next = endOfLine(bytes, at, Number(error['lines']) - counted, lineBreak)
        add(bytes, at, next, undefined, rows)
        at = next
      }
    }
    return at
  }

  /** Reads the kept lines, which must close their quote. */
  function readRest(): CsvRows {
    const rows: CsvRows = []
    if (readLines(kept, rows) < kept.length) throw unclosedQuote(openLine, kept)
    kept = Buffer.alloc(0)
    wanted = 0
    return rows
  }

  return {
    /** Returns the rows of the records that end in these lines. */
    take(lines: Buffer): CsvRows {
      const rows: CsvRows = []
      kept = Buffer.concat([kept, lines])
      if (kept.length < wanted) return rows
      kept = kept.subarray(readLines(kept, rows))
      if (kept.length > longestRecord) throw unclosedQuote(openLine, kept)
      wanted = Math.min(2 * kept.length, longestRecord + 1)
      return rows
    },
    /** Returns the row of a line that is too long. */
    pass({ length, size, hasQuote }: LongLine): CsvRows {
      const rows = readRest()
      if (hasQuote) throw tooLong(line)
      rows.push({ kind: 'malformed', row: row++, line: line++, offset, length, problem: rowTooLong })
      offset += size
      return rows
    },
    /** Returns the last rows. */
    end: readRest,
  }
}

/** Carriage returns before the line feed of a line end. */
function returnsOf({ newline, hasDoubledReturns }: Dialect): number {
  if (newline === '\r') return 0
  return hasDoubledReturns === true ? 2 : 1
}

/** Returns where the record ends whose line ends before `next`. */
function endOfRecord(bytes: Buffer, from: number, next: number, dialect: Dialect): number {
  let end = next - 1
  for (let left = returnsOf(dialect); left > 0 && end > from && bytes[end - 1] === carriageReturn; left--)
    end--
  return end
}

/** Returns the end of the line in which the record has its `breaks`th carriage return or line feed. */
function endOfLine(bytes: Buffer, from: number, breaks: number, lineBreak: number): number {
  let at = from
  for (let left = breaks; left > 0 && at < bytes.length; at++)
    if (bytes[at] === lineFeed || bytes[at] === carriageReturn) left--
  const end = bytes.indexOf(lineBreak, at)
  return end < 0 ? bytes.length : end + 1
}

function count(byte: number, bytes: Buffer, from: number, to: number): number {
  let found = 0
  for (let at = bytes.indexOf(byte, from); at >= 0 && at < to; at = bytes.indexOf(byte, at + 1)) found++
  return found
}

export interface Dialect {
  readonly delimiter: string
  readonly newline: Newline
  /** The character before a quote inside of quotes. Default: another quote. */
  readonly escape?: '\\' | '"'
  /** The lines end with `\r\r\n`, which is what CRLF becomes if it is converted twice. */
  readonly hasDoubledReturns?: boolean
}

/** A byte order mark, as where a second file was appended. */
const mark = Buffer.from('\ufeff')

const rowTooLong = recordProblem('E_TOO_LARGE', 'the row is longer than 4 MiB')
const misplacedQuote = recordProblem(
  'E_QUOTE',
  'a quote inside an unquoted cell, or text behind a closing quote',
)
const formulaQuotes = recordProblem('E_QUOTE', 'a cell like ="0123", whose quotes CSV would double')
const escapedQuote = recordProblem('E_QUOTE', 'a backslash before a quote, and no --escape')
const otherEscape = recordProblem('E_QUOTE', 'a backslash that escapes no quote and no backslash')
const otherLineBreak = recordProblem('E_QUOTE', 'a line break of another kind inside an unquoted cell')

/** True if the quotes of a record contradict each other: the lines after it may be inside of its cell. */
export function hasBrokenQuote({ problem }: Pick<MalformedRow, 'problem'>): boolean {
  return problem === misplacedQuote || problem === escapedQuote
}

/** Finds the problem of a record that starts on `line`. `record` is without the line end. Without cells, its quotes are misplaced. */
function findProblem(
  record: Buffer,
  cells: readonly string[] | undefined,
  line: number,
  { newline, delimiter, escape }: Dialect,
): Problem | undefined {
  if (record.length > longestRecord) {
    if (record.includes('"')) throw tooLong(line)
    return rowTooLong
  }
  if (cells === undefined) {
    const others = record
      .toString()
      .split(delimiter)
      .filter((cell) => !/^="[^"]*"$/.test(cell))
    if (!others.some((cell) => cell.includes('"'))) return formulaQuotes
    return escape !== '\\' && record.includes('\\"') ? escapedQuote : misplacedQuote
  }
  if (hasBareBreak(record, newline === '\n' ? carriageReturn : lineFeed)) return otherLineBreak
  const isEscaped = escape === '\\' && record.includes('\\')
  return isEscaped && hasOtherEscape(record.toString(), delimiter) ? otherEscape : undefined
}

/** csv-parse would leave the backslash of `\t` out. Outside of quotes, `\N` is a text like any other. */
function hasOtherEscape(record: string, delimiter: string): boolean {
  const unquoted = record.replaceAll(/"(?:[^"\\]|\\["\\\r\n])*"/g, '')
  return unquoted.split(delimiter).some((cell) => cell.includes('\\') && cell.trim() !== '\\N')
}

/** True if there is a line break outside of quotes. */
function hasBareBreak(record: Buffer, lineBreak: number): boolean {
  if (!record.includes(lineBreak)) return false
  const unquoted = record.toString('latin1').replaceAll(/"[^"]*"/g, '')
  return unquoted.includes(String.fromCharCode(lineBreak))
}

/** `bytes` are those from its record on. */
function unclosedQuote(line: number, bytes: Buffer): BulkUpdateError {
  const backslashes = bytes.includes('\\"') ? ' If backslashes escape the quotes: --escape "\\".' : ''
  return refusal('E_UNCLOSED_QUOTE', 'unclosedQuote', { line, backslashes })
}

/** For a header, and a record with quotes, which may hide its end. */
export function tooLong(line: number): BulkUpdateError {
  return refusal('E_RECORD_TOO_LARGE', 'recordTooLong', { line })
}
