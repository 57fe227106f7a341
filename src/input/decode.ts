/** Decodes bytes strictly. A byte that is no character of the encoding is an error with its line; nothing is replaced. */
import { isAscii } from 'node:buffer'
import type { BulkUpdateError } from '../model/errors.ts'
import { isOfSeveralBytes } from './code-pages.ts'
import { openDecoder, type Encoding } from './encoding.ts'
import type { RecordStart } from './lines.ts'
import { refusal } from './refusals.ts'

/** The part of an input that is needed here. Blocks may be cut anywhere. */
export interface Bytes {
  readonly textName: string
  blocks(offset: number): AsyncIterable<Buffer>
}

type TextStart = Pick<RecordStart, 'line' | 'offset'>

/** Reads UTF-8 from `start` on, in blocks that are cut between characters. Throws INPUT, E_ENCODING, at a broken one. */
export async function* wholeCharacters(file: Bytes, start: TextStart): AsyncGenerator<Buffer> {
  for await (const text of decoded(file.blocks(start.offset), 'utf-8', file.textName, start))
    yield Buffer.from(text)
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
  let isFirst = true
  for await (const text of decoded(observed(), encoding, name, { line: 1, offset: 0 })) {
    const kept = isFirst && text.startsWith('\ufeff') ? text.slice(1) : text
    isFirst = false
    if (kept !== '') yield Buffer.from(kept)
  }
  if (!encoding.startsWith('utf-') && !isPlain && utf8Bytes === bytes)
    throw refusal('E_ENCODING', 'alreadyUtf8', { name, encoding })
}

async function* decoded(
  blocks: AsyncIterable<Buffer>,
  encoding: Encoding,
  name: string,
  start: TextStart,
): AsyncGenerator<string> {
  const decoder = openDecoder(encoding)
  const lines = createLineCount(start.line)
  /** The start of a character that continues in the next block, and its offset. */
  let rest: Buffer = Buffer.alloc(0)
  let at = start.offset
  /** For a broken character at `inBytes`. `before` is the text before it that was not yielded yet. */
  const refuse = (bytes: Buffer, before: string, inBytes: number): Promise<BulkUpdateError> => {
    lines.add(before)
    return notIn(encoding, name, { line: lines.line, byte: at + inBytes + 1, bytes, inBytes })
  }
  for await (const block of blocks) {
    const bytes = Buffer.concat([rest, block])
    const text = decoder(block)
    if (text === undefined) throw await refuse(bytes, ...longestText(bytes, encoding))
    lines.add(text)
    const size = wholeSize(bytes, text, encoding)
    rest = bytes.subarray(size)
    at += size
    if (text !== '') yield text
  }
  if (rest.length > 0) throw await refuse(rest, '', 0)
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

function createLineCount(first: number) {
  let [feeds, returns] = [0, 0]
  return {
    add(text: string): void {
      feeds += text.split('\n').length - 1
      returns += text.split('\r').length - 1
    },
    /** Carriage returns alone end lines only if there are no line feeds. */
    get line(): number {
      return first + (feeds > 0 ? feeds : returns)
    },
  }
}

interface BrokenCharacter {
  readonly line: number
  readonly byte: number
  /** Bytes around it, in which it is at `inBytes`. */
  readonly bytes: Buffer
  readonly inBytes: number
}

async function notIn(
  encoding: Encoding,
  name: string,
  { line, byte, bytes, inBytes }: BrokenCharacter,
): Promise<BulkUpdateError> {
  // Its tables are loaded only if they are needed.
  const { describeCandidates } = await import('./oddities.ts')
  const others = encoding.startsWith('utf-16')
    ? 'or leave --encoding out'
    : encoding === 'euc-kr'
      ? 'or, for Korean letters that EUC-KR lacks: iconv -f CP949 -t UTF-8 FILE | rapyd-bulk update -'
      : describeCandidates(bytes, inBytes)
  const shown = encoding === 'utf-8' ? 'UTF-8' : encoding
  return refusal('E_ENCODING', 'notInEncoding', { line, byte, name, encoding: shown, others })
}
