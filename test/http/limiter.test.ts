import { describe, expect, it } from 'vitest'
import { createFoundRate } from '../../src/http/found-rate.ts'
import { createLimiter } from '../../src/http/limiter.ts'
import { createMemoryQuota } from '../../src/http/memory-quota.ts'
import { createSlots } from '../../src/http/slots.ts'
import type { Clock, Window } from '../../src/model/ports.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

const never = new AbortController().signal

function limiterOn(windows: readonly Window[], clock: Clock, most = 10_000) {
  const slots = createSlots(most)
  const quota = createMemoryQuota(windows, clock)
  return Object.assign(createLimiter({ quota, slots, found: createFoundRate(clock), clock }), { slots })
}

/** Sends `calls` as fast as turns come, each answered after `latency(n)`; gives the times at which the server sees them. */
async function arrivals(
  windows: readonly Window[],
  calls: number,
  latency: (call: number) => number,
  untilMs: number,
): Promise<number[]> {
  const clock = createVirtualClock()
  const limiter = limiterOn(windows, clock)
  const seen: number[] = []
  async function call(number: number): Promise<void> {
    const over = await limiter.turn(never)
    const ms = latency(number)
    // The worst case: the server counts it at the last moment.
    await clock.sleep(ms)
    seen.push(clock.now())
    over()
  }
  const all = Array.from({ length: calls }, (_, number) => call(number))
  await clock.advanceTo(untilMs)
  expect(seen).toHaveLength(calls)
  await Promise.all(all)
  return seen
}

function mostWithin(times: readonly number[], perMs: number): number {
  const sorted = times.toSorted((left, right) => left - right)
  let first = 0
  return Math.max(
    ...sorted.map((time, index) => {
      while (time - (sorted[first] ?? 0) >= perMs) first++
      return index - first + 1
    }),
  )
}

describe('the limiter', () => {
  const windows = [
    { limit: 36, perMs: 2_000 },
    { limit: 135, perMs: 10_000 },
  ]

  it.each([
    ['no latency', () => 0],
    ['steady latency', () => 80],
    ['jitter', (call: number) => (call * 7919) % 400],
    ['one slow call in ten', (call: number) => (call % 10 === 0 ? 3_000 : 20)],
  ])('never lets a window be crossed with %s', async (_what, latency) => {
    const seen = await arrivals(windows, 600, latency, 120_000)
    for (const { limit, perMs } of windows) expect(mostWithin(seen, perMs)).toBeLessThanOrEqual(limit)
  })

  it('uses what the windows allow', async () => {
    const seen = await arrivals(windows, 600, () => 50, 120_000)
    // 4 × 135 in the first 40 seconds, then 36, and the last 24 two seconds later.
    expect(Math.max(...seen)).toBeLessThan(42_000 * 1.02)
  })

  it('sends at once what a window has room for', async () => {
    const seen = await arrivals([{ limit: 180, perMs: 60_000 }], 150, () => 10, 60_000)
    expect(Math.max(...seen)).toBe(10)
  })

  it('gives nobody a turn during a pause, then one, then two, then one more with every answer', async () => {
    const clock = createVirtualClock()
    const limiter = limiterOn([], clock)
    limiter.pause(5_000)
    const turns: (() => void)[] = []
    const waiting = Array.from({ length: 7 }, async () => turns.push(await limiter.turn(never)))
    await clock.advanceTo(4_999)
    expect(turns).toHaveLength(0)
    await clock.advanceTo(5_001)
    expect(turns).toHaveLength(1)
    limiter.slots.answered()
    turns[0]?.()
    await clock.advanceTo(5_002)
    expect(turns).toHaveLength(3)
    limiter.slots.answered()
    turns[1]?.()
    await clock.advanceTo(5_003)
    expect(turns).toHaveLength(5)
    limiter.slots.answered()
    turns[2]?.()
    await Promise.all(waiting)
  })

  it('begins with one again when the one that went ahead is throttled too', async () => {
    const clock = createVirtualClock()
    const limiter = limiterOn([], clock)
    limiter.pause(1_000)
    const turns: (() => void)[] = []
    const waiting = Array.from({ length: 2 }, async () => turns.push(await limiter.turn(never)))
    await clock.advanceTo(1_000)
    // Its answer asks for a pause before its turn is over.
    limiter.pause(5_000)
    turns[0]?.()
    await clock.advanceTo(5_999)
    expect(turns).toHaveLength(1)
    await clock.advanceTo(6_000)
    expect(turns).toHaveLength(2)
    await Promise.all(waiting)
  })

  it('lets its timer go when it is closed', async () => {
    const clock = createVirtualClock()
    const limiter = limiterOn([{ limit: 1, perMs: 60_000 }], clock)
    const stop = new AbortController()
    await limiter.turn(never)
    limiter.pause(50_000)
    const waiting = Promise.resolve(limiter.turn(stop.signal))
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
    limiter.close()
    await clock.advanceTo(0)
    expect(clock.now()).toBe(0)
  })

  it('lets a waiter go when its run stops', async () => {
    const clock = createVirtualClock()
    const limiter = limiterOn([{ limit: 1, perMs: 1_000 }], clock)
    const stop = new AbortController()
    await limiter.turn(never)
    const waiting = limiter.turn(stop.signal)
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
  })
})
