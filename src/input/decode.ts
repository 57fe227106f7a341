/** Bytes to text, strictly: what is no character in its encoding ends the run, with its line and byte. Nothing is replaced. */
import { isAscii } from 'node:buffer'
import { BulkUpdateError } from '../model/errors.ts'
import type { Encoding } from './encoding.ts'

/** What is needed of an input: blocks of its bytes from an offset on, cut anywhere. */
export interface Bytes {
  readonly textName: string
  blocks(offset: number): AsyncIterable<Buffer>
}

/** Text of a file in UTF-8 from `offset` on. Throws INPUT, E_ENCODING, at the first character that is broken. */
export async function* decodeUtf8(file: Bytes, offset: number): AsyncGenerator<string> {
  const refuse = async (at: number): Promise<BulkUpdateError> =>
    notUtf8(file.textName, await lineAt(file, offset + at), offset + at)
  yield* decoded(file.blocks(offset), 'utf-8', refuse)
}

/** The same as bytes, cut between characters. */
export async function* wholeCharacters(file: Bytes, offset: number): AsyncGenerator<Buffer> {
  for await (const text of decodeUtf8(file, offset)) yield Buffer.from(text)
}

/**
 * UTF-8 for the blocks of a text, which messages call `name`, without its byte order mark.
 *
 * @throws BulkUpdateError INPUT, E_ENCODING, with the line and the byte of the first broken character; or where the text
 * is UTF-8 in truth
 */
export async function* toUtf8(
  blocks: AsyncIterable<Buffer>,
  encoding: Exclude<Encoding, 'utf-8'>,
  name: string,
): AsyncGenerator<Buffer> {
  const lines = createLineCount()
  // Text in UTF-8 is good Windows-1252 too, and every accented letter in it would come out as two others.
  const asUtf8 = openDecoder('utf-8')
  let [bytes, utf8Bytes, isPlain] = [0, 0, true]
  async function* looked(): AsyncGenerator<Buffer> {
    for await (const block of blocks) {
      bytes += block.length
      utf8Bytes += sizeOf(asUtf8(block) ?? '', 'utf-8')
      isPlain &&= isAscii(block)
      yield block
    }
  }
  const refuse = (at: number, before: string): BulkUpdateError => {
    lines.add(before)
    return notIn(encoding, name, lines.line, at)
  }
  let isFirst = true
  for await (const text of decoded(looked(), encoding, refuse)) {
    lines.add(text)
    const isMarked = isFirst && text.startsWith('\ufeff')
    isFirst = false
    const kept = isMarked ? text.slice(1) : text
    if (kept !== '') yield Buffer.from(kept)
  }
  if (encoding === 'windows-1252' && !isPlain && utf8Bytes === bytes) throw isUtf8InTruth(encoding, name)
}

/** Gives the error for a broken character at a byte; `before` is the text that was not given out yet. */
type Refuse = (at: number, before: string) => BulkUpdateError | Promise<BulkUpdateError>

async function* decoded(
  blocks: AsyncIterable<Buffer>,
  encoding: Encoding,
  refuse: Refuse,
): AsyncGenerator<string> {
  const decoder = openDecoder(encoding)
  /** The beginning of a character that the next block goes on with, and where it is. */
  let rest: Buffer = Buffer.alloc(0)
  let at = 0
  for await (const block of blocks) {
    const bytes = Buffer.concat([rest, block])
    const text = decoder(block)
    if (text === undefined) {
      const before = longestText(bytes, encoding)
      throw await refuse(at + sizeOf(before, encoding), before)
    }
    const size = sizeOf(text, encoding)
    rest = bytes.subarray(size)
    at += size
    if (text !== '') yield text
  }
  if (rest.length > 0) throw await refuse(at, '')
}

/** Returns undefined if the bytes are no text; keeps the beginning of a character for the bytes that follow. */
function openDecoder(encoding: Encoding): (bytes: Buffer) => string | undefined {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      const text = decoder.decode(bytes, { stream: true })
      return encoding === 'windows-1252' && undefinedBytes.test(text) ? undefined : text
    } catch {
      return undefined
    }
  }
}

/** Windows-1252 does not define these five bytes; a TextDecoder gives control characters for them. */
const undefinedBytes = /[\u0081\u008d\u008f\u0090\u009d]/

/** The text before the first broken character: that of the longest beginning that a decoder takes. */
function longestText(bytes: Buffer, encoding: Encoding): string {
  let [low, high] = [0, bytes.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (openDecoder(encoding)(bytes.subarray(0, middle)) === undefined) high = middle - 1
    else low = middle
  }
  return openDecoder(encoding)(bytes.subarray(0, low)) ?? ''
}

/** How many bytes a text takes in that encoding. */
function sizeOf(text: string, encoding: Encoding): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text)
  return encoding === 'windows-1252' ? text.length : text.length * 2
}

/** The physical line of a byte, read anew: lines are not counted while all is well. */
async function lineAt(file: Bytes, offset: number): Promise<number> {
  const lines = createLineCount()
  let at = 0
  for await (const block of file.blocks(0)) {
    lines.add(block.toString('latin1', 0, Math.max(0, offset - at)))
    at += block.length
    if (at >= offset) break
  }
  return lines.line
}

function createLineCount() {
  let [feeds, returns] = [0, 0]
  return {
    add(text: string): void {
      feeds += text.split('\n').length - 1
      returns += text.split('\r').length - 1
    },
    /** Only where nothing else ends lines does a carriage return alone. */
    get line(): number {
      return 1 + (feeds > 0 ? feeds : returns)
    },
  }
}

function notUtf8(name: string, line: number, offset: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_ENCODING',
    `line ${line}, byte ${offset + 1} of ${name} is not UTF-8`,
    'Save the file as UTF-8 (in Excel: "CSV UTF-8"), or say how it is written: --encoding windows-1252 for what Windows calls ANSI. Nothing was guessed or replaced.',
  )
}

function notIn(encoding: Encoding, name: string, line: number, offset: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_ENCODING',
    `line ${line}, byte ${offset + 1} of ${name} is not ${encoding}`,
    'Save the file as UTF-8 (in Excel: "CSV UTF-8"), or name its encoding with --encoding. Nothing was guessed or replaced.',
  )
}

function isUtf8InTruth(encoding: Encoding, name: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_ENCODING',
    `${name} is UTF-8 from its first to its last byte: --encoding ${encoding} would break every accented letter in it`,
    'Leave --encoding out. Nothing was sent.',
  )
}
