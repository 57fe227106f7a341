/**
 * A record as it lies in its block of bytes, with what its cells are made of: enough to tell that a row is like thousands before it,
 * without a text for any of its cells. One object serves all records of a file.
 */
import type { Place } from './place.ts'

export interface RawRecord extends Moving<Place> {
  /** Plain UTF-8. */
  bytes: Buffer
  /** Where each cell starts and ends in `bytes`, without its quotes. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Bits of `made` for each cell. */
  readonly kinds: Int32Array
}

type Moving<Item> = { -readonly [Name in keyof Item]: Item[Name] }

/** What a cell is made of. */
export const made = {
  digit: 1,
  /** Of ASCII. */
  letter: 2,
  space: 4,
  plus: 8,
  hyphen: 16,
  /** Every other sign of ASCII. */
  sign: 32,
  /** Beyond ASCII. */
  wide: 64,
  /** Beyond ASCII, and surely no space. */
  wideShown: 128,
  /** Control characters, line breaks and tabs among them. */
  control: 256,
  /** What is often left by a wrong encoding, and U+FFFD. */
  telling: 512,
  /** A quote, which stands doubled in `bytes`. */
  quote: 1024,
} as const
