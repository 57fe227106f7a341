import { expect, it } from 'vitest'
import { createFoundRate } from '../../src/http/found-rate.ts'
import { createHealth } from '../../src/http/health.ts'
import { createSlots } from '../../src/http/slots.ts'
import type { Slots } from '../../src/http/slots.ts'
import { notSent, response, success } from '../support/rig.ts'

const outage = { failed() {}, succeeded() {} }

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
  const found = createFoundRate({ now: () => 0 })
  const health = createHealth({ throttle, slots, found, isPaused: () => isPaused, outage })
  health.answered(response(429, '<html>slow down</html>'), false)
  for (let late = 0; late < 49; late++) health.answered(success(), false)
  expect([slots.count, accepted]).toEqual([1, 0])
  isPaused = false
  health.answered(success(), false)
  expect([slots.count, accepted]).toEqual([2, 1])
})

/** Health alone with its slots, and how often something happens to it. */
function createStage(slots: Slots) {
  const throttle = { throttled() {}, accepted() {} }
  const found = createFoundRate({ now: () => 0 })
  const told: string[] = []
  const breaker = { failed: (why: string) => told.push(why), succeeded: () => told.push('answered') }
  const health = createHealth({ throttle, slots, found, isPaused: () => false, outage: breaker })
  return {
    told,
    health,
    fail(times: number) {
      for (let time = 0; time < times; time++) health.broke(notSent, false)
    },
    answer(times: number) {
      for (let time = 0; time < times; time++) health.answered(success(), false)
    },
  }
}

it('a budget for failures that is used up squeezes the slots, and answers earn it again', () => {
  const slots = createSlots(16)
  const stage = createStage(slots)
  stage.fail(50)
  expect(slots.count).toBe(16)
  stage.fail(1)
  expect(slots.count).toBe(4)
  stage.answer(1_000)
  expect(slots.count).toBe(16)
  stage.fail(50)
  expect(slots.count).toBe(16)
  stage.fail(1)
  expect(slots.count).toBe(4)
})

it('probes say nothing to the breaker that sends them', () => {
  const { told, health } = createStage(createSlots(16))
  health.broke(notSent, true)
  health.answered(success(), true)
  expect(told).toEqual([])
  health.broke(notSent, false)
  health.answered(success(), false)
  health.answered(response(500, ''), false)
  expect(told).toEqual(['ECONNREFUSED', 'answered', 'HTTP 500'])
})
