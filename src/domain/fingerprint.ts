/**
 * 128 bits that stand for a customer id. A usual id is 32 hex digits, and those bits are its fingerprint: two customers can
 * never be taken for one, which would drop or merge rows. Any other id is represented by bits of its SHA-256, where a
 * false match is out of the question too.
 */
import { hash } from 'node:crypto'

const digits = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) digits[value.toString(16).charCodeAt(0)] = value

/** Writes the fingerprint of an id into `words`, which has four of them. */
export function readFingerprint(customerId: string, words: Uint32Array): void {
  if (customerId.length === 36 && customerId.startsWith('cus_') && readHex(customerId, words)) return
  const bytes = hash('sha256', customerId, 'buffer')
  for (let index = 0; index < 4; index++) words[index] = bytes.readUInt32LE(index * 4)
}

/** False where one of the 32 characters behind the prefix is no hex digit. */
function readHex(customerId: string, words: Uint32Array): boolean {
  for (let index = 0; index < 4; index++) {
    let value = 0
    for (let from = 4 + index * 8, to = from + 8; from < to; from++) {
      const digit = digits[customerId.charCodeAt(from)] ?? -1
      if (digit < 0) return false
      value = (value << 4) | digit
    }
    words[index] = value
  }
  return true
}
