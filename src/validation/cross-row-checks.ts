/** Checks that compare rows with each other: shared e-mail addresses, and the order of day and month. */
import { hash } from 'node:crypto'
import type { RowPlace } from './findings.ts'

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

export interface DateOrder {
  /** The day and the month of a date that the rules have taken. */
  taken(day: number, month: number, place: RowPlace): void
  /** A cell that they have refused. */
  refused(cell: string): void
  /** The rows whose dates may be turned round: how many, and the first of them. */
  doubtful(): { readonly rows: number; readonly places: readonly RowPlace[] }
}

const mostPlaces = 5

export function createDateOrder(): DateOrder {
  const places: RowPlace[] = []
  let [ambiguous, monthFirst] = [0, 0]
  return {
    taken(day, month, { row, line }) {
      if (day > 12 || day === month) return
      ambiguous++
      if (places.length < mostPlaces) places.push({ row, line })
    },
    refused(cell) {
      const [, first, second] = /^(\d{1,2})\/(\d{1,2})\/\d{4}$/.exec(cell) ?? []
      if (Number(first) <= 12 && Number(second) > 12 && Number(second) <= 31) monthFirst++
    },
    doubtful: () => (monthFirst === 0 ? { rows: 0, places: [] } : { rows: ambiguous, places }),
  }
}
