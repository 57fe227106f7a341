/**
 * A budget for trying again: success earns it, failures spend it. Where it is used up, few requests go at a time until
 * answers come again; no row fails for it, since a batch can wait.
 */
import type { Slots } from './slots.ts'

export interface RetryBudget {
  readonly earn: () => void
  readonly spend: () => void
}

const full = 50
const earned = 0.1

export function createRetryBudget(slots: Pick<Slots, 'squeeze'>): RetryBudget {
  let left = full
  return {
    earn() {
      if (left < full) left += earned
    },
    spend() {
      if (left >= 1) left--
      else slots.squeeze()
    },
  }
}
