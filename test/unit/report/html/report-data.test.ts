import { describe, expect, it } from 'vitest'
import { createAttention, createReportData, createTimeline } from '../../../../src/report/html/report-data.ts'
import { latencyBins } from '../../../../src/report/html/sections.ts'
import { outcomeOf } from '../outcome.ts'

const failed = (row: number) => outcomeOf({ row, outcome: 'failed', errorCode: 'E_SERVER', message: 'm' })
const start = Date.UTC(2026, 10, 23)

describe('the timeline', () => {
  it('counts calls, errors, retries and throttled attempts by the second of the last answer', () => {
    const timeline = createTimeline()
    timeline.add(outcomeOf({ finishedAt: start + 10 }))
    timeline.add(outcomeOf({ finishedAt: start + 2_500, outcome: 'failed', retries: 'throttled;http_500' }))
    timeline.add(outcomeOf({ finishedAt: start + 990 }))
    timeline.add(outcomeOf({ finishedAt: 0 }))
    expect(timeline.slots(96)).toEqual({
      widthMs: 1_000,
      slots: [
        { start, calls: 2, errors: 0, retries: 0, throttled: 0 },
        { start: start + 1_000, calls: 0, errors: 0, retries: 0, throttled: 0 },
        { start: start + 2_000, calls: 1, errors: 1, retries: 2, throttled: 1 },
      ],
    })
  })

  it('keeps every call, in few slots, over nine hours and a gap of days, whatever the order', () => {
    const timeline = createTimeline()
    const calls = 20_000
    for (let call = 0; call < calls; call++) {
      const at = ((call * 7_919) % calls) * 1_620
      timeline.add(outcomeOf({ finishedAt: start + at + (call % 2) * 5 * 86_400_000 }))
    }
    const { slots } = timeline.slots(96)
    expect(slots.length).toBeLessThanOrEqual(96)
    expect(slots.length).toBeGreaterThan(40)
    expect(slots.reduce((sum, slot) => sum + slot.calls, 0)).toBe(calls)
  })

  it('is empty without an answer', () => {
    expect(createTimeline().slots(96).slots).toEqual([])
  })
})

describe('rows that need attention', () => {
  it('are listed up to a bound, with the first three of a kind as examples', () => {
    const attention = createAttention(undefined, 2_500)
    for (let row = 1; row <= 3_000; row++) attention.add(failed(row))
    const { rows } = JSON.parse(attention.json())
    expect(rows).toHaveLength(2_500 * 4)
    expect(rows.slice(-4, -2)).toEqual([2_500, 2])
    expect(attention.listed).toBe(2_500)
    expect(attention.examplesOf('E_SERVER', '', 'm')).toEqual([1, 2, 3])
    expect(attention.choices()).toEqual({ outcomes: ['failed'], codes: ['E_SERVER'] })
  })
})

describe('fields', () => {
  it('are counted by name, also if every row has another key', () => {
    const data = createReportData()
    for (let row = 0; row < 3_000; row++) data.add(outcomeOf({ fields: `name;metadata.k${row}` }))
    const { changed } = data.totals
    expect(changed.get('name')).toBe(3_000)
    expect(changed.size).toBe(1_001)
    expect(changed.get('other fields')).toBe(3_000 - 999)
  })
})

describe('latency bins', () => {
  it.each([0, 1, 29, 30, 120, 4_999, 90_000])('hold every call, in few bins, with a p99 of %i ms', (p99) => {
    const bins = latencyBins(
      new Map([
        [0, 5],
        [p99, 94],
        [p99 * 3 + 100, 1],
      ]),
      p99,
    )
    expect(bins.length).toBeLessThanOrEqual(31)
    // A map knows each time once: with 0 ms as p99, the second entry stands for the first.
    expect(bins.reduce((sum, { calls }) => sum + calls, 0)).toBe(p99 === 0 ? 95 : 100)
  })
})
