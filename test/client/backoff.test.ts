import { describe, expect, it } from 'vitest'
import { backoffMs, mostAttempts, pauseMs } from '../../src/client/backoff.ts'

const windows = [{ perMs: 60_000 }, { perMs: 300_000 }]
const wall = Date.UTC(2026, 10, 23, 2, 30, 0)

describe('backoff', () => {
  it('doubles its bound with each failure, up to half a minute, and is anything below it', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8, 50].map((failed) => backoffMs(failed, 0.999999) + 1)
    expect(bounds).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
    expect(backoffMs(3, 0)).toBe(0)
    expect(backoffMs(3, 0.5)).toBe(1_000)
  })

  it('gives a row six attempts', () => expect(mostAttempts).toBe(6))
})

describe('the pause after a 429', () => {
  it.each([
    ['Retry-After in seconds', '7', 1, windows, 7_000],
    ['Retry-After as a date', 'Mon, 23 Nov 2026 02:30:20 GMT', 1, windows, 20_000],
    ['no header: the shorter window', '', 1, windows, 60_000],
    ['no header, again: the longer window', '', 2, windows, 300_000],
    ['a date that has passed', 'Mon, 23 Nov 2026 02:29:00 GMT', 1, windows, 60_000],
    ['zero seconds', '0', 1, windows, 60_000],
    ['nonsense', 'soon', 2, windows, 300_000],
    ['a negative number', '-5', 1, windows, 60_000],
    ['a day: --max-outage bounds it, not this', '86400', 1, windows, 86_400_000],
    ['no windows at all', '', 1, [], 1_000],
    ['no windows at all, for the fourth time', '', 4, [], 8_000],
    ['windows below a second', '', 1, [{ perMs: 100 }], 1_000],
  ])('is right for %s', (_what, retryAfter, pauses, given, expected) => {
    expect(pauseMs(retryAfter, wall, pauses, given, 0)).toBe(expected)
  })

  it('is longer by up to five seconds, so that a crowd does not come back together', () => {
    expect(pauseMs('', wall, 2, windows, 0.5)).toBe(302_500)
  })
})
