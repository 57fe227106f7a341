/** The contract of a quota, held to both of its kinds. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
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
afterEach(async () => {
  for (const quota of open.splice(0)) await quota.close()
  rmSync(directory, { recursive: true })
})

function kept(quota: Quota): Quota {
  open.push(quota)
  return quota
}
const inMemory = (given: readonly Window[] = windows) =>
  Promise.resolve(kept(createMemoryQuota(given, clock)))
const shared = async (given: readonly Window[] = windows): Promise<Quota> =>
  kept(await openQuota({ path, account: 1, windows: given, clock }))

describe.each([
  ['in memory', inMemory],
  ['shared', shared],
])('a quota %s', (_name, create) => {
  it('gives room up to the smallest window, and says when there is more', async () => {
    const quota = await create()
    for (let call = 0; call < 3; call++) {
      expect(await quota.take()).toBe(0)
      await quota.end()
    }
    expect(await quota.take()).toBe(1_005)
    now += 1_006
    expect(await quota.take()).toBe(0)
    await quota.end()
    expect(await quota.take()).toBe(0)
    await quota.end()
    // The longer window now holds five.
    expect(await quota.take()).toBe(4_005 - 1_006)
  })

  it('counts a request until a window after its end, not after its start', async () => {
    const quota = await create([{ limit: 1, perMs: 1_000 }])
    expect(await quota.take()).toBe(0)
    now += 700
    await quota.end()
    now += 700
    expect(await quota.take()).toBe(305)
  })

  it('gives room for two requests together, or for none of them', async () => {
    const quota = await create([{ limit: 3, perMs: 1_000 }])
    expect(await quota.take(2)).toBe(0)
    await quota.end()
    now += 100
    await quota.end()
    expect(await quota.take(2)).toBe(905)
    expect(await quota.take()).toBe(0)
    await quota.end()
    now += 905
    expect(await quota.take(2)).toBe(100)
    now += 100
    expect(await quota.take(2)).toBe(0)
  })

  it('gives nobody room during a pause, and never shortens one', async () => {
    const quota = await create()
    await quota.pause(5_000)
    await quota.pause(1_000)
    expect(quota.pausedForMs).toBe(5_000)
    expect(await quota.take()).toBe(5_000)
    now += 5_000
    expect(quota.pausedForMs).toBe(0)
    expect(await quota.take()).toBe(0)
  })
})

describe('processes that share a quota', () => {
  it('wait for one that writes, and do other work meanwhile', async () => {
    const quota = await shared()
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const taking = quota.take()
    // Without a turn in between, this would come only after the wait for the lock.
    await setImmediate()
    other.exec('COMMIT')
    other.close()
    expect(await taking).toBe(0)
  })

  it('never get more than one of them alone would', async () => {
    const [left, right] = [await shared(), await shared()]
    expect([await left.take(), await right.take(), await left.take()]).toEqual([0, 0, 0])
    await left.end()
    expect(await right.take()).toBeGreaterThan(0)
    await left.end()
    await right.end()
    now += 1_006
    expect([await right.take(), await left.take()]).toEqual([0, 0])
  })

  it('take turns: who has had more lets those who wait go first', async () => {
    const [greedy, late] = [
      await shared([{ limit: 10, perMs: 1_000 }]),
      await shared([{ limit: 10, perMs: 1_000 }]),
    ]
    for (let call = 0; call < 10; call++) {
      await greedy.take()
      await greedy.end()
      now += 10
    }
    expect(await late.take()).toBeGreaterThan(0)
    now += 910
    expect(await greedy.take()).toBe(10)
    expect(await late.take()).toBe(0)
  })

  it('do not wait for one that is gone', async () => {
    const [greedy, gone] = [
      await shared([{ limit: 2, perMs: 1_000 }]),
      await shared([{ limit: 2, perMs: 1_000 }]),
    ]
    await greedy.take()
    await greedy.end()
    await greedy.take()
    await greedy.end()
    expect(await gone.take()).toBeGreaterThan(0)
    now += 2_000
    expect(await greedy.take()).toBe(0)
  })

  it('pause together', async () => {
    const [left, right] = [await shared(), await shared()]
    await left.pause(3_000)
    expect(await right.take()).toBe(3_000)
    expect(right.pausedForMs).toBe(3_000)
  })

  it('counts a request in flight that another process has begun while a third one waited to join', async () => {
    const given = [{ limit: 1, perMs: 1_000 }]
    const one = await shared(given)
    const writer = new DatabaseSync(path)
    writer.exec('BEGIN IMMEDIATE')
    const joining = shared(given)
    now += 50
    writer.exec('COMMIT')
    writer.close()
    expect(await one.take()).toBe(0)
    const other = await joining
    now += 2_000
    expect(await other.take()).toBeGreaterThan(0)
  })

  it('remember what one had on the wire when it was killed, until that is over', async () => {
    const killed = await openQuota({ path, account: 1, windows: [{ limit: 1, perMs: 1_000 }], clock })
    expect(await killed.take()).toBe(0)
    await killed.close()
    const next = await shared([{ limit: 1, perMs: 1_000 }])
    expect(await next.take()).toBeGreaterThan(30_000)
    now += 31_006
    expect(await next.take()).toBe(0)
  })

  it('forget pauses and those who waited when the machine is started again', async () => {
    now = 5 * 3_600_000
    const before = await openQuota({
      path,
      account: 1,
      windows: [{ limit: 1, perMs: 1_000 }],
      clock,
      boot: 'boot 1',
    })
    await before.take()
    await before.end()
    await before.take()
    await before.pause(60_000)
    await before.close()
    now = 60_000
    const after = kept(
      await openQuota({ path, account: 1, windows: [{ limit: 1, perMs: 1_000 }], clock, boot: 'boot 2' }),
    )
    expect(after.pausedForMs).toBe(0)
    expect(await after.take()).toBe(1_005)
    for (let call = 0; call < 5; call++) {
      now += 1_006
      expect(await after.take()).toBe(0)
      await after.end()
    }
  })

  it('know that the machine was started again: what was sent before counts as sent now', async () => {
    const before = await shared([{ limit: 1, perMs: 1_000 }])
    await before.take()
    await before.end()
    now = 50
    const after = await shared([{ limit: 1, perMs: 1_000 }])
    expect(await after.take()).toBe(1_005)
  })
})
