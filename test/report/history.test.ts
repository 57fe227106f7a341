import { describe, expect, test } from 'vitest'
import { createHistory } from '../../src/report/pace.ts'

describe('the history of a counter', () => {
  test('knows where it stood, and when it got there', () => {
    const history = createHistory(60_000)
    for (const [at, count] of [
      [0, 0],
      [10_000, 5],
      [20_000, 9],
    ] as const)
      history.add(at, count)
    expect([-1, 0, 9_999, 10_000, 15_000, 99_999].map((at) => history.countAt(at))).toEqual([
      0, 0, 0, 5, 5, 9,
    ])
    expect([0, 1, 5, 6, 9, 10].map((count) => history.timeOf(count))).toEqual([
      0,
      10_000,
      10_000,
      20_000,
      20_000,
      undefined,
    ])
    expect(history.ageMs(25_000)).toBe(25_000)
  })

  test('keeps the newest count however close the notes are', () => {
    const history = createHistory(512_000)
    for (let at = 0; at <= 10_000; at += 100) history.add(at, at)
    expect(history.countAt(10_000)).toBe(10_000)
    expect(10_000 - history.countAt(9_000)).toBeLessThanOrEqual(2_000)
  })

  test('forgets what is older than its span, and still knows the count at its edge', () => {
    const history = createHistory(1_000)
    for (let at = 0; at <= 10_000; at += 500) history.add(at, at / 500)
    expect(history.countAt(9_000)).toBe(18)
    expect(history.ageMs(10_000)).toBe(1_000)
  })
})
