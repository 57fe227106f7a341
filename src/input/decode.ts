/** Decodes bytes strictly. A byte that is no character of the encoding is an error with its line; nothing is replaced. */
import { isAscii } from 'node:buffer'
import type { BulkUpdateError } from '../model/errors.ts'
import { isOfSeveralBytes } from './code-pages.ts'
import { openDecoder } from './encoding.ts'
import type { Encoding } from './encoding.ts'
import { refusal } from './refusals.ts'

/** The part of an input that is needed here. Blocks may be cut anywhere. */
export interface Bytes {
  readonly textName: string
  blocks(offset: number): AsyncIterable<Buffer>
}

/** Reads UTF-8 from `offset` on, in blocks that are cut between characters. Throws INPUT, E_ENCODING, at a broken one. */
export async function* wholeCharacters(file: Bytes, offset: number): AsyncGenerator<Buffer> {
  const refuse: DecodingError = async ({ at, ...found }) =>
    notIn('utf-8', file.textName, { ...found, at: offset + at, line: await lineAt(file, offset + at) })
  for await (const text of decoded(file.blocks(offset), 'utf-8', refuse)) yield Buffer.from(text)
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
  // UTF-8 is valid in most code pages too, but each accented letter would become two other characters.
  const asUtf8 = openDecoder('utf-8')
  let [bytes, utf8Bytes, isPlain] = [0, 0, true]
  async function* observed(): AsyncGenerator<Buffer> {
    for await (const block of blocks) {
      bytes += block.length
      utf8Bytes += Buffer.byteLength(asUtf8(block) ?? '')
      isPlain &&= isAscii(block)
      yield block
    }
  }
  const refuse: DecodingError = (found) => {
    lines.add(found.before)
    return notIn(encoding, name, { ...found, line: lines.line })
  }
  let isFirst = true
  for await (const text of decoded(observed(), encoding, refuse)) {
    lines.add(text)
    const isMarked = isFirst && text.startsWith('\ufeff')
    isFirst = false
    const kept = isMarked ? text.slice(1) : text
    if (kept !== '') yield Buffer.from(kept)
  }
  if (!encoding.startsWith('utf-') && !isPlain && utf8Bytes === bytes)
    throw refusal('E_ENCODING', 'alreadyUtf8', { name, encoding })
}

/** A broken character at byte `at`. */
interface BrokenCharacter {
  readonly at: number
  /** The text before it that was not yielded yet. */
  readonly before: string
  /** Bytes around it, in which it is at `inBytes`. */
  readonly bytes: Buffer
  readonly inBytes: number
}

type DecodingError = (found: BrokenCharacter) => BulkUpdateError | Promise<BulkUpdateError>

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
      const [before, inBytes] = longestText(bytes, encoding)
      throw await refuse({ at: at + inBytes, before, bytes, inBytes })
    }
    const size = wholeSize(bytes, text, encoding)
    rest = bytes.subarray(size)
    at += size
    if (text !== '') yield text
  }
  if (rest.length > 0) throw await refuse({ at, before: '', bytes: rest, inBytes: 0 })
}

/** Returns the text before the first broken character, and its bytes, by binary search. */
function longestText(bytes: Buffer, encoding: Encoding): readonly [text: string, size: number] {
  let [low, high] = [0, bytes.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (openDecoder(encoding)(bytes.subarray(0, middle)) === undefined) high = middle - 1
    else low = middle
  }
  const text = openDecoder(encoding)(bytes.subarray(0, low)) ?? ''
  return [text, wholeSize(bytes.subarray(0, low), text, encoding)]
}

/** Bytes of a character that may be cut off. */
const mostCut = 3

/** Bytes of `text`, with which `bytes` begin. The start of a character may follow. */
function wholeSize(bytes: Buffer, text: string, encoding: Encoding): number {
  if (encoding === 'utf-8') return Buffer.byteLength(text)
  if (encoding.startsWith('utf-16')) return text.length * 2
  if (!isOfSeveralBytes(encoding)) return text.length
  let size = bytes.length
  while (size > bytes.length - mostCut && !endsWhole(bytes.subarray(0, size), encoding)) size--
  return size
}

function endsWhole(bytes: Buffer, encoding: Encoding): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes)
    return true
  } catch {
    return false
  }
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

async function notIn(
  encoding: Encoding,
  name: string,
  { line, at, bytes, inBytes }: BrokenCharacter & { readonly line: number },
): Promise<BulkUpdateError> {
  // Its tables are loaded only if they are needed.
  const { describeCandidates } = await import('./oddities.ts')
  const others = encoding.startsWith('utf-16')
    ? 'or leave --encoding out'
    : describeCandidates(bytes, inBytes)
  const shown = encoding === 'utf-8' ? 'UTF-8' : encoding
  return refusal('E_ENCODING', 'notInEncoding', { line, byte: at + 1, name, encoding: shown, others })
}
