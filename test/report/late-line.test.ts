import { parseFinishBy } from '../../src/config/values.ts'
import { describe, expect, it } from 'vitest'
import { describeDelay } from '../../src/cli/display.ts'

const wall = new Date(2026, 10, 23, 22, 0).getTime()
const windows = [{ limit: 180, perMs: 60_000 }]

describe('--finish-by', () => {
  it.each([
    ['06:00', new Date(2026, 10, 24, 6, 0)],
    ['6:00', new Date(2026, 10, 24, 6, 0)],
    ['22:01', new Date(2026, 10, 23, 22, 1)],
    ['22:00', new Date(2026, 10, 24, 22, 0)],
  ])('%s is the next such time', (text, expected) => {
    expect(new Date(parseFinishBy(text, wall))).toEqual(expected)
  })

  it.each(['24:00', '6', '06:60', 'six', ''])('%s is refused', (text) => {
    expect(() => parseFinishBy(text, wall)).toThrow('use a time of day such as 06:00')
  })

  it('says how much longer it takes and how many calls fit', () => {
    const sending = { calls: 100_000, windows, etaMs: 9 * 3_600_000 + 16 * 60_000 }
    expect(describeDelay(sending, parseFinishBy('06:00', wall), wall)).toBe(
      'Not done by 2026-11-24 06:00: it takes 1 h 16 min longer. About 86,400 of 100,000 calls fit; stopped then, the same command goes on another night.',
    )
  })

  it('says nothing of a run that ends in time, or that no window binds', () => {
    const finishBy = parseFinishBy('06:00', wall)
    expect(describeDelay({ calls: 10, windows, etaMs: 60_000 }, finishBy, wall)).toBeUndefined()
    expect(describeDelay({ calls: 10, windows: [], etaMs: undefined }, finishBy, wall)).toBeUndefined()
  })
})
