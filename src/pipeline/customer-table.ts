/**
 * Which customers stand in a file, and which of their rows others follow: a flat table of fingerprints, because a Set of
 * ids would take 100 bytes a customer, and this takes 25 to 31.
 */
import { readFingerprint } from '../domain/fingerprint.ts'
import { createRowSet } from '../domain/row-set.ts'
import type { RowSet } from '../domain/row-set.ts'
import type { CustomerCount } from './scan.ts'

export interface CustomerTable extends CustomerCount {
  /** The first row of the file that is not its customer's first, behind that first one. */
  readonly firstPair: readonly [number, number] | undefined
  /** Rows with a call that another row with a call of the same customer follows. */
  readonly followed: RowSet
  /** Rows with a call that follow another one of the same customer. */
  readonly following: RowSet
  /** From 0, in the order of their first rows. @throws Error where the customer has no row */
  numberOf(customerId: string): number
  /** The last row with a call, where there is one. @throws Error where the customer has no row */
  lastRowOf(customerId: string): number
}

/** Words of an entry: four of the fingerprint, and its state. */
const [entryWords, stateWord] = [5, 4]
const [pageBits, pageMask] = [12, 0xfff]

/** A state holds a row (a file of more than 2^30 rows would take years to send) and two flags. */
const [rowMask, called, several] = [0x3fff_ffff, 0x4000_0000, 0x8000_0000]

export function createCustomerTable(): CustomerTable {
  const fingerprint = new Uint32Array(4)
  /** Entries in the order of their customers. Pages, because one array that grows would have to be copied. */
  const pages: Uint32Array[] = []
  /**
   * Open addressing: 0 is a free place, and at most three quarters are taken. The low bits of a place hold the number of a
   * customer plus one, the others those bits of its hash that did not choose the place: an entry, which is far away in
   * memory, is looked at only where it is almost surely the right one.
   */
  let places = new Uint32Array(1024)
  let [customers, repeatedCustomers, duplicateRows] = [0, 0, 0]
  let firstPair: readonly [number, number] | undefined
  const [followed, following] = [createRowSet(), createRowSet()]

  function pageOf(customer: number): Uint32Array {
    const page = pages[customer >>> pageBits]
    if (page === undefined) throw new Error('a customer without a page')
    return page
  }

  /** Where the fingerprint stands in `places`, or the free place where it belongs. */
  function find(hashed: number): number {
    const mask = places.length - 1
    for (let place = hashed & mask; ; place = (place + 1) & mask) {
      const held = places[place] ?? 0
      if (held === 0) return place
      if (((held ^ hashed) & ~mask) === 0 && isEntry((held & mask) - 1)) return place
    }
  }

  function isEntry(customer: number): boolean {
    const page = pageOf(customer)
    const start = (customer & pageMask) * entryWords
    for (let index = 0; index < stateWord; index++) {
      if (page[start + index] !== fingerprint[index]) return false
    }
    return true
  }

  function insert(place: number, hashed: number, state: number): void {
    const start = (customers & pageMask) * entryWords
    if (start === 0) pages.push(new Uint32Array((pageMask + 1) * entryWords))
    const page = pageOf(customers)
    page.set(fingerprint, start)
    page[start + stateWord] = state
    places[place] = (hashed & -places.length) | ++customers
    if (customers > places.length * 0.75) grow()
  }

  /** Another row of a customer. */
  function again(customer: number, row: number, hasCall: boolean): void {
    const page = pageOf(customer)
    const at = (customer & pageMask) * entryWords + stateWord
    const state = page[at] ?? 0
    const earlier = state & rowMask
    duplicateRows++
    if (state < several) {
      repeatedCustomers++
      firstPair ??= [earlier, row]
    }
    if (hasCall && (state & called) !== 0) {
      followed.add(earlier)
      following.add(row)
    }
    page[at] = several + (hasCall ? called + row : state & (called + rowMask))
  }

  function grow(): void {
    const larger = new Uint32Array(places.length * 2)
    const mask = larger.length - 1
    for (let customer = 0; customer < customers; customer++) {
      const hashed = hashOf(pageOf(customer), (customer & pageMask) * entryWords)
      let place = hashed & mask
      while (larger[place] !== 0) place = (place + 1) & mask
      larger[place] = (hashed & ~mask) | (customer + 1)
    }
    places = larger
  }

  function numberOf(customerId: string): number {
    readFingerprint(customerId, fingerprint)
    const held = places[find(hashOf(fingerprint, 0))] ?? 0
    if (held === 0) throw new Error('a customer that has no row')
    return (held & (places.length - 1)) - 1
  }

  return {
    add(customerId, row, hasCall) {
      const isUsual = readFingerprint(customerId, fingerprint)
      const hashed = hashOf(fingerprint, 0)
      const place = find(hashed)
      const held = places[place] ?? 0
      if (held === 0) insert(place, hashed, hasCall ? called + row : row)
      else again((held & (places.length - 1)) - 1, row, hasCall)
      return isUsual
    },
    get customers() {
      return customers
    },
    get repeatedCustomers() {
      return repeatedCustomers
    },
    get duplicateRows() {
      return duplicateRows
    },
    get firstPair() {
      return firstPair
    },
    followed,
    following,
    numberOf,
    lastRowOf(customerId) {
      const customer = numberOf(customerId)
      return (pageOf(customer)[(customer & pageMask) * entryWords + stateWord] ?? 0) & rowMask
    },
  }
}

/** Ids that are counted up differ in their last digits only, so every bit must reach all others. `at` is where the four words start. */
export function hashOf(words: Uint32Array, at: number): number {
  let mixed = Math.imul(words[at] ?? 0, 0x85eb_ca6b) ^ (words[at + 1] ?? 0)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35) ^ (words[at + 2] ?? 0)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x27d4_eb2f) ^ (words[at + 3] ?? 0)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35)
  return mixed ^ (mixed >>> 16)
}
