/**
 * Finds e-mail addresses that several customers have. A flat table of fingerprints, 12 bytes a place, which stops growing
 * at three million addresses: what comes behind them is compared with those only.
 */

export interface SharedEmails {
  /** The first row of another customer with that address, or 0. */
  add(email: string, customerId: string, row: number): number
}

/** Words of a place: half of the address's fingerprint, more of it together with some of the customer's, and the row. */
const words = 3
const mostPlaces = 2 ** 22
const largestLoad = 0.75
/** Of the second word: 18 bits are the address's, 14 the customer's. */
const addressBits = 0xffff_c000

export function createSharedEmails(): SharedEmails {
  let places = new Uint32Array(1024 * words)
  let count = 0

  function grow(): void {
    const old = places
    places = new Uint32Array(old.length * 2)
    for (let at = 0; at < old.length; at += words) {
      if (old[at + 2] === 0) continue
      places.set(old.subarray(at, at + words), find(places, old[at] ?? 0, old[at + 1] ?? 0))
    }
  }

  return {
    add(email, customerId, row) {
      const address = email.toLowerCase()
      const first = fingerprint(address, 0x9e37_79b9)
      const second =
        ((fingerprint(address, 0x85eb_ca6b) & addressBits) | (fingerprint(customerId, 0) & ~addressBits)) >>>
        0
      const at = find(places, first, second)
      const known = places[at + 2] ?? 0
      if (known !== 0) return places[at + 1] === second ? 0 : known
      const capacity = places.length / words
      if (count >= capacity * largestLoad) {
        if (capacity >= mostPlaces) return 0
        grow()
        places.set([first, second, row], find(places, first, second))
      } else {
        places[at] = first
        places[at + 1] = second
        places[at + 2] = row
      }
      count++
      return 0
    },
  }
}

/** Where the address stands, whoever's it is, or the free place where it belongs. */
function find(places: Uint32Array, first: number, second: number): number {
  const mask = places.length / words - 1
  for (let place = first & mask; ; place = (place + 1) & mask) {
    const at = place * words
    if (places[at + 2] === 0) return at
    if (places[at] === first && (((places[at + 1] ?? 0) ^ second) & addressBits) === 0) return at
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
