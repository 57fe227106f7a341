import { describe, expect, it } from 'vitest'
import { createCircuitBreaker } from '../../../src/http/circuit-breaker.ts'
import { createVirtualClock } from '../../support/virtual-clock.ts'

function createStage(answers: readonly boolean[], longestMs = 600_000) {
  const clock = createVirtualClock()
  const opened: boolean[] = []
  const probes: number[] = []
  const stops: Error[] = []
  const left = [...answers]
  const breaker = createCircuitBreaker({
    clock,
    longestMs,
    limiter: { setProbesOnly: (isOn) => opened.push(isOn) },
    probe() {
      probes.push(clock.now())
      return Promise.resolve(left.shift() ?? false)
    },
    stop: (error) => stops.push(error),
  })
  return { breaker, clock, opened, probes, stops }
}

function fail(breaker: { failed(reason: string): void }, times: number): void {
  for (let failure = 0; failure < times; failure++) breaker.failed('ECONNREFUSED')
}

describe('the circuit breaker', () => {
  it('opens at ten failures in a row, and not at nine', () => {
    const { breaker, opened } = createStage([])
    fail(breaker, 9)
    breaker.succeeded()
    fail(breaker, 9)
    expect(opened).toEqual([])
    fail(breaker, 1)
    expect(opened).toEqual([true])
    breaker.close()
  })

  it('opens if half of the last forty failed', () => {
    const { breaker, opened } = createStage([])
    breaker.failed('HTTP 500')
    for (let pair = 0; pair < 19; pair++) {
      breaker.succeeded()
      breaker.failed('HTTP 500')
    }
    expect(opened).toEqual([])
    breaker.succeeded()
    expect(opened).toEqual([])
    breaker.failed('HTTP 500')
    expect(opened).toEqual([true])
    breaker.close()
  })

  it('probes after 5, 10, 20 seconds and so on, once a minute at least, until there is an answer', async () => {
    const { breaker, clock, opened, probes } = createStage([false, false, false, false, false, true])
    fail(breaker, 10)
    await clock.advanceTo(300_000)
    expect(probes).toEqual([5_000, 15_000, 35_000, 75_000, 135_000, 195_000])
    expect(opened).toEqual([true, false])
    breaker.close()
  })

  it('ends the run when it lasts too long, after one last probe', async () => {
    const { breaker, clock, probes, stops, opened } = createStage([], 60_000)
    fail(breaker, 10)
    await clock.advanceTo(300_000)
    expect(probes.at(-1)).toBe(60_000)
    expect(stops).toMatchObject([{ code: 'E_REMOTE_DOWN', kind: 'REMOTE' }])
    expect(opened).toEqual([true])
  })

  it('takes an outage that comes back within a minute for the same one', async () => {
    const { breaker, clock, probes } = createStage([false, true, false])
    fail(breaker, 10)
    await clock.advanceTo(15_000)
    fail(breaker, 10)
    await clock.advanceTo(26_000)
    expect(probes).toEqual([5_000, 15_000])
    await clock.advanceTo(40_000)
    expect(probes).toEqual([5_000, 15_000, 35_000])
    breaker.close()
  })

  it('ends the run if reads are answered and updates are not, for as long', async () => {
    const { breaker, clock, stops } = createStage(
      Array.from({ length: 100 }, () => true),
      120_000,
    )
    for (let second = 0; second < 300 && stops.length === 0; second++) {
      fail(breaker, 10)
      await clock.advanceTo((second + 1) * 1_000)
    }
    expect(stops).toMatchObject([{ code: 'E_REMOTE_DOWN' }])
    expect(clock.now()).toBeGreaterThan(120_000)
    expect(clock.now()).toBeLessThan(200_000)
    breaker.close()
  })
})
