/**
 * How the bytes of an input stand for characters. UTF-8 and UTF-16 show themselves; Windows-1252 has to be asked for,
 * because almost any bytes are some text in it, and a name that is read wrongly would be sent to Rapyd.
 */
import { options } from '../config/options.ts'
import type { Encoding } from '../config/options.ts'
import { BulkUpdateError } from '../model/errors.ts'

const encodings = options.encoding.choices
export type { Encoding }

export function isEncoding(text: string): text is Encoding {
  return encodings.some((encoding) => encoding === text)
}

/** A byte order mark, and whose it is. The longest come first. */
const marks = [
  { name: 'UTF-32', encoding: undefined, bytes: [0xff, 0xfe, 0, 0] },
  { name: 'UTF-32', encoding: undefined, bytes: [0, 0, 0xfe, 0xff] },
  { name: 'UTF-8', encoding: 'utf-8', bytes: [0xef, 0xbb, 0xbf] },
  { name: 'UTF-16', encoding: 'utf-16le', bytes: [0xff, 0xfe] },
  { name: 'UTF-16', encoding: 'utf-16be', bytes: [0xfe, 0xff] },
] as const

/**
 * The encoding of a text that begins with `start` (some thousand bytes, or all). `wanted` is what the user asks for.
 *
 * @throws BulkUpdateError INPUT, E_ENCODING, where the text cannot be in the wanted one, or is UTF-32
 */
export function encodingOf(start: Buffer, wanted: Encoding | undefined, path: string): Encoding {
  const mark = marks.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte))
  if ((mark !== undefined && mark.encoding === undefined) || isWithoutMark32(start)) throw isUtf32(path)
  if (mark?.encoding !== undefined && wanted !== undefined && mark.encoding !== wanted) {
    throw mismatch(
      `${path} begins with the mark of ${mark.name} (${mark.encoding}), and --encoding says ${wanted}`,
    )
  }
  const seen = mark?.encoding ?? utf16Without(start)
  if (wanted?.startsWith('utf-16') === true && mark === undefined && !start.includes(0)) {
    // Commas, digits and line breaks have a NUL byte there.
    throw mismatch(`${path} holds no ${wanted}, which --encoding says: its first bytes are those of another`)
  }
  return wanted ?? seen ?? 'utf-8'
}

/** Bytes of the byte order mark that a text in that encoding begins with. */
export function markLength(start: Buffer, encoding: Encoding): number {
  const mark = marks.find((each) => each.encoding === encoding)
  return mark !== undefined && mark.bytes.every((byte, index) => start[index] === byte)
    ? mark.bytes.length
    : 0
}

/**
 * UTF-16 without a mark is certain where the text starts with an ASCII character, NUL bytes stand on one side of the
 * units only, and at least every fourth unit has one: in UTF-8 such a file would hold nothing but broken cells.
 */
function utf16Without(start: Buffer): Encoding | undefined {
  const units = start.length >> 1
  const [even, odd] = countNuls(start)
  const [first = 0, second = 0] = start
  if (even === 0 && odd * 4 > units && second === 0 && first < 0x80) return 'utf-16le'
  if (odd === 0 && even * 4 > units && first === 0 && second < 0x80) return 'utf-16be'
  return undefined
}

/** At even and at odd places. */
export function countNuls(bytes: Buffer): readonly [even: number, odd: number] {
  const counts: [number, number] = [0, 0]
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) counts[at % 2 === 0 ? 0 : 1] += 1
  return counts
}

/** Two ASCII characters in UTF-32. */
function isWithoutMark32(start: Buffer): boolean {
  if (start.length < 8) return false
  const [le, be] = [start.readUInt32LE(0), start.readUInt32BE(0)]
  return (
    (isAsciiUnit(le) && isAsciiUnit(start.readUInt32LE(4))) ||
    (isAsciiUnit(be) && isAsciiUnit(start.readUInt32BE(4)))
  )
}

function isAsciiUnit(unit: number): boolean {
  return unit > 0 && unit < 0x80
}

function isUtf32(path: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_BINARY',
    `${path} is UTF-32, which is not read`,
    'Save it as CSV UTF-8, or: iconv -f UTF-32 -t UTF-8 FILE | rapyd-bulk update -',
  )
}

function mismatch(message: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_ENCODING',
    message,
    `Leave --encoding out: UTF-8 and UTF-16 are recognised. It takes ${encodings.join(', ')}. Nothing was sent.`,
  )
}
