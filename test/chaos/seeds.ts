/** Lane H: one seed is one job of rows, faults, outages, blocks and crashes, run to its end on virtual time and judged. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMemoryQuota } from '../../src/http/limiter-state.ts'
import type { UpdateRequest } from '../../src/model/row.ts'
import { createUpdateRequest } from '../../src/rapyd/requests.ts'
import { openQuota } from '../../src/store/sqlite/quota.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import type { Store, Window } from '../../src/model/store.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { createDice } from './dice.ts'
import { createJob, rowOf, type Job } from './job.ts'
import { session, type Kept } from './virtual-run.ts'
import { createVirtualServer, type VirtualServer } from './virtual-server.ts'

export interface SeedResult {
  readonly violations: readonly string[]
  readonly crashes: number
  readonly requests: number
  readonly hours: number
}

const longestMs = 48 * 3_600_000

export async function runSeed(seed: number, rows = 200): Promise<SeedResult> {
  const dice = createDice(seed)
  const clock = createVirtualClock()
  const job = createJob(seed, rows)
  const windows: readonly Window[] = seed % 8 === 0 ? [{ limit: 60, perMs: 60_000 }] : []
  const crashes = dice.roll(0, 6)
  const outages = Array.from({ length: dice.roll(0, 2) }, () => {
    const from = dice.roll(0, 60_000)
    return { from, to: from + dice.roll(1_000, 600_000) }
  })
  const fault = dice.roll(0, 3) / 100
  const server = createVirtualServer({ windows, fault, outages }, clock, dice)
  const kept: Kept = { intents: new Map(), outcomes: new Map(), held: new Map() }
  // Only windows need a store that outlives a session.
  const shared = windows.length > 0 ? await openShared() : undefined
  const random = (): number => dice.roll(0, 999) / 1_000
  const requests = requestsOf(job)
  let why: unknown
  try {
    for (let crash = 0; crash <= crashes; crash++) {
      const killed = new AbortController()
      if (crash < crashes) void clock.sleep(dice.roll(0, 20_000)).then(() => killed.abort())
      const quota =
        shared === undefined
          ? createMemoryQuota([], clock)
          : await openQuota({ path: shared.store.path, account: 1, windows, clock })
      const state = { isOver: false }
      const going = session(requests, kept, server, windows, quota, clock, killed.signal, random)
        .then(
          (reason) => (why = reason),
          (error: unknown) => (why = error),
        )
        .finally(() => (state.isOver = true))
      while (!state.isOver && !killed.signal.aborted && clock.now() < longestMs)
        await clock.advanceTo(clock.now() + 250)
      if (state.isOver) await going
      await quota.close()
      if (state.isOver) break
    }
    return {
      violations: findViolations(job, kept, server, why),
      crashes,
      requests: server.requests,
      hours: clock.now() / 3_600_000,
    }
  } finally {
    await shared?.remove()
  }
}

async function openShared(): Promise<{ readonly store: Store; readonly remove: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'rapyd-bulk-seed-'))
  const store = await openSqliteStore(join(folder, 'store.db'))
  return {
    store,
    async remove() {
      await store.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function requestsOf(job: Job): UpdateRequest[] {
  const requestOf = createUpdateRequest({ host: 'virtual', runId: 'seed' })
  return job.rows
    .filter(({ kind }) => kind === 'good')
    .map(({ row, customerId, patch }) =>
      requestOf({
        row,
        line: row,
        offset: 0,
        length: 1,
        customerId,
        patch: JSON.parse(JSON.stringify(patch)),
        fields: Object.keys(patch),
        cleared: [],
      }),
    )
}

function findViolations(job: Job, kept: Kept, server: VirtualServer, why: unknown): string[] {
  const good = job.rows.filter(({ kind }) => kind === 'good')
  const times = new Map<number, number>()
  for (const { body } of server.applied) times.set(rowOf(body), (times.get(rowOf(body)) ?? 0) + 1)
  const wrong = good.flatMap(({ row, once }) => {
    const applied = times.get(row) ?? 0
    const found = kept.outcomes.get(row)
    if (found === undefined) return [`row ${row} has no outcome`]
    const isDoubtful = found.outcome === 'unknown' || found.message.includes('applied twice')
    if (found.outcome === 'updated' && applied === 0)
      return [`row ${row} is called updated and was not applied`]
    if (found.outcome !== 'updated' && found.outcome !== 'unknown' && applied > 0)
      return [`row ${row} is called ${found.outcome} and was applied`]
    if (applied > 1 && (once || !isDoubtful)) return [`row ${row} was applied ${applied} times`]
    return []
  })
  const order = [...Map.groupBy(server.applied, ({ customerId }) => customerId)].flatMap(
    ([customerId, of]) => {
      const sent = of.map(({ body }) => rowOf(body))
      return sent.every((row, at) => row >= (sent[at - 1] ?? 0))
        ? []
        : [`rows of ${customerId} out of order: ${sent.join()}`]
    },
  )
  return [
    ...(why === undefined
      ? []
      : [`it was stopped: ${why instanceof Error ? why.message : 'without an error'}`]),
    ...wrong,
    ...order,
    ...(server.crossings > 0 ? [`${server.crossings} windows crossed`] : []),
    ...(server.overlaps > 0 ? ['two updates of one customer at a time'] : []),
  ]
}
