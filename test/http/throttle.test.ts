import { describe, expect, it } from 'vitest'
import { pauseMs } from '../../src/http/throttle.ts'

const windows = [{ perMs: 60_000 }, { perMs: 300_000 }]

describe('the pause after a 429 that does not say how long', () => {
  it.each([
    ['the shorter window', 1, windows, 60_000],
    ['again: the longer window', 2, windows, 300_000],
    ['no windows at all', 1, [], 1_000],
    ['no windows at all, for the fourth time', 4, [], 8_000],
    ['windows below a second', 1, [{ perMs: 100 }], 1_000],
  ])('is right for %s', (_what, pauses, given, expected) => {
    expect(pauseMs(pauses, given, 0)).toBe(expected)
  })

  it('is longer by up to five seconds, so that a crowd does not come back together', () => {
    expect(pauseMs(2, windows, 0.5)).toBe(302_500)
  })
})
