/** Decodes bytes strictly. A byte that is no character of the encoding is an error with its line; nothing is replaced. */
import { isAscii } from 'node:buffer'
import { BulkUpdateError } from '../model/errors.ts'
import type { Encoding } from './encoding.ts'

/** The part of an input that is needed here. Blocks may be cut anywhere. */
export interface Bytes {
  readonly textName: string
  blocks(offset: number): AsyncIterable<Buffer>
}

/** Decodes UTF-8 from `offset` on. Throws INPUT, E_ENCODING, at the first broken character. */
export async function* decodeUtf8(file: Bytes, offset: number): AsyncGenerator<string> {
  const refuse = async (at: number): Promise<BulkUpdateError> =>
    notUtf8(file.textName, await lineAt(file, offset + at), offset + at)
  yield* decoded(file.blocks(offset), 'utf-8', refuse)
}

/** Like `decodeUtf8`, but gives bytes, cut between characters. */
export async function* wholeCharacters(file: Bytes, offset: number): AsyncGenerator<Buffer> {
  for await (const text of decodeUtf8(file, offset)) yield Buffer.from(text)
}

/**
 * Converts blocks to UTF-8, without the byte order mark. `name` is the name of the text in messages.
 *
 * @throws BulkUpdateError INPUT, E_ENCODING, with the line and byte of the first broken character; or if the text is really UTF-8
 */
export async function* toUtf8(
  blocks: AsyncIterable<Buffer>,
  encoding: Exclude<Encoding, 'utf-8'>,
  name: string,
): AsyncGenerator<Buffer> {
  const lines = createLineCount()
  // UTF-8 is valid Windows-1252 too, but each accented letter would become two other letters.
  const asUtf8 = openDecoder('utf-8')
  let [bytes, utf8Bytes, isPlain] = [0, 0, true]
  async function* observed(): AsyncGenerator<Buffer> {
    for await (const block of blocks) {
      bytes += block.length
      utf8Bytes += byteSize(asUtf8(block) ?? '', 'utf-8')
      isPlain &&= isAscii(block)
      yield block
    }
  }
  const refuse = (at: number, before: string): BulkUpdateError => {
    lines.add(before)
    return notIn(encoding, name, lines.line, at)
  }
  let isFirst = true
  for await (const text of decoded(observed(), encoding, refuse)) {
    lines.add(text)
    const isMarked = isFirst && text.startsWith('\ufeff')
    isFirst = false
    const kept = isMarked ? text.slice(1) : text
    if (kept !== '') yield Buffer.from(kept)
  }
  if (encoding === 'windows-1252' && !isPlain && utf8Bytes === bytes) throw alreadyUtf8(encoding, name)
}

/** Returns the error for a broken character at a byte. `before` is the text before it that was not yielded yet. */
type DecodingError = (at: number, before: string) => BulkUpdateError | Promise<BulkUpdateError>

async function* decoded(
  blocks: AsyncIterable<Buffer>,
  encoding: Encoding,
  refuse: DecodingError,
): AsyncGenerator<string> {
  const decoder = openDecoder(encoding)
  /** The start of a character that continues in the next block, and its offset. */
  let rest: Buffer = Buffer.alloc(0)
  let at = 0
  for await (const block of blocks) {
    const bytes = Buffer.concat([rest, block])
    const text = decoder(block)
    if (text === undefined) {
      const before = longestText(bytes, encoding)
      throw await refuse(at + byteSize(before, encoding), before)
    }
    const size = byteSize(text, encoding)
    rest = bytes.subarray(size)
    at += size
    if (text !== '') yield text
  }
  if (rest.length > 0) throw await refuse(at, '')
}

/** Returns undefined if the bytes are no text. Keeps the start of a character for the next call. */
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

/** Windows-1252 does not define these five bytes. A TextDecoder makes control characters of them. */
const undefinedBytes = /[\u0081\u008d\u008f\u0090\u009d]/

/** Returns the text before the first broken character, by binary search. */
function longestText(bytes: Buffer, encoding: Encoding): string {
  let [low, high] = [0, bytes.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (openDecoder(encoding)(bytes.subarray(0, middle)) === undefined) high = middle - 1
    else low = middle
  }
  return openDecoder(encoding)(bytes.subarray(0, low)) ?? ''
}

/** Bytes of a text in that encoding. */
function byteSize(text: string, encoding: Encoding): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text)
  return encoding === 'windows-1252' ? text.length : text.length * 2
}

/** Finds the line of a byte by reading again, so that lines are counted only for an error. */
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
    /** Carriage returns alone end lines only if there are no line feeds. */
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

function alreadyUtf8(encoding: Encoding, name: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_ENCODING',
    `${name} is UTF-8 from its first to its last byte: --encoding ${encoding} would break every accented letter in it`,
    'Leave --encoding out. Nothing was sent.',
  )
}
