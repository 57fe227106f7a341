/** Rows of an opened input, from the first record or a later one. Reads NDJSON itself, and CSV through `csv.ts`. */
import type { MalformedRow, Place, Row, NdjsonRow } from '../model/row.ts'
import type { Source } from '../model/ports.ts'
import type { OnSetAside } from '../model/scan.ts'
import type { InputFile } from './bytes.ts'
import { parseCsv } from './csv.ts'
import { withoutSeparators } from './format.ts'
import { refuseBrokenCells, shapeRows } from './row-shape.ts'
import { wholeCharacters } from './decode.ts'
import type { Head, NdjsonHead } from './header.ts'
import { isJsonObject, readStrictJson, type JsonObject } from '../model/json.ts'
import type { Problem } from '../model/errors.ts'
import {
  longestRecord,
  wholeLines,
  carriageReturn,
  recordProblem,
  type Newline,
  type RecordStart,
} from './lines.ts'

/**
 * `start` is the place of the first record to read, by default the first of the input. A start between two records with broken
 * quotes does not know of the first.
 */
export function rowsOf(
  file: InputFile,
  head: Head,
  start: RecordStart = head.start,
  onSetAside?: OnSetAside,
): Source {
  const endsLine = async (offset: number): Promise<boolean> => (await file.read(offset, 1)).length > 0
  return parseRows(wholeCharacters(file, start), head, start, onSetAside, endsLine)
}

function parseRows(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  head: Head,
  start: RecordStart,
  onSetAside: OnSetAside = () => {},
  endsLine: (offset: number) => Promise<boolean> = () => Promise.resolve(true),
): Source {
  if (head.format === 'ndjson') return parseNdjson(blocks, start, newlineOf(head), onSetAside)
  const records = parseCsv(blocks, head.dialect, start, (line) => onSetAside('byte_order_marks', line))
  return shapeRows(refuseBrokenCells(records), head, start.row, onSetAside, endsLine)
}

/** Ends after row `limit`. */
export async function* firstRows(
  source: Source,
  limit: number,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  for await (const rows of source) {
    const kept = rows.filter(({ row }) => row <= limit)
    if (kept.length > 0) yield kept
    if (kept.length < rows.length) return
  }
}

/** Reads a valid row again, by its place. The caller must check afterwards that the file has not changed. */
export async function rowAt(file: InputFile, head: Head, place: Place): Promise<Row> {
  const bytes = await file.read(place.offset, place.length)
  for await (const [row] of parseRows([bytes], head, place))
    if (row !== undefined && row.kind !== 'malformed') return row
  await file.checkUnchanged()
  throw new Error('a row that was good is not found again')
}

function newlineOf({ lineEnd }: NdjsonHead): Newline {
  return lineEnd === '\r' ? '\r' : '\n'
}

type NdjsonRows = (NdjsonRow | MalformedRow)[]

const blank = /^[ \t\r]*$/
/** Before a record: a byte order mark, as where files are joined, or the record separator of RFC 7464. */
const marks = [
  { kind: 'byte_order_marks', text: Buffer.from('\ufeff') },
  { kind: 'record_separators', text: Buffer.from('\u001e') },
] as const

function markAt(bytes: Buffer, at: number): (typeof marks)[number] | undefined {
  return marks.find(({ text }) => bytes[at] === text[0] && bytes.subarray(at, at + text.length).equals(text))
}

const joinedObjects = /\}\s*\{\s*"/
const joinedLine = recordProblem(
  'E_JSON',
  'several objects on one line, as where files are joined without a line end',
)
const tooLarge = recordProblem('E_TOO_LARGE', 'the line is longer than 4 MiB')

/**
 * Reads rows from blocks of valid UTF-8 without a byte order mark, which may be cut anywhere. Blank lines count as lines, but are
 * no rows. A line over 4 MiB becomes a malformed row (E_TOO_LARGE).
 *
 * @param start of the first record in `blocks`
 */
export async function* parseNdjson(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  start: RecordStart,
  newline: Newline = '\n',
  onSetAside: OnSetAside = () => {},
): AsyncGenerator<NdjsonRows> {
  let { row, line, offset } = start

  function take(bytes: Buffer, rows: NdjsonRows): void {
    const whole = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
    let skipped = 0
    for (let mark = markAt(bytes, 0); mark !== undefined; mark = markAt(bytes, skipped)) {
      skipped += mark.text.length
      onSetAside(mark.kind, line)
    }
    const place = { row, line, offset: offset + skipped, length: whole - skipped }
    line++
    offset += bytes.length + 1
    const text = place.length > longestRecord ? undefined : bytes.toString('utf8', skipped, whole)
    if (text !== undefined && blank.test(text)) return
    row++
    const read = text === undefined ? { problem: tooLarge } : readJsonLine(text)
    if ('record' in read) rows.push({ kind: 'ndjson', ...place, record: read.record })
    else {
      const isJoined = joinedObjects.test(withoutSeparators(text ?? ''))
      rows.push({ kind: 'malformed', ...place, problem: isJoined ? joinedLine : read.problem })
    }
  }

  for await (const lines of wholeLines(blocks, newline)) {
    const rows: NdjsonRows = []
    if (Buffer.isBuffer(lines))
      for (let from = 0; from < lines.length;) {
        const end = lines.indexOf(newline, from)
        take(lines.subarray(from, end), rows)
        from = end + 1
      }
    else {
      const { length, size } = lines
      rows.push({ kind: 'malformed', row: row++, line: line++, offset, length, problem: tooLarge })
      offset += size
    }
    if (rows.length > 0) yield rows
  }
}

/** Reads the object of a line strictly. Keys that look like integers may change their order. */
export function readJsonLine(text: string): { readonly record: JsonObject } | { readonly problem: Problem } {
  const { value, problem } = readStrictJson(text)
  if (value !== undefined && !isJsonObject(value)) return { problem: notAnObject }
  return problem === undefined ? { record: value } : { problem }
}

const notAnObject = recordProblem('E_NOT_OBJECT', 'not a JSON object')
