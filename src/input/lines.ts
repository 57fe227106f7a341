/** Whole lines of an input, for CSV and NDJSON. Memory holds one block and one line at most. */
import type { ErrorCode, Problem } from '../model/errors.ts'
import type { Place } from '../model/row.ts'

/** Where a record starts. */
export type RecordStart = Omit<Place, 'length'>

/** The line end: `\n`, also after a `\r`; or `\r` alone, if the file's first line ends so. */
export type Newline = '\n' | '\r'

/** The longest record and line that are read, in bytes without the line end. */
export const longestRecord = 4 * 1024 * 1024

/** A problem of the whole record. */
export function recordProblem(code: ErrorCode, message: string): Problem {
  return { code, field: '', message }
}

export const [lineFeed, carriageReturn] = [0x0a, 0x0d]

/** A line that is too long to keep. */
export interface LongLine {
  /** Bytes without and with the line end. */
  readonly length: number
  readonly size: number
  readonly hasQuote: boolean
}

/**
 * Yields whole lines, each with its line end. The last line of a file gets one if it has none. `blocks` may be cut anywhere.
 */
export async function* wholeLines(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  newline: Newline,
): AsyncGenerator<Buffer | LongLine> {
  const lineBreak = newline === '\n' ? lineFeed : carriageReturn
  let kept: Buffer = Buffer.alloc(0)
  let long: LongLine | undefined
  for await (const block of blocks) {
    let bytes = Buffer.concat([kept, block])
    if (long !== undefined) {
      const found = bytes.indexOf(lineBreak)
      long = longer(long, bytes.subarray(0, found < 0 ? bytes.length : found))
      if (found < 0) continue
      yield long
      long = undefined
      bytes = bytes.subarray(found + 1)
    }
    const end = bytes.lastIndexOf(lineBreak) + 1
    if (end > 0) yield bytes.subarray(0, end)
    kept = bytes.subarray(end)
    // One byte more may be the carriage return of the line end.
    if (kept.length <= longestRecord + 1) continue
    long = longer({ length: 0, size: 1, hasQuote: false }, kept)
    kept = Buffer.alloc(0)
  }
  if (long !== undefined) yield long
  if (kept.length > 0) yield Buffer.concat([kept, Buffer.of(lineBreak)])
}

function longer({ length, size, hasQuote }: LongLine, more: Buffer): LongLine {
  const all = size + more.length
  if (more.length === 0) return { length, size, hasQuote }
  const withoutReturn = more.at(-1) === carriageReturn ? all - 2 : all - 1
  return { length: withoutReturn, size: all, hasQuote: hasQuote || more.includes('"') }
}
