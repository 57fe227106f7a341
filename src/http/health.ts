/** What one exchange shows of the server, passed on to what reacts: pauses, slots, the found rate, the breaker. */
import type { ApiResponse } from '../model/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import type { FoundRate } from './found-rate.ts'
import type { Outage } from './outage.ts'
import type { Slots } from './slots.ts'
import type { Throttle } from './throttle.ts'
import type { TransportError } from './transport-error.ts'

/** `isProbe`: the request asked whether the server is there, which says nothing about the beginning or end of an outage. */
export interface Health {
  /** Called with every whole answer, before its turn is over: nothing may slip through between a block and the pause that it asks for. */
  answered(response: ApiResponse, isProbe: boolean): void
  /** Called where no whole answer came. */
  broke(error: TransportError, isProbe: boolean): void
}

export interface HealthParts {
  readonly throttle: Throttle
  readonly slots: Slots
  readonly found: FoundRate
  readonly isPaused: () => boolean
  readonly outage: Pick<Outage, 'failed' | 'succeeded'>
}

const fullBudget = 50
const earnedBudget = 0.1

export function createHealth({ throttle, slots, found, isPaused, outage }: HealthParts): Health {
  /**
   * A budget for trying again: answers earn it, failures spend it. Where it is used up, few requests go at a time until
   * answers come again; no row fails for it, since a batch can wait.
   */
  let budget = fullBudget

  function failed(why: string, isProbe: boolean): void {
    if (budget >= 1) budget--
    else slots.squeeze()
    if (!isProbe) outage.failed(why)
  }

  return {
    answered(response, isProbe) {
      if (isThrottled(response)) return throttle.throttled(response)
      const { status } = response
      found.accepted()
      // An answer to a request from before the pause says nothing about the time after it.
      const isLate = isPaused()
      if (!isLate) throttle.accepted()
      if (status === 503) slots.overloaded()
      else if (!isLate) slots.answered()
      if (status >= 500 && status !== 501 && status !== 505) return failed(`HTTP ${status}`, isProbe)
      if (budget < fullBudget) budget += earnedBudget
      if (!isProbe) outage.succeeded()
    },
    broke({ phase, reason }, isProbe) {
      if (phase === 'ambiguous') slots.overloaded()
      failed(reason, isProbe)
    },
  }
}
