/**
 * Finds e-mail addresses that several customers have. A flat table of 8 bytes a place, full at a million and a half addresses:
 * what comes behind them is compared with those only. Of its memory the system gives what is used.
 */

import { fourBytes, lastBytes } from '../domain/four-bytes.ts'

export interface SharedEmails {
  /** True where another customer has had that address. */
  add(email: string, customerId: string): boolean
  /** The same for what lies in `bytes`. To add it once more changes nothing. */
  addBytes(bytes: Uint8Array, start: number, end: number, idStart: number, idEnd: number): boolean
}

/** Words of a place: half of the address's fingerprint, whose other half chose the place, and its customer's, which is not 0. */
const words = 2
const allPlaces = 2 ** 21
const mostAddresses = allPlaces * 0.75

export function createSharedEmails(): SharedEmails {
  // Not there before an address is: a file may have none.
  let places: Uint32Array | undefined
  let count = 0
  const halves = new Uint32Array(1)

  function addBytes(bytes: Uint8Array, start: number, end: number, idStart: number, idEnd: number): boolean {
    places ??= new Uint32Array(allPlaces * words)
    const first = readFingerprint(bytes, start, end, halves)
    const check = halves[0] ?? 0
    // The end of an id is what it differs in from others.
    readFingerprint(bytes, Math.max(idStart, idEnd - 16), idEnd, halves)
    const customer = halves[0] || 1
    const at = find(places, first, check)
    const known = places[at + 1] ?? 0
    if (known !== 0) return known !== customer
    if (count >= mostAddresses) return false
    places[at] = check
    places[at + 1] = customer
    count++
    return false
  }

  return {
    add(email, customerId) {
      const bytes = Buffer.from(email + customerId)
      const end = bytes.length - customerId.length
      return addBytes(bytes, 0, end, end, bytes.length)
    },
    addBytes,
  }
}

/** Where the address stands, or the free place where it belongs. */
function find(places: Uint32Array, start: number, check: number): number {
  const mask = allPlaces - 1
  for (let place = start & mask; ; place = (place + 1) & mask) {
    const at = place * words
    if (places[at + 1] === 0 || places[at] === check) return at
  }
}

/**
 * A fingerprint of the bytes without regard to case in ASCII: 32 bits into `into`, and 32 others, which it gives. Both in one pass and
 * four bytes at a time, which takes a row a third of what byte by byte does.
 */
function readFingerprint(bytes: Uint8Array, start: number, end: number, into: Uint32Array): number {
  let one = 0x811c_9dc5 ^ (end - start)
  let other = 0x9e37_79b9 ^ (end - start)
  for (let at = start; at < end; at += 4) {
    const four = lowered(at + 4 <= end ? fourBytes(bytes, at) : lastBytes(bytes, start, end))
    one = Math.imul(one ^ four, 0x85eb_ca6b)
    one ^= one >>> 15
    other = Math.imul(other ^ four, 0xc2b2_ae35)
    other ^= other >>> 13
  }
  into[0] = mixed(one)
  return mixed(other)
}

/** Each byte from `A` to `Z` has 0x20 added: the upper bit of a byte says that it is not below a letter, after as much was added. */
function lowered(four: number): number {
  const ascii = four & 0x7f7f_7f7f
  const capitals = (ascii + 0x3f3f_3f3f) & ~(ascii + 0x2525_2525) & ~four & 0x8080_8080
  return four | (capitals >>> 2)
}

function mixed(bits: number): number {
  let all = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  all = Math.imul(all ^ (all >>> 13), 0xc2b2_ae35)
  return (all ^ (all >>> 16)) >>> 0
}
