import { expect, test } from 'vitest'
import {
  formatClock,
  formatCount,
  formatDuration,
  formatRate,
  formatRows,
  formatShare,
  isoTime,
} from '../../../src/report/format.ts'

const [second, minute, hour, day] = [1_000, 60_000, 3_600_000, 86_400_000]

test.each([
  [0, 'under 1 s'],
  [499, 'under 1 s'],
  [59.4 * second, '59 s'],
  [59.6 * second, '1 min'],
  [125 * second, '2 min 5 s'],
  [hour - 1, '1 h'],
  [hour + 29 * second, '1 h'],
  [9 * hour + 16 * minute, '9 h 16 min'],
  [day - 10 * second, '1 d'],
  [2 * day + 3 * hour, '2 d 3 h'],
])('%d ms are "%s"', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text)
})

test('counts have thousands, rows a singular, and rates a decimal while it matters', () => {
  expect(formatCount(1_234_567)).toBe('1,234,567')
  expect([formatRows(1), formatRows(1_234)]).toEqual(['1 row', '1,234 rows'])
  expect([formatRate(3.33), formatRate(9.96), formatRate(15_432.1)]).toEqual(['3.3', '10', '15,432'])
})

test('a share is 100% only when nothing is left', () => {
  expect([formatShare(9_999, 10_000), formatShare(10, 10), formatShare(0, 0)]).toEqual(['99%', '100%', '0%'])
})

test('a time of day has a date when it is not today', () => {
  const now = new Date(2026, 10, 23, 23, 50).getTime()
  expect(formatClock(now + 5 * minute, now)).toBe('23:55')
  expect(formatClock(now + 15 * minute, now)).toBe('2026-11-24 00:05')
})

test('times are ISO 8601 in UTC, and nothing when there is none', () => {
  expect([isoTime(0), isoTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6))]).toEqual(['', '2026-01-02T03:04:05.006Z'])
})
