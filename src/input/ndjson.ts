/** NDJSON rows from blocks of bytes: each line is read strictly, with its place. */
import { isJsonObject, readStrictJson } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import type { Problem } from '../model/errors.ts'
import type { MalformedRow, NdjsonRow } from '../model/row.ts'
import { carriageReturn, longestRecord, wholeLines } from './lines.ts'
import type { Newline, RecordStart } from './lines.ts'

type Rows = (NdjsonRow | MalformedRow)[]

const blank = /^[ \t\r]*$/
const tooLarge = { code: 'E_TOO_LARGE', field: '', message: 'the line is longer than 4 MiB' } as const

/**
 * Rows in the order of the file, one batch per block (none where a block completes no row). The bytes are valid UTF-8
 * without a byte order mark; blocks may end anywhere, also inside a character. Blank lines are no rows but count as
 * lines. A line over 4 MiB becomes a malformed row (E_TOO_LARGE).
 *
 * @param start of the first record in `blocks`
 */
export async function* parseNdjson(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  start: RecordStart,
  newline: Newline = '\n',
): AsyncGenerator<Rows> {
  let { row, line, offset } = start

  function take(bytes: Buffer, rows: Rows): void {
    const length = bytes.at(-1) === carriageReturn ? bytes.length - 1 : bytes.length
    const place = { row, line, offset, length }
    line++
    offset += bytes.length + 1
    if (length > longestRecord) rows.push({ kind: 'malformed', ...place, problem: tooLarge })
    else {
      const text = bytes.toString('utf8', 0, length)
      if (blank.test(text)) return
      const read = readJsonLine(text)
      rows.push(
        'record' in read
          ? { kind: 'ndjson', ...place, record: read.record }
          : { kind: 'malformed', ...place, problem: read.problem },
      )
    }
    row++
  }

  for await (const lines of wholeLines(blocks, newline)) {
    const rows: Rows = []
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

/** The object that the line holds, read strictly. Keys that look like integers may change their order. */
export function readJsonLine(text: string): { readonly record: JsonObject } | { readonly problem: Problem } {
  const { value, problem } = readStrictJson(text)
  if (value !== undefined && !isJsonObject(value)) return { problem: notAnObject }
  return problem === undefined ? { record: value } : { problem }
}

const notAnObject = { code: 'E_NOT_OBJECT', field: '', message: 'not a JSON object' } as const
