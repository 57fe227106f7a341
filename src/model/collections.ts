/** Collections of rows and customers: counts by key, sets of rows, and samples of customers. */
import { hash } from 'node:crypto'

export function countUp<Key>(counts: Map<Key, number>, key: Key, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

const others = 'other fields'

/** Names beyond the first `most` are counted together. Default: all are kept. */
export function countEach(counts: Map<string, number>, names: Iterable<string>, most = Infinity): void {
  for (const name of names) countUp(counts, counts.size < most || counts.has(name) ? name : others)
}

/** A set of row numbers, kept as a bitmap: a million rows take 125 KB instead of the 50 MB of a Set. */
export interface RowSet {
  add(row: number): void
  delete(row: number): void
  has(row: number): boolean
  readonly size: number
}

export function createRowSet(): RowSet {
  let bits = new Uint8Array(1024)
  let size = 0
  const has = (row: number): boolean => ((bits[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
  const flip = (row: number): void => {
    const at = row >> 3
    if (at >= bits.length) {
      const larger = new Uint8Array(Math.max(bits.length * 2, at + 1))
      larger.set(bits)
      bits = larger
    }
    bits[at] = (bits[at] ?? 0) ^ (1 << (row & 7))
    size += has(row) ? 1 : -1
  }
  return {
    add(row) {
      if (!has(row)) flip(row)
    },
    delete(row) {
      if (has(row)) flip(row)
    },
    has,
    get size() {
      return size
    },
  }
}

/** A share from 0 to 1, or a number of customers. */
export type SampleSize = { readonly share: number } | { readonly customers: number }

export interface CustomerSample {
  /** Offers a customer. Repeated offers count once. */
  offer(customerId: string): void
  /** True if a customer that was offered is in the sample of all that were. */
  has(customerId: string): boolean
}

/** Draws the same customers for the same `salt`, whatever the order of the offers. An offer takes 8 bytes; a share needs none. */
export function createCustomerSample(size: SampleSize, salt: string): CustomerSample {
  const rankOf = (customerId: string): number =>
    Number.parseInt(hash('sha256', `${salt}\n${customerId}`, 'hex').slice(0, 12), 16) / 2 ** 48
  if ('share' in size) {
    const { share } = size
    return { offer: () => {}, has: (customerId) => share >= 1 || rankOf(customerId) < share }
  }
  const ranks: number[] = []
  let highest: number | undefined
  return {
    offer(customerId) {
      ranks.push(rankOf(customerId))
      highest = undefined
    },
    has(customerId) {
      highest ??=
        ranks.sort((one, other) => one - other).filter((rank, index) => rank !== ranks[index - 1])[
          size.customers - 1
        ] ?? 1
      return rankOf(customerId) <= highest
    },
  }
}
