/**
 * CSV rows from blocks of bytes. csv-parse reads the records. Here is what it lacks: the place of each record, the rows after a
 * malformed record, and limits.
 */
import { CsvError, parse } from 'csv-parse/sync'
import type { Info } from 'csv-parse/sync'
import type { CsvRow, MalformedRow } from '../domain/row.ts'
import { longestRecord, problemsOf, rowTooLong, tooLong, unclosedQuote } from './csv-problems.ts'
import type { Dialect } from './csv-problems.ts'

export interface CsvStart {
  /** Number of the first record that comes. */
  readonly row: number
  readonly line: number
  readonly offset: number
}

type Rows = (CsvRow | MalformedRow)[]

/** With its line end. */
const longestLine = longestRecord + 2
const [lineFeed, carriageReturn] = [0x0a, 0x0d]

/**
 * Reads records from blocks of UTF-8 that may be cut anywhere. `columns` is the header's width: a record of another width is
 * malformed (`E_COLUMNS`), since a missing cell must never pass for a blank one. 0 accepts any width.
 *
 * @throws BulkUpdateError INPUT: E_UNCLOSED_QUOTE, because it may have swallowed any number of lines, and E_RECORD_TOO_LARGE
 */
export async function* parseCsv(
  blocks: AsyncIterable<Buffer>,
  dialect: Dialect,
  columns: number,
  start: CsvStart,
): AsyncGenerator<Rows> {
  const reader = createReader(dialect, columns, start)
  for await (const block of blocks) {
    const rows = reader.take(block)
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
  /** Rows of the records that end in what was given up to now. */
  take(block: Buffer): Rows
  /** Rows of what is left. */
  end(): Rows
}

function createReader(dialect: Dialect, columns: number, start: CsvStart): Reader {
  const options = optionsOf(dialect)
  const isFeed = dialect.newline === '\n'
  const lineBreak = isFeed ? lineFeed : carriageReturn
  const problemIn = problemsOf(dialect, columns)
  let { row, line, offset } = start
  /** The beginning of records that are not complete. */
  let kept: Buffer = Buffer.alloc(0)
  /** An open quote is read again when there are so many bytes, twice as many as before: the whole work is linear. */
  let wanted = 0
  /** The line of the open quote. */
  let openLine = line
  /** Bytes of a line that is too long to be kept, while its end has not come. */
  let passed = 0
  let endsInReturn = false

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

  /** Passes over more of a line that is too long, and returns what follows it. */
  function pass(block: Buffer, rows: Rows): Buffer {
    const found = block.indexOf(lineBreak)
    const end = found < 0 ? block.length : found
    if (block.subarray(0, end).includes('"')) throw tooLong(line)
    passed += end
    if (end > 0) endsInReturn = block[end - 1] === carriageReturn
    if (found >= 0) endPassed(rows)
    return block.subarray(end + 1)
  }

  function endPassed(rows: Rows): void {
    const length = isFeed && endsInReturn ? passed - 1 : passed
    rows.push({ kind: 'malformed', row: row++, line: line++, offset, length, problem: rowTooLong })
    offset += passed + 1
    passed = 0
  }

  /** Keeps what could not be read: a line without its end, or all from an open quote on. */
  function keep(left: Buffer, isOpen: boolean): void {
    kept = left
    wanted = isOpen ? Math.min(2 * left.length, longestLine + 1) : 0
    if (left.length <= longestLine) return
    if (isOpen) throw unclosedQuote(openLine)
    kept = Buffer.alloc(0)
    pass(left, [])
  }

  return {
    take(block) {
      const rows: Rows = []
      const bytes = Buffer.concat([kept, passed > 0 ? pass(block, rows) : block])
      if (bytes.length < wanted) kept = bytes
      else {
        const end = bytes.lastIndexOf(lineBreak) + 1
        const read = readLines(bytes.subarray(0, end), rows)
        keep(bytes.subarray(read), read < end)
      }
      return rows
    },
    end() {
      const rows: Rows = []
      if (passed > 0) endPassed(rows)
      const bytes = kept.length > 0 ? Buffer.concat([kept, Buffer.of(lineBreak)]) : kept
      if (readLines(bytes, rows) < bytes.length) throw unclosedQuote(openLine)
      return rows
    },
  }
}

function count(byte: number, bytes: Buffer, from: number, to: number): number {
  let found = 0
  for (let at = bytes.indexOf(byte, from); at >= 0 && at < to; at = bytes.indexOf(byte, at + 1)) found++
  return found
}
