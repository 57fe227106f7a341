import { expect, test } from 'vitest'
import { describeForecast } from '../../src/cli/display.ts'

const wall = new Date(2026, 10, 23, 14, 13).getTime()
const windows = [
  { limit: 180, perMs: 60_000 },
  { limit: 900, perMs: 300_000 },
]

test('the line before the first call says how many, how fast, how long and until when', () => {
  expect(describeForecast({ calls: 10_000, windows, etaMs: 55 * 60_000 }, wall)).toBe(
    '10,000 calls at 3.0 a second (180 in 1 min, 900 in 5 min): 55 min, done about 15:08',
  )
})

test.each([[undefined], [0], [9_999]])('there is no such line for a run of %s ms', (etaMs) => {
  expect(describeForecast({ calls: 10, windows, etaMs }, wall)).toBeUndefined()
})
