import { describe, expect, it } from 'vitest'
import {
  again,
  backoffMs,
  retry,
  retryAfterMs,
  type Again,
  type RetryLimits,
} from '../../../src/http/retry.ts'
import { createEasyClock, times } from '../../support/rig.ts'

const running = new AbortController().signal
const failure = again('ECONNREFUSED')
const free = again('throttled', { isFree: true })
const done = { kind: 'done' } as const

/** Plays what attempts say, in order; says what came of it, how many were made, and what was waited for. */
async function play(says: readonly (Again | Error | typeof done)[], limits?: RetryLimits) {
  const clock = createEasyClock()
  let attempts = 0
  const attempt = (): Promise<Again | typeof done> => {
    const found = says[attempts++] ?? failure
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found)
  }
  const found = await retry(attempt, { clock, random: () => 0.5 }, running, limits).catch(
    (error: unknown) => error,
  )
  return { found, attempts, sleeps: clock.sleeps }
}

describe('trying again', () => {
  it('ends with the first attempt that says something else', async () => {
    expect(await play([done])).toEqual({ found: done, attempts: 1, sleeps: [] })
    expect(await play([failure, failure, done])).toEqual({ found: done, attempts: 3, sleeps: [250, 500] })
  })

  it('gives up behind the sixth attempt, without waiting once more', async () => {
    expect(await play([])).toEqual({ found: failure, attempts: 6, sleeps: [250, 500, 1_000, 2_000, 4_000] })
    expect(await play([], { attempts: 1 })).toEqual({ found: failure, attempts: 1, sleeps: [] })
  })

  it('counts and delays nothing that is free, not even behind the last attempt', async () => {
    const says = [free, ...times(5, failure), ...times(20, free), done]
    expect(await play(says)).toMatchObject({ found: done, attempts: 27, sleeps: { length: 5 } })
    expect(await play([...times(5, failure), free, failure])).toMatchObject({ found: failure, attempts: 7 })
  })

  it('waits as long as the server asks for, where that is longer', async () => {
    const asked = again('http_503', { leastMs: 7_000 })
    expect(await play([asked, failure, done])).toMatchObject({ sleeps: [7_000, 500] })
  })

  it('goes on for as long as it is to be patient', async () => {
    const { found, attempts } = await play(times(8, failure), { patienceMs: 60_000 })
    expect(found).toBe(failure)
    expect(attempts).toBeGreaterThan(8)
  })

  it('ends at once with any other error, network errors and errors of types among them', async () => {
    for (const error of [new TypeError('fetch failed'), new Error('bug'), new TypeError('x is no function')])
      expect(await play([failure, error])).toEqual({ found: error, attempts: 2, sleeps: [250] })
  })
})

describe('the delay', () => {
  it('doubles its bound with each failure, up to half a minute, and is anything below it', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 50].map((failed) => backoffMs(failed, 0.999999) + 1)
    expect(bounds).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    expect(backoffMs(3, 0)).toBe(0)
    expect(backoffMs(3, 0.5)).toBe(1_000)
  })

  it.each([
    ['seconds', '7', 7_000],
    ['a date', 'Mon, 23 Nov 2026 02:30:20 GMT', 20_000],
    ['a date that has passed', 'Mon, 23 Nov 2026 02:29:00 GMT', 0],
    ['zero seconds', '0', 0],
    ['nonsense', 'soon', 0],
    ['a negative number', '-5', 0],
    ['a day: --max-outage bounds it, not this', '86400', 86_400_000],
    ['no header', undefined, 0],
  ])('reads %s in Retry-After', (_what, value, expected) => {
    const wall = Date.UTC(2026, 10, 23, 2, 30, 0)
    expect(retryAfterMs({ headers: { 'retry-after': value } }, wall)).toBe(expected)
  })
})
