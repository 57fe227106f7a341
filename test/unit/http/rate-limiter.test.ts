import { describe, expect, it } from 'vitest'
import { createMemoryQuota } from '../../../src/http/limiter-state.ts'
import {
  createRateLimiter,
  pauseMs,
  type AcquireOptions,
  type Permit,
} from '../../../src/http/rate-limiter.ts'
import type { Quota, Window } from '../../../src/model/store.ts'
import { lost, notSent, response, success, times } from '../../support/rig.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts'

const never = new AbortController().signal
const page = (seconds: number) => response(429, '<html>', { 'retry-after': String(seconds) })

interface StageOptions {
  readonly windows?: readonly Window[]
  readonly concurrency?: number
  readonly longestMs?: number
  readonly callsLeft?: () => number
  /** False until a row was updated. Default true. */
  readonly isProven?: boolean
  readonly clock?: VirtualClock
  readonly quota?: Quota
}

/** A limiter on virtual time, and what it reports. */
function createStage({
  windows = [],
  concurrency = 16,
  longestMs = 60_000,
  callsLeft = () => 0,
  isProven = true,
  clock = createVirtualClock(),
  quota = createMemoryQuota(windows, clock),
}: StageOptions = {}) {
  const results: string[] = []
  const pauses: number[] = []
  const rates: (number | undefined)[] = []
  const stops: Error[] = []
  const limiter = createRateLimiter({
    quota,
    windows,
    concurrency,
    callsLeft,
    clock,
    random: () => 0.5,
    longestMs,
    stop: (error) => stops.push(error),
    onSuccess: () => results.push('success'),
    onFailure: (reason) => results.push(reason),
    onPause(ms, perSecond) {
      pauses.push(ms)
      rates.push(perSecond)
    },
  })
  if (isProven) limiter.allowConcurrency()

  /** Reports the same result of so many requests, one after another. */
  async function report(count: number, tell: (permit: Permit) => void, probe = false): Promise<void> {
    for (let request = 0; request < count; request++) {
      const permit = await limiter.acquire(never, { probe })
      tell(permit)
      permit.release()
    }
  }

  /** How many requests may be in flight now. */
  async function countRoom(): Promise<number> {
    const stop = new AbortController()
    const permits: Permit[] = []
    const asked = times(concurrency + 1, 0).map(() =>
      limiter.acquire(stop.signal).then(
        (permit) => permits.push(permit),
        () => 0,
      ),
    )
    await clock.advanceTo(clock.now())
    stop.abort()
    await Promise.all(asked)
    for (const permit of permits) permit.release()
    return permits.length
  }

  return {
    clock,
    limiter,
    rates,
    results,
    pauses,
    stops,
    answer: (count: number, probe = false) => report(count, (permit) => permit.answered(success()), probe),
    fail: (count: number, error = notSent, probe = false) =>
      report(count, (permit) => permit.failed(error), probe),
    room: () => countRoom(),
  }
}

/** Sends `calls` as fast as permits come, each answered after `latency(n)`; gives the times at which the server sees them. */
async function arrivals(
  windows: readonly Window[],
  calls: number,
  latency: (call: number) => number,
  untilMs: number,
): Promise<number[]> {
  const { clock, limiter } = createStage({ windows, concurrency: 10_000 })
  const seen: number[] = []
  async function call(number: number): Promise<void> {
    const permit = await limiter.acquire(never)
    // The worst case: the server counts it at the last moment.
    await clock.sleep(latency(number))
    seen.push(clock.now())
    permit.release()
  }
  const all = Array.from({ length: calls }, (_, number) => call(number))
  await clock.advanceTo(untilMs)
  expect(seen).toHaveLength(calls)
  await Promise.all(all)
  return seen
}

function mostWithin(seen: readonly number[], perMs: number): number {
  const sorted = seen.toSorted((left, right) => left - right)
  let first = 0
  return Math.max(
    ...sorted.map((time, index) => {
      while (time - (sorted[first] ?? 0) >= perMs) first++
      return index - first + 1
    }),
  )
}

/** A limiter whose quota answers when the test says so, with so many requests on the wire as the quota knows of. */
function createLateStage() {
  const clock = createVirtualClock()
  const memory = createMemoryQuota([{ limit: 5, perMs: 60_000 }], clock)
  const answers: (() => void)[] = []
  let onWire = 0
  const quota: Quota = {
    ...memory,
    take(requests) {
      const taken = memory.take(requests).then((waitMs) => {
        if (waitMs === 0) onWire++
        return waitMs
      })
      return new Promise((resolve) => answers.push(() => resolve(taken)))
    },
    end() {
      onWire--
      return memory.end()
    },
    get pausedForMs() {
      return memory.pausedForMs
    },
  }
  const stage = createStage({ quota, clock })
  return { ...stage, onWire: () => onWire, answer: () => answers.shift()?.() }
}

describe('permits within windows', () => {
  const windows = [
    { limit: 36, perMs: 2_000 },
    { limit: 135, perMs: 10_000 },
  ]

  it.each([
    ['no latency', () => 0],
    ['steady latency', () => 80],
    ['jitter', (call: number) => (call * 7919) % 400],
    ['one slow call in ten', (call: number) => (call % 10 === 0 ? 3_000 : 20)],
  ])('never let a window be crossed with %s', async (_what, latency) => {
    const seen = await arrivals(windows, 600, latency, 120_000)
    for (const { limit, perMs } of windows) expect(mostWithin(seen, perMs)).toBeLessThanOrEqual(limit)
  })

  it('use what the windows allow', async () => {
    const seen = await arrivals(windows, 600, () => 50, 120_000)
    // 4 × 135 in the first 40 seconds, then 36, and the last 24 two seconds later.
    expect(Math.max(...seen)).toBeLessThan(42_000 * 1.02)
  })

  it('come at once if a window has room', async () => {
    const seen = await arrivals([{ limit: 180, perMs: 60_000 }], 150, () => 10, 60_000)
    expect(Math.max(...seen)).toBe(10)
  })

  it('are no longer waited for when the run stops', async () => {
    const { limiter } = createStage({ windows: [{ limit: 1, perMs: 1_000 }] })
    const stop = new AbortController()
    await limiter.acquire(never)
    const waiting = limiter.acquire(stop.signal)
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
  })

  describe('of a quota that answers late', () => {
    it('are not given in a pause that began meanwhile, but after it', async () => {
      const { clock, limiter, onWire, answer } = createLateStage()
      let given = 0
      void limiter.acquire(never).then(() => given++)
      limiter.pause(500)
      answer()
      await clock.advanceTo(499)
      expect([given, onWire()]).toEqual([0, 0])
      await clock.advanceTo(500)
      answer()
      await clock.advanceTo(500)
      expect([given, onWire()]).toEqual([1, 1])
    })

    it('are not given while the circuit is open', async () => {
      const { clock, limiter, onWire, answer } = createLateStage()
      let given = 0
      void limiter.acquire(never).then(() => given++)
      limiter.setProbesOnly(true)
      answer()
      await clock.advanceTo(0)
      expect([given, onWire()]).toEqual([0, 0])
      limiter.setProbesOnly(false)
      answer()
      await clock.advanceTo(0)
      expect([given, onWire()]).toEqual([1, 1])
    })

    it('go to the next one if nobody waits for them any more', async () => {
      const { clock, limiter, onWire, answer } = createLateStage()
      const stop = new AbortController()
      const first = limiter.acquire(stop.signal)
      let given = 0
      void limiter.acquire(never).then(() => given++)
      stop.abort(new Error('stopped'))
      await expect(first).rejects.toThrow('stopped')
      answer()
      await clock.advanceTo(0)
      expect([given, onWire()]).toEqual([0, 1])
      answer()
      await clock.advanceTo(0)
      expect([given, onWire()]).toEqual([1, 1])
    })
  })

  it('keep no timer once the limiter is closed', async () => {
    const { limiter, clock } = createStage({ windows: [{ limit: 1, perMs: 60_000 }] })
    const stop = new AbortController()
    await limiter.acquire(never)
    limiter.pause(50_000)
    const waiting = limiter.acquire(stop.signal)
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
    await limiter.close()
    await clock.advanceTo(0)
    expect(clock.now()).toBe(0)
  })
})

describe('permits', () => {
  it('are given in order, and to a probe first', async () => {
    const { limiter, clock } = createStage({ concurrency: 1 })
    const order: string[] = []
    const acquire = async (name: string, probe = false): Promise<void> => {
      const permit = await limiter.acquire(never, { probe })
      order.push(name)
      permit.release()
    }
    const first = await limiter.acquire(never)
    const waiting = [acquire('one'), acquire('two'), acquire('probe', true)]
    first.release()
    await clock.advanceTo(1)
    await Promise.all(waiting)
    expect(order).toEqual(['probe', 'one', 'two'])
  })

  it('are only for probes while the circuit is open', async () => {
    const { limiter, clock } = createStage()
    limiter.setProbesOnly(true)
    const permits: Permit[] = []
    const waiting = limiter.acquire(never).then((permit) => permits.push(permit))
    ;(await limiter.acquire(never, { probe: true })).release()
    await clock.advanceTo(60_000)
    expect(permits).toHaveLength(0)
    limiter.setProbesOnly(false)
    await waiting
    expect(permits).toHaveLength(1)
  })

  it('tell the circuit breaker what became of requests, but not of its own probes', async () => {
    const { answer, fail, limiter, results } = createStage()
    await fail(1, notSent, true)
    await answer(1, true)
    expect(results).toEqual([])
    await fail(1)
    await answer(1)
    const permit = await limiter.acquire(never)
    permit.answered(response(500, ''))
    expect(results).toEqual(['ECONNREFUSED', 'success', 'HTTP 500'])
  })
})

describe('a pause', () => {
  it('gives no permit, then one, then two, then one more with every answer', async () => {
    const { limiter, clock } = createStage()
    limiter.pause(5_000)
    const permits: Permit[] = []
    const waiting = times(7, 0).map(async () => permits.push(await limiter.acquire(never)))
    const end = (at: number): void => {
      permits[at]?.answered(success())
      permits[at]?.release()
    }
    await clock.advanceTo(4_999)
    expect(permits).toHaveLength(0)
    await clock.advanceTo(5_001)
    expect(permits).toHaveLength(1)
    end(0)
    await clock.advanceTo(5_002)
    expect(permits).toHaveLength(3)
    end(1)
    await clock.advanceTo(5_003)
    expect(permits).toHaveLength(5)
    end(2)
    await Promise.all(waiting)
  })

  it('begins again if the request that went ahead is throttled too', async () => {
    const { limiter, clock } = createStage()
    limiter.pause(1_000)
    const permits: Permit[] = []
    const waiting = times(2, 0).map(async () => permits.push(await limiter.acquire(never)))
    await clock.advanceTo(1_000)
    permits[0]?.answered(page(5))
    permits[0]?.release()
    await clock.advanceTo(5_999)
    expect(permits).toHaveLength(1)
    await clock.advanceTo(6_000)
    expect(permits).toHaveLength(2)
    await Promise.all(waiting)
  })

  it('is asked for once by all that were in flight, and not ended by their answers', async () => {
    const { limiter, clock, pauses, room, answer } = createStage({ concurrency: 50 })
    const permits = await Promise.all(times(50, 0).map(() => limiter.acquire(never)))
    for (const permit of permits.slice(0, 2)) permit.answered(page(7))
    for (const permit of permits.slice(2)) permit.answered(success())
    for (const permit of permits) permit.release()
    expect(pauses).toEqual([7_000])
    await clock.advanceTo(7_000)
    expect(await room()).toBe(1)
    await answer(1)
    expect(await room()).toBe(2)
  })

  it('lasts as long as the shorter window, then as the longer one, until an answer is accepted', async () => {
    const windows = [
      { limit: 100, perMs: 10_000 },
      { limit: 400, perMs: 40_000 },
    ]
    const { limiter, clock, pauses } = createStage({ windows, longestMs: 600_000 })
    for (const answer of [response(429, ''), response(429, ''), success(), response(429, '')]) {
      const permit = limiter.acquire(never)
      await clock.advanceTo(clock.now() + 50_000)
      ;(await permit).answered(answer)
      ;(await permit).release()
    }
    expect(pauses).toEqual([10_500, 42_000, 10_500])
  })

  it('stops the run if throttling lasts too long', async () => {
    const { limiter, clock, pauses, stops } = createStage({ longestMs: 60_000 })
    while (stops.length === 0) {
      const permit = limiter.acquire(never)
      await clock.advanceTo(clock.now() + 20_000)
      ;(await permit).answered(page(20))
      ;(await permit).release()
    }
    expect(pauses).toEqual([20_000, 20_000, 20_000])
    expect(stops).toMatchObject([{ code: 'E_QUOTA' }])
  })

  it.each([
    ['the shorter window', 1, [60_000, 300_000], 60_000],
    ['again: the longer window', 2, [60_000, 300_000], 300_000],
    ['no windows at all', 1, [], 1_000],
    ['no windows at all, for the fourth time', 4, [], 8_000],
    ['windows below a second', 1, [100], 1_000],
  ])('without Retry-After is right for %s', (_what, pauses, lengths, expected) => {
    const windows = lengths.map((perMs) => ({ perMs }))
    expect(pauseMs(pauses, windows, 0)).toBe(expected)
  })

  it('without Retry-After is longer by up to five seconds, so that clients do not come back together', () => {
    expect(pauseMs(2, [{ perMs: 60_000 }, { perMs: 300_000 }], 0.5)).toBe(302_500)
  })
})

describe('adaptive concurrency', () => {
  it('is one until a row was updated', async () => {
    const { limiter, clock } = createStage({ isProven: false })
    const permits: Permit[] = []
    const waiting = times(16, 0).map(async () => permits.push(await limiter.acquire(never)))
    await clock.advanceTo(1_000)
    expect(permits).toHaveLength(1)
    permits[0]?.answered(success())
    limiter.allowConcurrency()
    permits[0]?.release()
    await Promise.all(waiting)
  })

  it('is halved once for all that failed together, and never falls below a quarter', async () => {
    const { fail, room } = createStage()
    await fail(1, lost)
    expect(await room()).toBe(8)
    // Those were in flight together with the first.
    await fail(16, lost)
    expect(await room()).toBe(8)
    await fail(1, lost)
    expect(await room()).toBe(4)
    await fail(100, lost)
    expect(await room()).toBe(4)
  })

  it('is halved by a server that says it is overloaded', async () => {
    const { limiter, room } = createStage()
    const permit = await limiter.acquire(never)
    permit.answered(response(503, ''))
    permit.release()
    expect(await room()).toBe(8)
  })

  it('grows by one in a round of answers', async () => {
    const { answer, fail, room } = createStage()
    await fail(1, lost)
    await answer(7)
    expect(await room()).toBe(8)
    await answer(1)
    expect(await room()).toBe(9)
    await answer(9)
    expect(await room()).toBe(10)
    await answer(1_000)
    expect(await room()).toBe(16)
  })

  it('is one after a pause, and soon what it was', async () => {
    const { answer, limiter, clock, room } = createStage()
    limiter.pause(1_000)
    await clock.advanceTo(1_000)
    expect(await room()).toBe(1)
    await answer(15)
    expect(await room()).toBe(16)
  })

  it('falls to a quarter when failures have used up their budget, which answers earn again', async () => {
    const { answer, fail, room } = createStage()
    await fail(50)
    expect(await room()).toBe(16)
    await fail(1)
    expect(await room()).toBe(4)
    await answer(1_000)
    expect(await room()).toBe(16)
    await fail(50)
    expect(await room()).toBe(16)
    await fail(1)
    expect(await room()).toBe(4)
  })
})

/** How many came after the first ten seconds. */
function settled(seen: readonly number[]): number {
  return seen.filter((at) => at >= 10_000).length
}

/** A server with an undocumented limit, `latencyMs` away: what it accepted and refused after the first ten seconds. */
async function followLimit(perSecond: number, latencyMs: number, seconds: number) {
  const { clock, limiter, stops } = createStage({ concurrency: 64 })
  const accepted: number[] = []
  const refused: number[] = []
  let recent: number[] = []
  async function worker(): Promise<void> {
    while (clock.now() < seconds * 1_000) {
      const permit = await limiter.acquire(never)
      await clock.sleep(latencyMs / 2)
      const now = clock.now()
      recent = recent.filter((at) => at > now - 1_000)
      const isAccepted = recent.length < perSecond
      if (isAccepted) recent.push(now)
      ;(isAccepted ? accepted : refused).push(now)
      await clock.sleep(latencyMs / 2)
      permit.answered(isAccepted ? success() : response(429, ''))
      permit.release()
    }
  }
  const workers = Array.from({ length: 64 }, worker)
  await clock.advanceTo(seconds * 1_000 + 120_000)
  await Promise.all(workers)
  expect(stops).toEqual([])
  return { rate: settled(accepted) / (seconds - 10), refused: settled(refused) / settled(accepted) }
}

describe('the adaptive rate', () => {
  it.each([2, 50, 200])(
    'finds an undocumented limit of 200 a second in ten seconds and follows it at %i ms',
    async (latencyMs) => {
      const { rate, refused } = await followLimit(200, latencyMs, 25)
      expect(rate).toBeGreaterThan(180)
      expect(rate).toBeLessThan(206)
      expect(refused).toBeLessThan(0.01)
    },
  )

  it('comes back within minutes from 429s that came by chance, slowly at first', async () => {
    const { clock, limiter, rates, answer } = createStage({ longestMs: 3_600_000 })
    await answer(40)
    for (let refused = 0; refused < 10; refused++) {
      const asked = limiter.acquire(never)
      await clock.advanceTo(clock.now() + 30_000)
      const permit = await asked
      permit.answered(page(1))
      permit.release()
    }
    expect(rates.at(-1)).toBeLessThan(0.2)
    const sentIn = async (ms: number): Promise<number> => {
      const until = clock.now() + ms
      let sent = 0
      const sending = (async () => {
        while (clock.now() < until) {
          await answer(1)
          sent++
        }
      })()
      await clock.advanceTo(until + 60_000)
      await sending
      return sent
    }
    expect(await sentIn(60_000)).toBeLessThan(15)
    await sentIn(9 * 60_000)
    expect(await sentIn(60_000)).toBeGreaterThan(120)
  })
})

describe('the even pace', () => {
  const windows = [
    { limit: 60, perMs: 60_000 },
    { limit: 240, perMs: 300_000 },
  ]

  async function sentAfter(ms: number, callsLeft: number): Promise<number> {
    let left = callsLeft
    const { clock, limiter } = createStage({ windows, callsLeft: () => left })
    let sent = 0
    const stop = new AbortController()
    async function send(): Promise<void> {
      while (left > 0 && !stop.signal.aborted) {
        const permit = await limiter.acquire(stop.signal).catch(() => undefined)
        if (permit === undefined) return
        left--
        sent++
        permit.release()
      }
    }
    const sending = send()
    await clock.advanceTo(clock.now() + ms)
    stop.abort()
    await sending
    return sent
  }

  it('spreads calls over the slowest window while more are left than the smallest allows', async () => {
    // 240 in five minutes are one each 1.25 s.
    expect(await sentAfter(30_000, 500)).toBe(25)
  })

  it('sends at once what the smallest window allows', async () => {
    const { limiter } = createStage({ windows, concurrency: 60, callsLeft: () => 60 })
    const permits = await Promise.all(times(60, 0).map(() => limiter.acquire(never)))
    expect(permits).toHaveLength(60)
    for (const permit of permits) permit.release()
  })
})

it('a request whose customer was read goes ahead of all but probes', async () => {
  const { limiter } = createStage({ concurrency: 1 })
  const granted: string[] = []
  const acquire = async (name: string, options: AcquireOptions = {}) => {
    const permit = await limiter.acquire(never, options)
    granted.push(name)
    permit.release()
  }
  const first = await limiter.acquire(never)
  const waiting = [
    acquire('usual'),
    acquire('read', { permits: 2 }),
    acquire('next', { isNext: true }),
    acquire('probe', { probe: true }),
    acquire('last', { isNext: true }),
  ]
  first.release()
  await Promise.all(waiting)
  expect(granted).toEqual(['probe', 'next', 'last', 'usual', 'read'])
})

describe('two permits together', () => {
  it('are granted when the windows have room for both', async () => {
    const { clock, limiter } = createStage({ windows: [{ limit: 3, perMs: 1_000 }] })
    const first = await limiter.acquire(never, { permits: 2 })
    expect(first.second).toBeDefined()
    let granted: Permit | undefined
    const waiting = limiter.acquire(never, { permits: 2 }).then((permit) => (granted = permit))
    first.release()
    await clock.advanceTo(900)
    // One place is left, which is too few.
    expect(granted).toBeUndefined()
    first.second?.release()
    await clock.advanceTo(2_000)
    await waiting
    expect(granted?.second).toBeDefined()
  })

  it.each([
    ['a window allows only one', { windows: [{ limit: 1, perMs: 1_000 }] }],
    ['requests go one at a time', { isProven: false }],
  ])('become one where %s', async (_, options) => {
    const { limiter } = createStage(options)
    expect((await limiter.acquire(never, { permits: 2 })).second).toBeUndefined()
  })
})
