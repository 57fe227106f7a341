import { describe, expect, test } from 'vitest'
import { allowedPerSecond, createPace, createHistory } from '../../../src/report/pace.ts'
import type { Window } from '../../../src/model/store.ts'

const minute = 60_000
const documented = [
  { limit: 180, perMs: minute },
  { limit: 900, perMs: 5 * minute },
]
const still = { requests: 0, calls: 0, pausedForMs: 0 }

/** A run that sends a call whenever windows and server let it, noted every quarter of a second; gives what was said on the way. */
function play(windows: readonly Window[], calls: number, perSecond: number) {
  const pace = createPace(windows)
  const sent: number[] = []
  const told: { readonly at: number; readonly etaMs: number | undefined; readonly rate: number }[] = []
  let now = 0
  pace.note(now, still)
  for (; sent.length < calls; now += 250) {
    const room = Math.min(
      ...windows.map(({ limit, perMs }) => limit - sent.filter((at) => at > now - perMs).length),
      Math.ceil(((now + 250) * perSecond) / 1_000) - Math.ceil((now * perSecond) / 1_000),
      calls - sent.length,
    )
    for (let call = 0; call < room; call++) sent.push(now)
    pace.note(now, { requests: sent.length, calls: sent.length, pausedForMs: 0 })
    told.push({ at: now, etaMs: pace.etaMs(calls - sent.length), rate: pace.ratePerSecond })
  }
  return { told, took: now - 250 }
}

describe('the time left', () => {
  test.each([
    [180, undefined],
    [181, minute],
    [360, minute],
    [361, 2 * minute],
    [10_000, 55 * minute],
  ])('of %d calls before the first is what the windows make them wait: %s ms', (calls, etaMs) => {
    const pace = createPace(documented)
    pace.note(0, still)
    expect(pace.etaMs(calls)).toBe(etaMs)
  })

  test('is unknown without windows before a speed is measured', () => {
    const pace = createPace([])
    expect(pace.etaMs(10)).toBeUndefined()
    pace.note(0, still)
    pace.note(500, { requests: 4, calls: 4, pausedForMs: 0 })
    expect(pace.etaMs(10)).toBeUndefined()
    pace.note(1_000, { requests: 10, calls: 10, pausedForMs: 0 })
    expect(pace.etaMs(10)).toBe(1_000)
  })

  test('is nothing when nothing is left', () => {
    expect(createPace(documented).etaMs(0)).toBe(0)
  })

  test('is right all the way if the windows limit the rate, in bursts and waits', () => {
    const { told, took } = play(documented, 1_500, 40)
    for (const { at, etaMs } of told.slice(8))
      expect(Math.abs((etaMs ?? 0) - (took - at)), `after ${at} ms`).toBeLessThanOrEqual(
        // The last burst itself takes a second and a half, which the windows do not know.
        1_500 + 0.02 * (took - at),
      )
  })

  test('follows the server if it is slower than the windows', () => {
    const { told, took } = play(documented, 300, 1)
    for (const { at, etaMs } of told.slice(40))
      expect(Math.abs((etaMs ?? 0) - (took - at)), `after ${at} ms`).toBeLessThanOrEqual(
        0.15 * (took - at) + 2_000,
      )
  })

  test('counts a burst that still fits as no wait', () => {
    const pace = createPace([{ limit: 180, perMs: minute }])
    pace.note(0, still)
    pace.note(10_000, { requests: 100, calls: 100, pausedForMs: 0 })
    expect(pace.etaMs(80)).toBe(8_000)
    expect(pace.etaMs(81)).toBeGreaterThanOrEqual(50_000)
  })

  test('adds a pause, and does not take it for slowness', () => {
    const pace = createPace([])
    pace.note(0, still)
    for (let at = 10_000; at <= 40_000; at += 250)
      pace.note(at, { requests: 100, calls: 100, pausedForMs: 70_000 - at })
    expect(pace.etaMs(50)).toBe(30_000 + 5_000)
  })
})

describe('the rate', () => {
  test('is the one since the start at first, and of the last half minute later', () => {
    const pace = createPace([])
    expect(pace.ratePerSecond).toBe(0)
    const note = (at: number, calls: number) => pace.note(at, { requests: calls, calls, pausedForMs: 0 })
    note(0, 0)
    expect(pace.ratePerSecond).toBe(0)
    note(10_000, 50)
    expect(pace.ratePerSecond).toBe(5)
    for (let at = 11_000; at <= 70_000; at += 1_000) note(at, 50 + (at - 10_000) / 500)
    expect(pace.ratePerSecond).toBeCloseTo(2, 5)
  })

  test('of a run in bursts is shown over a whole turn of the shortest window', () => {
    const { told } = play(documented, 900, 40)
    for (const { at, rate } of told) if (at > minute) expect(rate, `after ${at} ms`).toBeCloseTo(3, 0)
  })

  test('allowed for long is that of the tightest window, and infinite without one', () => {
    expect(allowedPerSecond(documented)).toBe(3)
    expect(allowedPerSecond([{ limit: 5, perMs: 1_000 }, ...documented])).toBe(3)
    expect(allowedPerSecond([])).toBe(Infinity)
  })
})

describe('the history of a counter', () => {
  test('knows its count at a time, and when it had a count', () => {
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
    expect(history.countAt(9_000)).toBe(9_000)
  })

  test('forgets what is older than its span, and still knows the count at its edge', () => {
    const history = createHistory(1_000)
    for (let at = 0; at <= 10_000; at += 500) history.add(at, at / 500)
    expect(history.countAt(9_000)).toBe(18)
    expect(history.ageMs(10_000)).toBe(1_000)
  })
})
