import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Scan } from '../../../src/model/scan.ts'
import type { ProgressSnapshot } from '../../../src/report/progress.ts'
import type { RunEvent } from '../../../src/report/run-log.ts'
import { createRunProgress } from '../../../src/engine/progress.ts'
import { outcomeOf } from '../report/outcome.ts'

const windows = [{ limit: 10, perMs: 60_000 }]
const none = { updated: 0, unchanged: 0, invalid: 0, rejected: 0, failed: 0, unknown: 0, not_attempted: 0 }
const scan: Scan = {
  rows: 100,
  calls: 90,
  unchanged: 4,
  invalid: 6,
  set: new Map(),
  cleared: new Map(),
  findings: [],
  customers: 0,
  repeatedCustomers: 0,
  duplicateRows: 0,
  warnings: [],
}
const good = outcomeOf({ outcome: 'unchanged' })
const bad = outcomeOf({ outcome: 'invalid', errorCode: 'E_EMAIL', errorField: 'email' })

const noCells = { kind: 'csv', row: 1, line: 1, offset: 0, length: 1, cells: [] } as const

describe('the progress of a run', () => {
  let snapshots: ProgressSnapshot[] = []
  let events: RunEvent[] = []
  const last = () => snapshots.at(-1)
  const start = () =>
    createRunProgress({
      clock: { now: () => performance.now(), wall: () => Date.now() },
      onSnapshot: (snapshot) => snapshots.push(snapshot),
      onEvent: (event) => events.push(event),
    })
  const facts = {
    scan,
    limit: undefined,
    settled: new Map(),
    errors: new Map(),
    windows,
    pausedForMs: () => 0,
  }
  beforeEach(() => {
    vi.useFakeTimers()
    snapshots = []
    events = []
  })
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })

  it('counts rows and defects while the file is checked, and is quiet after that', () => {
    const progress = start()
    progress.checking()
    for (let row = 1; row <= 100; row++) progress.row(noCells, row > 98 ? bad : good)
    progress.checked()
    expect(last()).toMatchObject({
      phase: 'checking',
      rows: 0,
      done: 100,
      outcomes: { invalid: 2 },
      errors: new Map([['E_EMAIL', 2]]),
      etaMs: undefined,
    })
    const shown = snapshots.length
    // Somebody may be typing an answer now.
    vi.advanceTimersByTime(5_000)
    expect(snapshots).toHaveLength(shown)
    progress.stop()
  })

  it('begins a resumed run where the earlier sessions left it', () => {
    const progress = start()
    progress.sending({
      ...facts,
      settled: new Map([
        ['updated', 40],
        ['invalid', 6],
        ['rejected', 3],
      ]),
      errors: new Map([
        ['E_EMAIL', 6],
        ['E_API', 1],
        ['E_FORBIDDEN', 2],
      ]),
    })
    expect(last()).toEqual({
      phase: 'sending',
      rows: 100,
      done: 49,
      outcomes: { ...none, updated: 40, invalid: 6, rejected: 3 },
      calls: 0,
      windows: windows.map((window) => ({ ...window, used: 0 })),
      ratePerSecond: 0,
      // 47 calls, ten a minute.
      etaMs: 4 * 60_000,
      errors: new Map([
        ['E_EMAIL', 6],
        ['E_API', 1],
        ['E_FORBIDDEN', 2],
      ]),
    })
    expect(events).toEqual([{ kind: 'sending', calls: 47, windows, etaMs: 4 * 60_000 }])
    progress.stop()
  })

  it('counts outcomes, requests and the rate, and shows them four times a second', () => {
    const progress = start()
    progress.sending(facts)
    for (let second = 1; second <= 2; second++) {
      for (let call = 0; call < 3; call++) {
        progress.requested()
        progress.settled(outcomeOf())
      }
      progress.settled(bad)
      vi.advanceTimersByTime(1_000)
    }
    expect(snapshots).toHaveLength(1 + 8)
    expect(last()).toMatchObject({
      rows: 100,
      done: 8,
      calls: 6,
      outcomes: { updated: 6, invalid: 2 },
      ratePerSecond: 3,
    })
    progress.stop()
  })

  it('counts to the end of a canary only', () => {
    const progress = start()
    progress.sending({ ...facts, limit: 5 })
    expect(last()).toMatchObject({ rows: 5, done: 0 })
    expect(events).toMatchObject([{ kind: 'sending', calls: 5, etaMs: undefined }])
    progress.stop()
  })

  it('says when a pause of everybody ends', () => {
    const progress = start()
    let pause = 30_000
    progress.sending({ ...facts, pausedForMs: () => pause })
    expect(last()?.pausedUntil).toBe(Date.now() + 30_000)
    pause = 0
    vi.advanceTimersByTime(250)
    expect(last()).not.toHaveProperty('pausedUntil')
    progress.stop()
  })

  it('tells of rows that need attention and, every ten seconds, of the counts; never of an updated row', () => {
    const progress = start()
    progress.sending(facts)
    progress.settled(outcomeOf())
    progress.settled(outcomeOf({ outcome: 'unchanged' }))
    progress.settled(bad)
    vi.advanceTimersByTime(20_000)
    expect(events.map(({ kind }) => kind)).toEqual(['sending', 'row', 'progress', 'progress'])
    expect(events[2]).toEqual({
      kind: 'progress',
      rows: 100,
      done: 3,
      calls: 0,
      outcomes: { ...none, updated: 1, unchanged: 1, invalid: 1 },
      errors: { E_EMAIL: 1 },
    })
    progress.reporting()
    expect(last()).toMatchObject({ phase: 'reporting', done: 3, etaMs: undefined })
    vi.advanceTimersByTime(20_000)
    expect(events.map(({ kind }) => kind).slice(4)).toEqual(['reporting'])
    progress.stop()
  })
})
