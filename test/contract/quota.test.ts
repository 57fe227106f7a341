/** The contract of a quota, held to both of its kinds. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createMemoryQuota } from '../../src/http/limiter-state.ts'
import type { Quota, Window } from '../../src/model/store.ts'
import { openQuota } from '../../src/store/sqlite/quota.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'

const windows = [
  { limit: 3, perMs: 1_000 },
  { limit: 5, perMs: 4_000 },
]
let directory = ''
let path = ''
let now = 0
const clock = { now: () => now }
const open: Quota[] = []
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-quota-'))
  path = join(directory, 'store.db')
  await (await openSqliteStore(path)).close()
  now = 1_000_000
})
afterEach(() => {
  for (const quota of open.splice(0)) quota.close()
  rmSync(directory, { recursive: true })
})

function kept(quota: Quota): Quota {
  open.push(quota)
  return quota
}
const inMemory = (given: readonly Window[] = windows): Quota => kept(createMemoryQuota(given, clock))
const shared = (given: readonly Window[] = windows): Quota =>
  kept(openQuota({ path, account: 1, windows: given, clock }))

describe.each([
  ['in memory', inMemory],
  ['shared', shared],
])('a quota %s', (_name, create) => {
  it('gives room up to the smallest window, and says when there is more', () => {
    const quota = create()
    for (let call = 0; call < 3; call++) {
      expect(quota.take()).toBe(0)
      quota.end()
    }
    expect(quota.take()).toBe(1_005)
    now += 1_006
    expect(quota.take()).toBe(0)
    quota.end()
    expect(quota.take()).toBe(0)
    quota.end()
    // The longer window now holds five.
    expect(quota.take()).toBe(4_005 - 1_006)
  })

  it('counts a request until a window after its end, not after its start', () => {
    const quota = create([{ limit: 1, perMs: 1_000 }])
    expect(quota.take()).toBe(0)
    now += 700
    quota.end()
    now += 700
    expect(quota.take()).toBe(305)
  })

  it('gives room for two requests together, or for none of them', () => {
    const quota = create([{ limit: 3, perMs: 1_000 }])
    expect(quota.take(2)).toBe(0)
    quota.end()
    now += 100
    quota.end()
    expect(quota.take(2)).toBe(905)
    expect(quota.take()).toBe(0)
    quota.end()
    now += 905
    expect(quota.take(2)).toBe(100)
    now += 100
    expect(quota.take(2)).toBe(0)
  })

  it('gives nobody room during a pause, and never shortens one', () => {
    const quota = create()
    quota.pause(5_000)
    quota.pause(1_000)
    expect(quota.pausedForMs).toBe(5_000)
    expect(quota.take()).toBe(5_000)
    now += 5_000
    expect(quota.pausedForMs).toBe(0)
    expect(quota.take()).toBe(0)
  })
})

describe('processes that share a quota', () => {
  it('never get more than one of them alone would', () => {
    const [left, right] = [shared(), shared()]
    expect([left.take(), right.take(), left.take()]).toEqual([0, 0, 0])
    left.end()
    expect(right.take()).toBeGreaterThan(0)
    left.end()
    right.end()
    now += 1_006
    expect([right.take(), left.take()]).toEqual([0, 0])
  })

  it('take turns: who has had more lets those who wait go first', () => {
    const [greedy, late] = [shared([{ limit: 10, perMs: 1_000 }]), shared([{ limit: 10, perMs: 1_000 }])]
    for (let call = 0; call < 10; call++) {
      greedy.take()
      greedy.end()
      now += 10
    }
    expect(late.take()).toBeGreaterThan(0)
    now += 910
    expect(greedy.take()).toBe(10)
    expect(late.take()).toBe(0)
  })

  it('do not wait for one that is gone', () => {
    const [greedy, gone] = [shared([{ limit: 2, perMs: 1_000 }]), shared([{ limit: 2, perMs: 1_000 }])]
    greedy.take()
    greedy.end()
    greedy.take()
    greedy.end()
    expect(gone.take()).toBeGreaterThan(0)
    now += 2_000
    expect(greedy.take()).toBe(0)
  })

  it('pause together', () => {
    const [left, right] = [shared(), shared()]
    left.pause(3_000)
    expect(right.take()).toBe(3_000)
    expect(right.pausedForMs).toBe(3_000)
  })

  it('remember what one had on the wire when it was killed, until that is over', () => {
    const killed = openQuota({ path, account: 1, windows: [{ limit: 1, perMs: 1_000 }], clock })
    expect(killed.take()).toBe(0)
    killed.close()
    const next = shared([{ limit: 1, perMs: 1_000 }])
    expect(next.take()).toBeGreaterThan(30_000)
    now += 31_006
    expect(next.take()).toBe(0)
  })

  it('forget pauses and those who waited when the machine is started again', () => {
    now = 5 * 3_600_000
    const before = openQuota({
      path,
      account: 1,
      windows: [{ limit: 1, perMs: 1_000 }],
      clock,
      boot: 'boot 1',
    })
    before.take()
    before.end()
    before.take()
    before.pause(60_000)
    before.close()
    now = 60_000
    const after = kept(
      openQuota({ path, account: 1, windows: [{ limit: 1, perMs: 1_000 }], clock, boot: 'boot 2' }),
    )
    expect(after.pausedForMs).toBe(0)
    expect(after.take()).toBe(1_005)
    for (let call = 0; call < 5; call++) {
      now += 1_006
      expect(after.take()).toBe(0)
      after.end()
    }
  })

  it('know that the machine was started again: what was sent before counts as sent now', () => {
    const before = shared([{ limit: 1, perMs: 1_000 }])
    before.take()
    before.end()
    now = 50
    const after = shared([{ limit: 1, perMs: 1_000 }])
    expect(after.take()).toBe(1_005)
  })
})
