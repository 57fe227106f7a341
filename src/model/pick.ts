/** A sample of customers: the same ones whenever it is drawn for the same run, whatever their order. */
import { hash } from 'node:crypto'

export type Sample = { readonly share: number } | { readonly customers: number }

export interface Pick {
  /** Offers a customer; several times is once. */
  offer(customerId: string): void
  /** Whether it is in the sample of all that were offered. */
  has(customerId: string): boolean
}

/** `salt` decides which ones. Memory grows with the number that is asked for, and not at all for a share. */
export function createPick(sample: Sample, salt: string): Pick {
  const placeOf = (customerId: string): number =>
    Number.parseInt(hash('sha256', `${salt}\n${customerId}`, 'hex').slice(0, 12), 16) / 2 ** 48
  if ('share' in sample) {
    const isIn = (customerId: string): boolean => sample.share >= 1 || placeOf(customerId) < sample.share
    return { offer: () => {}, has: isIn }
  }
  const { customers } = sample
  let picked = new Map<string, number>()
  let last = 1
  const shrink = (): void => {
    picked = new Map([...picked].toSorted(([, one], [, other]) => one - other).slice(0, customers))
    if (picked.size === customers) last = [...picked.values()].at(-1) ?? last
  }
  return {
    offer(customerId) {
      const place = placeOf(customerId)
      if (place > last) return
      picked.set(customerId, place)
      if (picked.size > customers * 2) shrink()
    },
    has(customerId) {
      if (picked.size > customers) shrink()
      return picked.has(customerId)
    },
  }
}
