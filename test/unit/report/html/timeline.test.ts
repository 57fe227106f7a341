import { expect, it } from 'vitest'
import { createReportData, readPauses } from '../../../../src/report/html/report-data.ts'
import { timeSection } from '../../../../src/report/html/sections.ts'
import { createTotals } from '../../../../src/report/summary.ts'
import { createPauseNotes } from '../../../../src/engine/run-client.ts'
import { outcomeOf } from '../outcome.ts'

function createNotes() {
  const kept = new Map<string, string>()
  let now = 1_000
  const run = {
    note: (name: string) => kept.get(name),
    noteLater: (name: string, value: string) => void kept.set(name, value),
  }
  const open = () => createPauseNotes(run, () => now)
  return { open, read: () => readPauses(kept.get('pauses')), advance: (ms: number) => void (now += ms) }
}

it('blocks and outages are kept with when they were, and over sessions', () => {
  const { open, read, advance } = createNotes()
  const first = open()
  first.blocked(250.4)
  first.outage(true)
  advance(5_000)
  first.outage(false)
  open().blocked(1)
  expect(read()).toEqual([
    { from: 1_000, to: 1_250, kind: 'blocked' },
    { from: 1_000, to: 6_000, kind: 'outage' },
    { from: 6_000, to: 6_001, kind: 'blocked' },
  ])
})

it('only the last of very many are kept', () => {
  const { open, read, advance } = createNotes()
  const notes = open()
  for (let times = 0; times < 600; times++) {
    notes.blocked(1)
    advance(10)
  }
  expect(read()).toHaveLength(500)
  expect(read().at(-1)).toMatchObject({ from: 1_000 + 5_990 })
})

it.each([undefined, 'null', '[]', '{}', '[1, {"from": "x"}]'])('%s is no pause', (text) =>
  expect(readPauses(text)).toEqual([]),
)

it('the chart has a band for each pause, cut at its edges and wide enough to be seen', () => {
  const start = Date.UTC(2026, 10, 23)
  const data = createReportData()
  for (const second of [0, 1, 2, 3]) data.add(outcomeOf({ finishedAt: start + second * 1_000 }))
  const pauses = [
    { from: start + 500, to: start + 1_500, kind: 'blocked' },
    { from: start + 3_000, to: start + 90_000, kind: 'outage' },
    { from: start + 2_000, to: start + 2_001, kind: 'blocked' },
  ] as const
  const facts = {
    run_id: 'crm-1',
    env: 'sandbox',
    host: 'h',
    account: 'a',
    rate_limited: 0,
    exit_code: 0,
    next: '',
  }
  const run = {
    ...facts,
    started_at: '',
    finished_at: '',
    input: { path: 'a', sha256: 'b', rows: 4, bytes: 9 },
  }
  const chart = timeSection({ ...run, ...createTotals().totals() }, data, pauses)
  expect(chart.match(/<rect class="(?:blocked|outage)" x="[^"]*" width="[^"]*" height="100"/g)).toEqual([
    '<rect class="blocked" x="0.5" width="1" height="100"',
    '<rect class="outage" x="3" width="1" height="100"',
    '<rect class="blocked" x="2" width="0.01" height="100"',
  ])
})
