/**
 * 128 bits that stand for a customer id. A usual id is 32 hex digits, and those bits are its fingerprint: two customers can
 * never be taken for one, which would drop or merge rows. Any other id is represented by bits of its SHA-256, where a
 * false match is out of the question too.
 */
import { hash } from 'node:crypto'

/** By character code; -1 is no digit. */
const digits = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value

/**
 * Writes the fingerprint of an id into `words`, which has four of them. True for an id of the usual form, `cus_` and 32
 * lower-case hex digits; only the prefix is documented.
 */
export function readFingerprint(customerId: string, words: Uint32Array): boolean {
  if (customerId.length === 36 && customerId.startsWith('cus_') && readHex(customerId, words)) return true
  const bytes = hash('sha256', customerId, 'buffer')
  for (let index = 0; index < 4; index++) words[index] = bytes.readUInt32LE(index * 4)
  return false
}

/** False where one of the 32 characters behind the prefix is no digit. Runs for every row, so it decides only at the end. */
function readHex(customerId: string, words: Uint32Array): boolean {
  let codes = 0
  let anyDigit = 0
  for (let index = 0; index < 4; index++) {
    let value = 0
    for (let from = 4 + index * 8, to = from + 8; from < to; from++) {
      const code = customerId.charCodeAt(from)
      const digit = digits[code & 127] ?? -1
      codes |= code
      anyDigit |= digit
      value = (value << 4) | digit
    }
    words[index] = value
  }
  return codes < 128 && anyDigit >= 0
}
