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
    ['Retry-After in seconds', '7', false, windows, 7_000],
    ['Retry-After as a date', 'Mon, 23 Nov 2026 02:30:20 GMT', false, windows, 20_000],
    ['no header: the shorter window', '', false, windows, 60_000],
    ['no header, again: the longer window', '', true, windows, 300_000],
    ['a date that has passed', 'Mon, 23 Nov 2026 02:29:00 GMT', false, windows, 60_000],
    ['zero seconds', '0', false, windows, 60_000],
    ['nonsense', 'soon', true, windows, 300_000],
    ['a negative number', '-5', false, windows, 60_000],
    ['a day, which is cut to half an hour', '86400', false, windows, 1_800_000],
    ['no windows at all', '', false, [], 60_000],
    ['no windows at all, again', '', true, [], 1_000],
    ['windows below a second', '', false, [{ perMs: 100 }], 1_000],
  ])('is right for %s', (_what, retryAfter, repeated, given, expected) => {
    expect(pauseMs(retryAfter, wall, repeated, given)).toBe(expected)
  })
})
