import { expect, it } from 'vitest'
import { createFoundRate } from '../../src/client/found-rate.ts'
import { createHealth } from '../../src/client/health.ts'
import { createRetryBudget } from '../../src/client/retry-budget.ts'
import { createSlots } from '../../src/client/slots.ts'
import { response, success } from '../support/rig.ts'

it('answers that were on their way when everybody was told to stop do not open the slots again', () => {
  let isPaused = false
  let accepted = 0
  const slots = createSlots(50)
  const throttle = {
    throttled() {
      isPaused = true
      slots.restart()
    },
    accepted: () => accepted++,
  }
  const health = createHealth({
    throttle,
    slots,
    found: createFoundRate({ now: () => 0 }),
    budget: createRetryBudget(slots),
    isPaused: () => isPaused,
    outage: undefined,
  })
  health.answered(response(429, '<html>slow down</html>'))
  for (let late = 0; late < 49; late++) health.answered(success())
  expect([slots.count, accepted]).toEqual([1, 0])
  isPaused = false
  health.answered(success())
  expect([slots.count, accepted]).toEqual([2, 1])
})
