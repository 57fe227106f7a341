/**
 * Finds e-mail addresses that several customers have. A flat table of 8 bytes a place, full at a million and a half addresses:
 * what comes after them is compared with those only. Of its memory the system gives what is used.
 */
import { hash } from 'node:crypto'

export interface SharedEmails {
  /** True if another customer has had that address. */
  add(email: string, customerId: string): boolean
}

/** Words of a place: half of the address's hash, whose other half chose the place, and its customer's, which is not 0. */
const words = 2
const allPlaces = 2 ** 21
const mostAddresses = allPlaces * 0.75

export function createSharedEmails(): SharedEmails {
  // Not there before an address is: a file may have none.
  let places: Uint32Array | undefined
  let count = 0

  return {
    add(email, customerId) {
      places ??= new Uint32Array(allPlaces * words)
      const [start, check] = hashOf(email.toLowerCase())
      const customer = hashOf(customerId)[0] || 1
      const at = find(places, start, check)
      const known = places[at + 1] ?? 0
      if (known !== 0) return known !== customer
      if (count >= mostAddresses) return false
      places[at] = check
      places[at + 1] = customer
      count++
      return false
    },
  }
}

/** Two numbers of 32 bits. */
function hashOf(text: string): readonly [number, number] {
  const digits = hash('sha1', text, 'hex')
  return [Number.parseInt(digits.slice(0, 8), 16), Number.parseInt(digits.slice(8, 16), 16)]
}

/** Where the address is, or the free place where it belongs. */
function find(places: Uint32Array, start: number, check: number): number {
  const mask = allPlaces - 1
  for (let place = start & mask; ; place = (place + 1) & mask) {
    const at = place * words
    if (places[at + 1] === 0 || places[at] === check) return at
  }
}
