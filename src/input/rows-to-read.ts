/**
 * The rows of a CSV file without those that somebody takes as bytes. A batch gives its rows one by one, and what stands between
 * two of them is taken in between, so that everybody sees the rows in the file's order.
 */
import type { RawRecord } from '../domain/raw-record.ts'
import { rawRowMark } from '../domain/raw-row.ts'
import type { CsvRow, MalformedRow } from '../domain/row.ts'
import { blockSize } from './bytes.ts'
import { createCutter } from './csv.ts'
import type { CsvHead } from './header.ts'
import { createRecordReader } from './record-reader.ts'
import { wholeCharacters } from './utf8.ts'
import type { Bytes } from './utf8.ts'

interface Batch extends Iterable<CsvRow | MalformedRow> {
  /** With the rows that were taken. Known once all have been gone through. */
  readonly length: number
}

/** Longer ones are nothing that has to be fast. */
const longestTail = 1024 * 1024
const lineFeed = 0x0a
const carriageReturn = 0x0d
const markStart = rawRowMark.charCodeAt(0)

/** Whether the records of a file can be read as bytes at all. */
export function canTakeBytes({ dialect, header }: CsvHead): boolean {
  // A line without a character is no record, and in a file of one column it could be taken for one.
  return dialect.newline === '\n' && /^[\0-\x7f]$/.test(dialect.delimiter) && header.length > 1
}

/** `takes` is asked about every record that has a cell for each column; true where its row need not be read. */
export async function* rowsToRead(
  file: Bytes,
  { dialect, header, start }: CsvHead,
  takes: (record: RawRecord) => boolean,
): AsyncGenerator<Batch> {
  const cutter = createCutter(dialect, header.length, start)
  const reader = createRecordReader(dialect.delimiter, header.length)
  const { record } = reader

  let room = Buffer.allocUnsafeSlow(2 * blockSize)
  let bytes = room.subarray(0, 0)
  let at = 0
  let limit = 0

  /** The next row that has to be read, from `at` on; nothing where `limit` comes first. */
  function next(): CsvRow | MalformedRow | undefined {
    while (at < limit) {
      const from = at
      const found = reader.read(bytes, from, limit)
      if (found === 'open') return undefined
      at = found === 'whole' ? reader.end : bytes.indexOf(lineFeed, reader.end) + 1
      record.row = cutter.row
      record.line = cutter.line
      record.offset = cutter.offset
      record.length = at - from - (bytes[at - 2] === carriageReturn ? 2 : 1)
      if (
        found === 'whole' &&
        reader.cells === header.length &&
        bytes[record.starts[0] ?? 0] !== markStart &&
        takes(record)
      ) {
        cutter.skip(at - from, reader.lineBreaks + 1)
        continue
      }
      const [row] = cutter.take(bytes.toString('utf8', from, at), true)
      // An empty line is no record.
      if (row !== undefined) return row
    }
    return undefined
  }

  function* rows(): Generator<CsvRow | MalformedRow> {
    for (let row = next(); row !== undefined; row = next()) yield row
  }

  function batch(): Batch {
    const first = cutter.row
    return {
      [Symbol.iterator]: rows,
      get length() {
        return cutter.row - first
      },
    }
  }

  let isTakingBytes = true
  for await (const block of wholeCharacters(file, start.offset)) {
    if (!isTakingBytes) {
      yield cutter.take(block.toString('utf8'), false)
      continue
    }
    // What is left of the last block moves to the beginning, and the next one comes behind it.
    const left = bytes.copy(room, 0, at)
    if (left + block.length > room.length) room = Buffer.concat([room], left + block.length + blockSize)
    block.copy(room, left)
    bytes = room.subarray(0, left + block.length)
    at = 0
    limit = bytes.lastIndexOf(lineFeed) + 1
    yield batch()
    if (bytes.length - at <= longestTail) continue
    isTakingBytes = false
    yield cutter.take(bytes.toString('utf8', at), false)
  }
  yield cutter.take(isTakingBytes ? bytes.toString('utf8', at) : '', true)
}
