import { describe, expect, it } from 'vitest'
import { createFoundRate } from '../../src/http/found-rate.ts'
import { createLimiter } from '../../src/http/limiter.ts'
import { createMemoryQuota } from '../../src/http/memory-quota.ts'
import { createSlots } from '../../src/http/slots.ts'
import { createThrottle } from '../../src/http/throttle.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

const never = new AbortController().signal

/** A server with a limit that nobody told us, `latencyMs` away; what it took and refused, by the second. */
async function followed(perSecond: number, latencyMs: number, seconds: number) {
  const clock = createVirtualClock()
  const slots = createSlots(64)
  const found = createFoundRate(clock)
  const limiter = createLimiter({ quota: createMemoryQuota([], clock), slots, found, clock })
  const throttle = createThrottle({
    limiter,
    found,
    windows: [],
    clock,
    random: () => 0.5,
    longestMs: 60_000,
    onThrottled() {},
    stop(error) {
      throw error
    },
  })
  const taken: number[] = []
  const refused: number[] = []
  let recent: number[] = []
  async function worker(): Promise<void> {
    while (clock.now() < seconds * 1_000) {
      const over = await limiter.turn(never)
      await clock.sleep(latencyMs / 2)
      const now = clock.now()
      recent = recent.filter((at) => at > now - 1_000)
      const isTaken = recent.length < perSecond
      if (isTaken) recent.push(now)
      ;(isTaken ? taken : refused).push(now)
      await clock.sleep(latencyMs / 2)
      if (isTaken) {
        throttle.accepted()
        found.accepted()
        slots.answered()
      } else throttle.throttled({ status: 429, headers: {}, body: '', tookMs: latencyMs })
      over()
    }
  }
  const workers = Array.from({ length: 64 }, worker)
  await clock.advanceTo(seconds * 1_000 + 120_000)
  await Promise.all(workers)
  return { rate: settled(taken) / (seconds - 10), refused: settled(refused) / settled(taken) }
}

/** How many came after the first ten seconds. */
function settled(times: readonly number[]): number {
  return times.filter((at) => at >= 10_000).length
}

describe('a limit that nobody told us', () => {
  it.each([2, 50, 200])(
    'of 200 a second is found in ten seconds and followed at %i ms',
    async (latencyMs) => {
      const { rate, refused } = await followed(200, latencyMs, 25)
      expect(rate).toBeGreaterThan(180)
      expect(rate).toBeLessThan(206)
      expect(refused).toBeLessThan(0.01)
    },
  )
})
