/**
 * Tells ids that surely are not among some hundreds, by their bytes and without a text. Of the others a few are not among
 * them either: of 500 ids one in five hundred.
 */
import { fourBytes, lastBytes } from '../domain/four-bytes.ts'

export interface IdFilter {
  /** False where the id that lies in `bytes` is none of them. */
  mayHave(bytes: Uint8Array, start: number, end: number): boolean
  add(customerId: string): void
}

const places = 2 ** 18

export function createIdFilter(customerIds: Iterable<string>): IdFilter {
  /** A bit by hash: 1 where one of them has it. */
  const bits = new Int32Array(places / 32)

  function add(customerId: string): void {
    const bytes = Buffer.from(customerId)
    const place = placeOf(bytes, 0, bytes.length)
    bits[place >>> 5] = (bits[place >>> 5] ?? 0) | (1 << place)
  }

  for (const customerId of customerIds) add(customerId)
  return {
    add,
    mayHave(bytes, start, end) {
      const place = placeOf(bytes, start, end)
      return ((bits[place >>> 5] ?? 0) & (1 << place)) !== 0
    },
  }
}

function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = mixed(end - start, lastBytes(bytes, start, end))
  for (let at = start; at + 4 <= end; at += 4) hash = mixed(hash, fourBytes(bytes, at))
  return hash & (places - 1)
}

function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x85eb_ca6b)
  return product ^ (product >>> 15)
}
