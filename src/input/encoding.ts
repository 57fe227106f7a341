/**
 * Detects the encoding of an input: UTF-8 and UTF-16 by their bytes. The user must name any other, because almost any bytes are
 * valid in Windows-1252. Misread names would be sent to Rapyd.
 */
import { options, type Encoding } from '../config/options.ts'
import { refusal } from './refusals.ts'

const encodings = options.encoding.choices
export type { Encoding }

export function isEncoding(text: string): text is Encoding {
  return encodings.some((encoding) => encoding === text)
}

/** A TextDecoder makes control characters of bytes that a code page does not define, as five of Windows-1252. */
const undefinedBytes = /[\u0080-\u009f]/

/** The decoder returns undefined if the bytes are no text. It keeps the start of a character for the next call. */
export function openDecoder(encoding: Encoding): (bytes: Uint8Array) => string | undefined {
  const decoder = new TextDecoder(encoding, { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      const text = decoder.decode(bytes, { stream: true })
      return !encoding.startsWith('utf-') && undefinedBytes.test(text) ? undefined : text
    } catch {
      return undefined
    }
  }
}

/** Byte order marks, the longest first. */
const marks = [
  { name: 'UTF-32', encoding: undefined, bytes: [0xff, 0xfe, 0, 0] },
  { name: 'UTF-32', encoding: undefined, bytes: [0, 0, 0xfe, 0xff] },
  { name: 'UTF-8', encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { name: 'UTF-16', encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { name: 'UTF-16', encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const

/** Two ASCII characters. */
const unmarkedUtf32 = /^(?:(?!\0)[\0-\x7f]\0{3}){2}|^(?:\0{3}(?!\0)[\0-\x7f]){2}/

/**
 * Finds the encoding of a text that starts with `start` (some thousand bytes, or all). `wanted` is `--encoding`.
 *
 * @throws BulkUpdateError INPUT: E_ENCODING if the text cannot have the wanted encoding, E_BINARY if it is UTF-32
 */
export function detectEncoding(start: Buffer, wanted: Encoding | undefined, path: string): Encoding {
  const mark = marks.find(({ bytes }) => startsWith(start, bytes))
  if (
    (mark !== undefined && mark.encoding === undefined) ||
    unmarkedUtf32.test(start.toString('latin1', 0, 8))
  )
    throw refusal('E_BINARY', 'utf32', { path })
  const found = { path, encodings: encodings.join(', ') }
  if (mark?.encoding !== undefined && wanted !== undefined && mark.encoding !== wanted)
    throw refusal('E_ENCODING', 'otherMark', { ...found, name: mark.name, encoding: mark.encoding, wanted })
  // In UTF-16, commas, digits and line breaks have a NUL byte.
  if (wanted?.startsWith('utf-16') === true && mark === undefined && !start.includes(0))
    throw refusal('E_ENCODING', 'notUtf16', { ...found, wanted })
  return wanted ?? mark?.encoding ?? detectUtf16(start) ?? 'utf-8'
}

function startsWith(start: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => start[index] === byte)
}

/** Returns the length of the byte order mark of UTF-8; 0 if there is none. */
export function markLength(start: Buffer): number {
  return startsWith(start, [0xef, 0xbb, 0xbf]) ? 3 : 0
}

/**
 * Detects UTF-16 without a mark: the text starts with an ASCII character, and at least every fourth unit has a NUL byte, always on
 * the same side.
 */
function detectUtf16(start: Buffer): Encoding | undefined {
  const units = start.length >> 1
  const [even, odd] = countNuls(start)
  const [first = 0, second = 0] = start
  if (even === 0 && odd * 4 > units && second === 0 && first < 0x80) return 'utf-16le'
  if (odd === 0 && even * 4 > units && first === 0 && second < 0x80) return 'utf-16be'
  return undefined
}

/** Counts NUL bytes at even and at odd offsets. */
export function countNuls(bytes: Buffer): readonly [even: number, odd: number] {
  const counts: [number, number] = [0, 0]
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) counts[at % 2 === 0 ? 0 : 1] += 1
  return counts
}
