import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { renderProgress, renderProgressLine, type ProgressSnapshot } from '../../../src/report/progress.ts'

const wall = new Date(2026, 10, 23, 14, 13).getTime()
const snapshot: ProgressSnapshot = {
  phase: 'sending',
  rows: 10_000,
  done: 6_200,
  outcomes: {
    updated: 6_000,
    unchanged: 150,
    invalid: 12,
    rejected: 4,
    failed: 0,
    unknown: 0,
    not_attempted: 0,
  },
  calls: 6_180,
  windows: [
    { limit: 180, perMs: 60_000, used: 180 },
    { limit: 900, perMs: 300_000, used: 512 },
  ],
  ratePerSecond: 3.3,
  etaMs: 19 * 60_000,
  errors: new Map([
    ['E_ID', 1],
    ['E_PHONE', 8],
    ['E_EMAIL', 3],
    ['E_CUSTOMER_NOT_FOUND', 4],
  ]),
}

describe('renderProgress', () => {
  test('shows phase, bar, rows, pace, end, outcomes and the three commonest errors', () => {
    expect(renderProgress(snapshot, { columns: 80, color: false, wall })).toEqual([
      `Sending  ${'█'.repeat(24)}${'░'.repeat(16)}  62%  6,200 of 10,000 rows`,
      '3.3 rows/s · 19 min left · ends 14:32',
      '6,180 calls · 180 of 180 in 1 min · 512 of 900 in 5 min',
      'updated 6,000 · unchanged 150 · invalid 12 · rejected 4',
      'E_PHONE 8 · E_CUSTOMER_NOT_FOUND 4 · E_EMAIL 3 · and 1 more',
    ])
  })

  test.each([10, 20, 40, 80, 120])('is never wider than %d columns, with colour and without', (columns) => {
    const full = { ...snapshot, pausedUntil: wall + 90_000 }
    const plain = renderProgress(full, { columns, color: false, wall })
    const painted = renderProgress(full, { columns, color: true, wall })
    for (const line of plain) expect(line.length).toBeLessThanOrEqual(columns)
    expect(painted.map((line) => stripVTControlCharacters(line))).toEqual(plain)
    expect(painted).not.toEqual(plain)
  })

  test('on 40 columns the bar gives its place to the rows', () => {
    expect(renderProgress(snapshot, { columns: 40, color: false, wall })[0]).toBe(
      'Sending · 6,200 of 10,000 rows (62%)',
    )
  })

  test('shows no bar, share or end while these are not known', () => {
    const checking = { ...snapshot, phase: 'checking', rows: 0, calls: 0, etaMs: undefined } as const
    expect(renderProgress(checking, { columns: 80, color: false, wall }).slice(0, 2)).toEqual([
      'Checking · 6,200 rows',
      '3.3 rows/s',
    ])
  })

  test('says how long a pause lasts, and nothing once it is over', () => {
    const paused = { ...snapshot, pausedUntil: wall + 90_000 }
    expect(renderProgressLine(paused, wall)).toContain('Blocked by Rapyd until 14:14:30, 1 min 30 s to go')
    expect(renderProgressLine(paused, wall + 90_000)).not.toContain('Blocked')
  })

  test('has the same on one line for a log', () => {
    expect(renderProgressLine(snapshot, wall)).toBe(
      'sending: 6,200 of 10,000 rows (62%), 3.3 rows/s, 19 min left, ends 14:32; 6,180 calls, 180 of 180 in 1 min, 512 of 900 in 5 min; ' +
        'updated 6,000, unchanged 150, invalid 12, rejected 4; E_PHONE 8, E_CUSTOMER_NOT_FOUND 4, E_EMAIL 3, and 1 more',
    )
  })
})
