/** What each byte of a CSV record is: a kind of character, or one that has to be looked at. */
import { made } from '../domain/raw-record.ts'

/** Kinds from here on are no bits of `made`: the byte ends something, or what follows it decides. */
export const special = 0x8000

export const [lineFeed, carriageReturn, quote] = [0x0a, 0x0d, 0x22]

/** By byte. `comma` is the delimiter. */
export function kindsOf(comma: number): Uint16Array {
  const kinds = Uint16Array.from({ length: 256 }, (_, byte) => kindOf(byte))
  for (const byte of [comma, lineFeed, carriageReturn, quote, 0xc2, 0xc3, 0xe1, 0xe2, 0xe3, 0xef])
    kinds[byte] = special
  return kinds
}

/** Of a character that stands for itself. */
export function kindOf(byte: number): number {
  if (byte >= 0xc0) return made.wide | made.wideShown
  if (byte >= 0x80) return made.wide
  if (byte < 0x20 || byte === 0x7f) return made.control
  const character = String.fromCharCode(byte)
  if (/\d/.test(character)) return made.digit
  if (/[a-z]/i.test(character)) return made.letter
  return character === ' '
    ? made.space
    : character === '+'
      ? made.plus
      : character === '-'
        ? made.hyphen
        : made.sign
}

/** Of a character whose first byte is one of those that spaces and broken encodings begin with. */
export function wideKind(bytes: Uint8Array, at: number): number {
  const second = bytes[at + 1] ?? 0
  const third = bytes[at + 2] ?? 0
  const shown = made.wide | made.wideShown
  switch (bytes[at] ?? 0) {
    case 0xc2:
      return second === 0xa0 ? made.wide : shown
    case 0xc3:
      // Â, Ã or â, with what UTF-8 looks like behind them.
      return (second === 0x82 || second === 0x83 ? third >= 0xc2 : second === 0xa2 && third === 0xe2)
        ? shown | made.telling
        : shown
    case 0xe1:
      return second === 0x9a ? made.wide : shown
    case 0xe2:
      return second === 0x80 || second === 0x81 ? made.wide : shown
    case 0xe3:
      return second === 0x80 ? made.wide : shown
    default:
      return second === 0xbb ? made.wide : second === 0xbf ? shown | made.telling : shown
  }
}
