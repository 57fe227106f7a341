import { describe, expect, it } from 'vitest'
import { createOutage } from '../../src/http/outage.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

function outageWith(answers: readonly boolean[], longestMs = 600_000) {
  const clock = createVirtualClock()
  const held: boolean[] = []
  const probes: number[] = []
  const stops: Error[] = []
  const left = [...answers]
  const outage = createOutage({
    clock,
    longestMs,
    limiter: { hold: (isHeld) => held.push(isHeld) },
    probe() {
      probes.push(clock.now())
      return Promise.resolve(left.shift() ?? false)
    },
    stop: (error) => stops.push(error),
  })
  return { outage, clock, held, probes, stops }
}

function fail(outage: { failed(why: string): void }, times: number): void {
  for (let failure = 0; failure < times; failure++) outage.failed('ECONNREFUSED')
}

describe('the breaker', () => {
  it('opens at ten failures in a row, and not at nine', () => {
    const { outage, held } = outageWith([])
    fail(outage, 9)
    outage.succeeded()
    fail(outage, 9)
    expect(held).toEqual([])
    fail(outage, 1)
    expect(held).toEqual([true])
    outage.close()
  })

  it('opens where half of the last forty failed', () => {
    const { outage, held } = outageWith([])
    outage.failed('HTTP 500')
    for (let pair = 0; pair < 19; pair++) {
      outage.succeeded()
      outage.failed('HTTP 500')
    }
    expect(held).toEqual([])
    outage.succeeded()
    expect(held).toEqual([])
    outage.failed('HTTP 500')
    expect(held).toEqual([true])
    outage.close()
  })

  it('asks after 5, 10, 20 seconds and so on, once a minute at least, until there is an answer', async () => {
    const { outage, clock, held, probes } = outageWith([false, false, false, false, false, true])
    fail(outage, 10)
    await clock.advanceTo(300_000)
    expect(probes).toEqual([5_000, 15_000, 35_000, 75_000, 135_000, 195_000])
    expect(held).toEqual([true, false])
    outage.close()
  })

  it('ends the run when it lasts too long, after one last look', async () => {
    const { outage, clock, probes, stops, held } = outageWith([], 60_000)
    fail(outage, 10)
    await clock.advanceTo(300_000)
    expect(probes.at(-1)).toBe(60_000)
    expect(stops).toMatchObject([{ code: 'E_REMOTE_DOWN', kind: 'REMOTE' }])
    expect(held).toEqual([true])
  })

  it('takes an outage that comes back within a minute for the same one', async () => {
    const { outage, clock, probes } = outageWith([false, true, false])
    fail(outage, 10)
    await clock.advanceTo(15_000)
    fail(outage, 10)
    await clock.advanceTo(26_000)
    expect(probes).toEqual([5_000, 15_000])
    await clock.advanceTo(40_000)
    expect(probes).toEqual([5_000, 15_000, 35_000])
    outage.close()
  })

  it('ends the run where reads are answered and updates are not, for as long', async () => {
    const { outage, clock, stops } = outageWith(
      Array.from({ length: 100 }, () => true),
      120_000,
    )
    for (let second = 0; second < 300 && stops.length === 0; second++) {
      fail(outage, 10)
      await clock.advanceTo((second + 1) * 1_000)
    }
    expect(stops).toMatchObject([{ code: 'E_REMOTE_DOWN' }])
    expect(clock.now()).toBeGreaterThan(120_000)
    expect(clock.now()).toBeLessThan(200_000)
    outage.close()
  })
})
