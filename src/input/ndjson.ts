/**
 * Bytes to NDJSON rows: cuts at line ends, keeps count of lines and bytes, and hands each line on to be read
 * strictly. Memory is bounded by one chunk and one line of the largest size that is accepted.
 */
import type { MalformedRow, NdjsonRow } from '../domain/row.ts'
import { readJsonLine } from './strict-json.ts'

/** Longest accepted line in bytes, without its line end. */
export const maxLineBytes = 4 * 1024 * 1024

const lineFeed = 0x0a
const carriageReturn = 0x0d
const blank = /^[ \t\r]*$/

/** Where a record stands: its number and line from 1, its first byte from 0. */
export interface StartingPoint {
  readonly row: number
  readonly line: number
  readonly offset: number
}

/**
 * Rows in the order of the file, one batch per chunk (none where a chunk completes no row). The bytes are valid UTF-8
 * without a byte order mark; chunks may end anywhere, also inside a character. Blank lines are no rows but count as
 * lines. The last line needs no line end. A line over 4 MiB is passed over and becomes a malformed row (E_TOO_LARGE).
 *
 * @param start of the first record in `chunks`
 * @param newline ends lines; a line feed does so with a carriage return before it too
 */
export async function* parseNdjson(
  chunks: AsyncIterable<Buffer>,
  start: StartingPoint,
  newline: '\n' | '\r' = '\n',
): AsyncGenerator<readonly (NdjsonRow | MalformedRow)[]> {
  let { row, line, offset } = start
  const unfinished = new UnfinishedLine()
  const breakByte = newline === '\n' ? lineFeed : carriageReturn

  /** Takes a line's bytes up to its line feed, and moves on behind it. */
  function take(bytes: Buffer | undefined, size: number, rows: (NdjsonRow | MalformedRow)[]): void {
    const last = bytes === undefined ? unfinished.lastByte : bytes[size - 1]
    const length = last === carriageReturn ? size - 1 : size
    const place = { row, line, offset, length }
    line += 1
    offset += size + 1
    if (bytes === undefined || length > maxLineBytes) {
      rows.push({ kind: 'malformed', ...place, problem: tooLarge })
    } else {
      const text = bytes.toString('utf8', 0, length)
      if (blank.test(text)) return
      const read = readJsonLine(text)
      rows.push(
        'record' in read
          ? { kind: 'ndjson', ...place, record: read.record }
          : { kind: 'malformed', ...place, problem: read.problem },
      )
    }
    row += 1
  }

  for await (const chunk of chunks) {
    const rows: (NdjsonRow | MalformedRow)[] = []
    let from = 0
    for (let end = chunk.indexOf(breakByte); end !== -1; end = chunk.indexOf(breakByte, from)) {
      let bytes: Buffer | undefined = chunk.subarray(from, end)
      let { length: size } = bytes
      if (unfinished.size > 0) {
        unfinished.add(bytes)
        size = unfinished.size
        bytes = unfinished.bytes()
      }
      take(bytes, size, rows)
      unfinished.clear()
      from = end + 1
    }
    // The next chunk may come in the same buffer.
    if (from < chunk.length) unfinished.add(Buffer.from(chunk.subarray(from)))
    if (rows.length > 0) yield rows
  }
  if (unfinished.size === 0) return
  const rows: (NdjsonRow | MalformedRow)[] = []
  take(unfinished.bytes(), unfinished.size, rows)
  if (rows.length > 0) yield rows
}

const tooLarge = { code: 'E_TOO_LARGE', field: '', message: 'the line is longer than 4 MiB' } as const

/** The beginning of a line whose end has not come yet. Once it is too long, only its size is kept. */
class UnfinishedLine {
  #pieces: Buffer[] = []
  #size = 0
  #lastByte: number | undefined

  get size(): number {
    return this.#size
  }

  get lastByte(): number | undefined {
    return this.#lastByte
  }

  add(piece: Buffer): void {
    this.#size += piece.length
    this.#lastByte = piece.at(-1) ?? this.#lastByte
    // One byte more than a line may have: it can be the carriage return of the line end.
    if (this.#size > maxLineBytes + 1) this.#pieces = []
    else this.#pieces.push(piece)
  }

  /** The whole line, or nothing where it was too long to be kept. */
  bytes(): Buffer | undefined {
    return this.#size > maxLineBytes + 1 ? undefined : Buffer.concat(this.#pieces, this.#size)
  }

  clear(): void {
    this.#pieces = []
    this.#size = 0
    this.#lastByte = undefined
  }
}
