/**
 * Bytes of a cell that surely hold to a rule of `field-rules.ts`: what nearly every cell looks like, told without making a text of
 * it. False says nothing: then the rule itself is asked.
 */
import { made } from '../domain/raw-record.ts'

const [zero, nine, slash, plus, dot, at] = [0x30, 0x39, 0x2f, 0x2b, 0x2e, 0x40]

/** Bytes that may stand in both parts of an address, but for the dot. */
const inAddress = new Uint8Array(256)
for (const byte of Buffer.from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+'&"))
  inAddress[byte] = 1

const longestAddress = 512

export function isPlainEmail(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > longestAddress) return false
  let index = start
  for (; index < end && bytes[index] !== at; index++)
    if (inAddress[bytes[index] ?? 0] === 0 && bytes[index] !== dot) return false
  if (index === start) return false
  // A label begins behind the `@` and behind each dot, and none is empty.
  let label = ++index
  let labels = 1
  for (; index < end; index++) {
    const byte = bytes[index] ?? 0
    if (inAddress[byte] === 1) continue
    if (byte !== dot || index === label) return false
    label = index + 1
    labels++
  }
  return labels > 1 && index > label
}

/** `kind`: bits of `made`. */
export function isPlainPhone(bytes: Uint8Array, start: number, end: number, kind: number): boolean {
  const digits = end - start - 1
  if (kind !== (made.plus | made.digit) || digits < 7 || digits > 15) return false
  if (bytes[start] !== plus || bytes[start + 1] === zero) return false
  for (let index = start + 1; index < end; index++) if (bytes[index] === plus) return false
  return true
}

/** A day up to the 28th, which every month has, in the years that are passed as `from` and `to`. */
export function isPlainDate(
  bytes: Uint8Array,
  start: number,
  end: number,
  from: number,
  to: number,
): boolean {
  if (end - start !== 10 || bytes[start + 2] !== slash || bytes[start + 5] !== slash) return false
  const day = numberIn(bytes, start, 2)
  const month = numberIn(bytes, start + 3, 2)
  const year = numberIn(bytes, start + 6, 4)
  return day >= 1 && day <= 28 && month >= 1 && month <= 12 && year >= from && year <= to
}

/** NaN where one of the bytes is no digit. */
export function numberIn(bytes: Uint8Array, start: number, length: number): number {
  let number = 0
  for (let index = start; index < start + length; index++) {
    const byte = bytes[index] ?? 0
    number = byte >= zero && byte <= nine ? number * 10 + byte - zero : Number.NaN
  }
  return number
}
