/** The text of an opened input: its bytes, cut between characters and proven to be UTF-8. */
import { isUtf8 } from 'node:buffer'
import { BulkUpdateError } from '../errors.ts'

/** What is needed of an input: blocks of its bytes from an offset on, cut anywhere. */
export interface Bytes {
  readonly textName: string
  blocks(offset: number, isPassing?: boolean): AsyncIterable<Buffer>
}

/** Text from `offset` on. Bytes that are not UTF-8 end the run: replacing them would change data. */
export function decodeUtf8(file: Bytes, offset: number): AsyncGenerator<string> {
  return textOf(wholeCharacters(file, offset))
}

/** Blocks of UTF-8 that are cut between characters, as text. */
export async function* textOf(blocks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  for await (const block of blocks) yield block.toString('utf8')
}

/** The same as bytes, each good until the next one is asked for. Throws INPUT, E_ENCODING, with the line and the byte of the first character that is broken. */
export async function* wholeCharacters(file: Bytes, offset: number): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let at = offset
  for await (const block of file.blocks(offset, true)) {
    const bytes = rest.length === 0 ? block : Buffer.concat([rest, block])
    const end = characterEnd(bytes)
    const whole = bytes.subarray(0, end)
    if (!isUtf8(whole)) throw await notUtf8(file, at + brokenAt(whole))
    rest = Buffer.from(bytes.subarray(end))
    at += end
    yield whole
  }
  if (rest.length > 0) throw await notUtf8(file, at + brokenAt(rest))
}

/** Where the last complete character ends: at most three bytes before the end. */
export function characterEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes.length
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
      return needed > back ? bytes.length - back : bytes.length
    }
  }
  return bytes.length
}

/** Where the first broken character starts. */
function brokenAt(bytes: Buffer): number {
  let low = 0
  let high = bytes.length
  // The longest prefix that is UTF-8 up to a cut character: where that character starts, the text is broken.
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const part = bytes.subarray(0, middle)
    if (isUtf8(part.subarray(0, characterEnd(part)))) low = middle
    else high = middle - 1
  }
  return characterEnd(bytes.subarray(0, low))
}

async function notUtf8(file: Bytes, offset: number): Promise<BulkUpdateError> {
  return new BulkUpdateError(
    'INPUT',
    'E_ENCODING',
    `line ${await lineAt(file, offset)}, byte ${offset + 1} of ${file.textName} is not UTF-8`,
    'Save the file as UTF-8 (in Excel: "CSV UTF-8"), or say how it is written: --encoding windows-1252 for what Windows calls ANSI. Nothing was guessed or replaced.',
  )
}

/** The physical line of a byte, read anew: lines are not counted while all is well. */
async function lineAt(file: Bytes, offset: number): Promise<number> {
  let [feeds, returns, at] = [0, 0, 0]
  for await (const block of file.blocks(0, true)) {
    const before = block.subarray(0, Math.max(0, offset - at))
    feeds += count(before, 0x0a)
    returns += count(before, 0x0d)
    at += block.length
    if (at >= offset) break
  }
  // Only where nothing else ends lines does a carriage return alone.
  return 1 + (feeds > 0 ? feeds : returns)
}

function count(bytes: Buffer, wanted: number): number {
  let found = 0
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + 1)) found += 1
  return found
}
