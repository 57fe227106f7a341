/**
 * Finds the cells of a CSV record among its bytes, in one pass that also says what each is made of: 0.2 µs for a row of 180
 * bytes, where the texts of its cells alone cost two. What is not plain RFC 4180 is left to `csv.ts`.
 */
import { made } from '../domain/raw-record.ts'
import type { RawRecord } from '../domain/raw-record.ts'
import { carriageReturn, kindOf, kindsOf, lineFeed, quote, special, wideKind } from './byte-kinds.ts'

/** How a record ended: with its line; not within the bytes; or with a quote where none may be. */
export type RecordEnd = 'whole' | 'open' | 'broken'

export interface RecordReader {
  readonly record: RawRecord
  /** Cells of the last record; -1 where a carriage return stands outside of quotes and line ends. */
  readonly cells: number
  /** Line breaks inside of it. */
  readonly lineBreaks: number
  /** Behind the line end of a whole one; where the trouble of a broken one is. */
  readonly end: number
  /** Reads the record that starts at `at`. Behind `limit` - 1, where a line feed must be, no byte is looked at. */
  read(bytes: Buffer, at: number, limit: number): RecordEnd
}

/** `delimiter` is one byte. */
export function createRecordReader(delimiter: string, columns: number): RecordReader {
  const comma = delimiter.charCodeAt(0)
  const kinds = kindsOf(comma)
  const commaKind = kindOf(comma)
  const starts = new Int32Array(columns)
  const ends = new Int32Array(columns)
  const cellKinds = new Int32Array(columns)
  const record: RawRecord = {
    bytes: Buffer.alloc(0),
    starts,
    ends,
    kinds: cellKinds,
    row: 0,
    line: 0,
    offset: 0,
    length: 0,
  }
  let [cells, lineBreaks, end] = [0, 0, 0]

  function read(bytes: Buffer, from: number, limit: number): RecordEnd {
    let at = from
    let isStrange = false
    cells = 0
    lineBreaks = 0
    for (;;) {
      let kind = 0
      let start = at
      let cellEnd: number
      if (bytes[at] === quote) {
        start = ++at
        for (;;) {
          let next = special
          while (at < limit && (next = kinds[bytes[at] ?? 0] ?? 0) < special) {
            kind |= next
            at++
          }
          if (at >= limit) return 'open'
          const byte = bytes[at] ?? 0
          if (byte === quote) {
            if (bytes[at + 1] !== quote) break
            kind |= made.quote
            at += 2
            continue
          }
          if (byte === lineFeed) lineBreaks++
          kind |= byte === comma ? commaKind : byte < 0x80 ? made.control : wideKind(bytes, at)
          at++
        }
        cellEnd = at++
        if (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) at++
      } else {
        for (;;) {
          let next = 0
          while ((next = kinds[bytes[at] ?? 0] ?? 0) < special) {
            kind |= next
            at++
          }
          const byte = bytes[at] ?? 0
          cellEnd = at
          if (byte === comma || byte === lineFeed) break
          if (byte === quote) {
            end = at
            return 'broken'
          }
          if (byte !== carriageReturn) kind |= wideKind(bytes, at)
          else if (bytes[at + 1] === lineFeed) {
            at++
            break
          } else isStrange = true
          at++
        }
      }
      if (cells < columns) {
        starts[cells] = start
        ends[cells] = cellEnd
        cellKinds[cells] = kind
      }
      cells++
      const byte = bytes[at] ?? 0
      if (byte === lineFeed) {
        end = at + 1
        record.bytes = bytes
        if (isStrange) cells = -1
        return 'whole'
      }
      if (byte !== comma) {
        end = at
        return 'broken'
      }
      at++
    }
  }

  return {
    record,
    get cells() {
      return cells
    },
    get lineBreaks() {
      return lineBreaks
    },
    get end() {
      return end
    },
    read,
  }
}
