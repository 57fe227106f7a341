/**
 * Finds e-mail addresses that several customers have. A flat table of 12 bytes a place, full at a million and a half addresses:
 * what comes behind them is compared with those only. Of its memory the system gives what is used.
 */

export interface SharedEmails {
  /** The first row of another customer with that address, or 0. */
  add(email: string, customerId: string, row: number): number
}

/** Words of a place: half of the address's fingerprint, whose other half chose the place, the customer's, and the row. */
const words = 3
const rowWord = 2
const allPlaces = 2 ** 21
const mostAddresses = allPlaces * 0.75

export function createSharedEmails(): SharedEmails {
  // Not there before an address is: a file may have none.
  let places: Uint32Array | undefined
  let count = 0

  return {
    add(email, customerId, row) {
      places ??= new Uint32Array(allPlaces * words)
      const address = email.toLowerCase()
      const check = fingerprint(address, 0x85eb_ca6b)
      const customer = fingerprint(customerId, 0)
      const at = find(places, fingerprint(address, 0x9e37_79b9), check)
      const known = places[at + rowWord] ?? 0
      if (known !== 0) return places[at + 1] === customer ? 0 : known
      if (count >= mostAddresses) return 0
      places[at] = check
      places[at + 1] = customer
      places[at + rowWord] = row
      count++
      return 0
    },
  }
}

/** Where the address stands, or the free place where it belongs. */
function find(places: Uint32Array, start: number, check: number): number {
  const mask = allPlaces - 1
  for (let place = start & mask; ; place = (place + 1) & mask) {
    const at = place * words
    if (places[at + rowWord] === 0 || places[at] === check) return at
  }
}

/** 32 bits, FNV-1a with an end that brings every bit to all others. */
function fingerprint(text: string, seed: number): number {
  let mixed = 0x811c_9dc5 ^ seed
  for (let at = 0; at < text.length; at++) mixed = Math.imul(mixed ^ text.charCodeAt(at), 0x0100_0193)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
