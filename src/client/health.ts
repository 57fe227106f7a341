/** What one exchange tells about the server, passed on to whoever reacts: pauses, slots, the found rate, the breaker. */
import type { ApiResponse } from '../pipeline/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import type { FoundRate } from './found-rate.ts'
import type { Outage } from './outage.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Slots } from './slots.ts'
import type { Throttle } from './throttle.ts'
import type { TransportError } from './transport-error.ts'

export interface Health {
  /** Called with every whole answer, before its turn is over: nobody may slip through between a block and the pause that it asks for. */
  answered(response: ApiResponse): void
  /** Called where no whole answer came. */
  broke(error: TransportError): void
}

export interface HealthParts {
  readonly throttle: Throttle
  readonly slots: Slots
  readonly found: FoundRate
  readonly budget: RetryBudget
  readonly isPaused: () => boolean
  /** Nothing for requests that ask whether an outage is over. */
  readonly outage: Outage | undefined
}

export function createHealth({ throttle, slots, found, budget, isPaused, outage }: HealthParts): Health {
  return {
    answered(response) {
      if (isThrottled(response)) return throttle.throttled(response)
      found.accepted()
      // What was on its way when everybody was told to stop says nothing about afterwards.
      const isLate = isPaused()
      if (!isLate) throttle.accepted()
      if (response.status === 503) slots.overloaded()
      else if (!isLate) slots.answered()
      if (response.status >= 500 && response.status !== 501 && response.status !== 505) {
        budget.spend()
        outage?.failed(`HTTP ${response.status}`)
        return
      }
      budget.earn()
      outage?.succeeded()
    },
    broke({ phase, reason }) {
      if (phase === 'ambiguous') slots.overloaded()
      budget.spend()
      outage?.failed(reason)
    },
  }
}
