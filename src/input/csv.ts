/**
 * CSV rows from blocks of bytes. csv-parse reads the records. Here is what it lacks: the place of each record, the rows after a
 * malformed record, and limits.
 */
import { CsvError, parse } from 'csv-parse/sync'
import type { Info } from 'csv-parse/sync'
import type { CsvRow, MalformedRow } from '../model/row.ts'
import { problemsOf, rowTooLong, tooLong, unclosedQuote } from './csv-problems.ts'
import type { Dialect } from './csv-problems.ts'
import { carriageReturn, lineFeed, longestRecord, wholeLines } from './lines.ts'
import type { LongLine, RecordStart } from './lines.ts'

type Rows = (CsvRow | MalformedRow)[]

/**
 * Reads records from blocks of UTF-8 that may be cut anywhere. `columns` is the header's width: a record of another width is
 * malformed (`E_COLUMNS`), since a missing cell must never pass for a blank one. 0 accepts any width.
 *
 * @throws BulkUpdateError INPUT: E_UNCLOSED_QUOTE, because it may have swallowed any number of lines, and E_RECORD_TOO_LARGE
 */
export async function* parseCsv(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  dialect: Dialect,
  columns: number,
  start: RecordStart,
): AsyncGenerator<Rows> {
  const reader = createReader(dialect, columns, start)
  for await (const lines of wholeLines(blocks, dialect.newline)) {
    const rows = Buffer.isBuffer(lines) ? reader.take(lines) : reader.pass(lines)
    if (rows.length > 0) yield rows
  }
  const rows = reader.end()
  if (rows.length > 0) yield rows
}

/** The cells of one record; undefined if it is malformed. */
export function cellsOf(record: string, dialect: Dialect): readonly string[] | undefined {
  try {
    return parse(record, optionsOf(dialect))[0]
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}

function optionsOf({ delimiter, newline }: Dialect) {
  const lineEnds = newline === '\n' ? ['\r\n', '\n'] : ['\r']
  return { delimiter, record_delimiter: lineEnds, relax_column_count: true, skip_empty_lines: true } as const
}

interface Reader {
  /** Rows of the records that end in these lines. */
  take(lines: Buffer): Rows
  /** The row of a line that is too long. */
  pass(line: LongLine): Rows
  /** Rows of what is left. */
  end(): Rows
}

function createReader(dialect: Dialect, columns: number, start: RecordStart): Reader {
  const options = optionsOf(dialect)
  const isFeed = dialect.newline === '\n'
  const lineBreak = isFeed ? lineFeed : carriageReturn
  const problemIn = problemsOf(dialect, columns)
  let { row, line, offset } = start
  /** Lines of a record with an open quote, and those after it. */
  let kept: Buffer = Buffer.alloc(0)
  /** An open quote is read again when there are so many bytes, twice as many as before: the whole work is linear. */
  let wanted = 0
  /** The line of the open quote. */
  let openLine = line

  /** Adds the record from `from` to its line end before `next`; without cells it is malformed. */
  function add(
    bytes: Buffer,
    from: number,
    next: number,
    cells: readonly string[] | undefined,
    rows: Rows,
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

  /** Reads whole lines. Returns the bytes that it has read, which end before the record of an open quote. */
  function readLines(bytes: Buffer, rows: Rows): number {
    let at = 0
    while (at < bytes.length) {
      const from = at
      // Its number of the line at `at`: csv-parse counts one at each carriage return and each line feed of a cell.
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
        // Never shown: its message and its field hold the text of the cell.
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

  /** The end of the line at which a record has had so many carriage returns and line feeds. */
  function endOfLine(bytes: Buffer, from: number, breaks: number): number {
    let at = from
    for (let left = breaks; left > 0 && at < bytes.length; at++)
      if (bytes[at] === lineFeed || bytes[at] === carriageReturn) left--
    const end = bytes.indexOf(lineBreak, at)
    return end < 0 ? bytes.length : end + 1
  }

  /** Reads what has been kept, which must close its quote. */
  function readRest(): Rows {
    const rows: Rows = []
    if (readLines(kept, rows) < kept.length) throw unclosedQuote(openLine)
    kept = Buffer.alloc(0)
    wanted = 0
    return rows
  }

  return {
    take(lines) {
      const rows: Rows = []
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
