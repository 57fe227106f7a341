import { expect, it } from 'vitest'
import { loadDoubts } from '../../../src/engine/waiting-rows.ts'

const hour = 3_600_000
const clock = { now: () => 5_000, wall: () => 1_700_000_000_000 }

it.each([
  ['was killed', ''],
  ['was stopped', JSON.stringify({ 7: [clock.wall() + hour, 1] })],
])('a row in doubt waits no longer because the clock was set back after its session %s', (_, note) => {
  const doubts = loadDoubts(
    {
      inDoubt: new Map([[7, clock.wall() + hour]]),
      earlier: { settled: new Map(), errors: new Map(), closedCustomers: new Set(), endedAt: clock.wall() },
      note: () => note,
      noteLater() {},
    },
    new Map(),
    clock,
  )
  expect(doubts.get(7)).toEqual({ at: clock.now(), attempts: 1 })
})
