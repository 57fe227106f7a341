/**
 * Finds e-mail addresses that several customers have. A flat table of 8 bytes a place, full at a million and a half addresses:
 * what comes behind them is compared with those only. Of its memory the system gives what is used.
 */

export interface SharedEmails {
  /** True where another customer has had that address. */
  add(email: string, customerId: string): boolean
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

  return {
    add(email, customerId) {
      places ??= new Uint32Array(allPlaces * words)
      const start = readFingerprint(email, halves)
      const check = halves[0] ?? 0
      // The end of an id is what it differs in from others.
      readFingerprint(customerId.slice(-16), halves)
      const customer = halves[0] || 1
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

/** Where the address stands, or the free place where it belongs. */
function find(places: Uint32Array, start: number, check: number): number {
  const mask = allPlaces - 1
  for (let place = start & mask; ; place = (place + 1) & mask) {
    const at = place * words
    if (places[at + 1] === 0 || places[at] === check) return at
  }
}

/**
 * FNV-1a with an end that brings every bit to all others, over the text without regard to case in ASCII: 32 bits into `into`, and
 * 32 others of another start, which it gives. Both in one pass, because two take as long as all rules of a row.
 */
function readFingerprint(text: string, into: Uint32Array): number {
  let [one, other] = [0x811c_9dc5, 0x9e37_79b9]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code
    one = Math.imul(one ^ lower, 0x0100_0193)
    other = Math.imul(other ^ lower, 0x85eb_ca6b)
  }
  into[0] = mixed(one)
  return mixed(other)
}

function mixed(bits: number): number {
  let all = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  all = Math.imul(all ^ (all >>> 13), 0xc2b2_ae35)
  return (all ^ (all >>> 16)) >>> 0
}
