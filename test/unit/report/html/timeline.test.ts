import { expect, it } from 'vitest'
import { timeChart } from '../../../../src/report/html/charts.ts'
import { readPauses } from '../../../../src/report/html/timeline.ts'
import { createPauseNotes } from '../../../../src/engine/pauses.ts'

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

it('a chart has a band for each pause, cut at its edges and wide enough to be seen', () => {
  const slots = [0, 1_000, 2_000, 3_000].map((start) => ({
    start,
    calls: 1,
    errors: 0,
    retries: 0,
    throttled: 0,
  }))
  const pauses = [
    { from: 500, to: 1_500, kind: 'blocked' },
    { from: 3_000, to: 90_000, kind: 'outage' },
    { from: 2_000, to: 2_001, kind: 'blocked' },
  ] as const
  const chart = timeChart('name', { slots, widthMs: 1_000, pauses }, () => '')
  expect(chart.match(/<rect class="(?:blocked|outage)" x="[^"]*" width="[^"]*"/g)).toEqual([
    '<rect class="blocked" x="0.5" width="1"',
    '<rect class="outage" x="3" width="1"',
    '<rect class="blocked" x="2" width="0.01"',
  ])
})
