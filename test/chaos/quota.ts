/**
 * A night of calls on virtual time: several processes send for one account through the shared quota and are killed now and
 * then in the middle of their requests. The server counts for itself.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRateLimiter } from '../../src/http/rate-limiter.ts'
import type { Window } from '../../src/model/store.ts'
import { openQuota } from '../../src/store/sqlite/quota.ts'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'
import { createDice } from './dice.ts'

export interface QuotaPlan {
  readonly seed: number
  readonly calls: number
  readonly processes: number
  /** Kills of a process that starts again at once, spread over the night. */
  readonly kills: number
  readonly windows: readonly Window[]
  readonly latencyMs: number
}

export interface QuotaResult {
  readonly crossings: number
  /** Share of the calls that the windows allow in the time it took. */
  readonly used: number
  /** Calls of each process. */
  readonly shares: readonly number[]
  readonly hours: number
}

const concurrency = 16

export async function quotaNight(plan: QuotaPlan): Promise<QuotaResult> {
  const { windows, calls, latencyMs } = plan
  const dice = createDice(plan.seed)
  const clock = createVirtualClock()
  const directory = mkdtempSync(join(tmpdir(), 'rapyd-bulk-quota-night-'))
  const path = join(directory, 'store.db')
  const store = await openSqliteStore(path)
  const arrivals: number[] = []
  const shares: number[] = Array.from({ length: plan.processes }, () => 0)
  const longestMs = Math.max(...windows.map(({ perMs }) => perMs))
  const perMs = Math.min(...windows.map((window) => window.limit / window.perMs))
  const nightMs = calls / perMs
  let left = calls

  async function life(process: number, untilMs: number): Promise<void> {
    const limiter = createRateLimiter({
      quota: await openQuota({ path, account: 1, windows, clock }),
      windows,
      concurrency,
      clock,
      random: () => 0,
      longestMs: Number.POSITIVE_INFINITY,
      stop() {},
      onSuccess() {},
      onFailure() {},
    })
    limiter.allowConcurrency()
    const killed = new AbortController()
    async function worker(): Promise<void> {
      while (left > 0 && !killed.signal.aborted) {
        const permit = await limiter.acquire(killed.signal)
        left--
        const ms = latencyMs * (0.5 + dice.roll(0, 100) / 100)
        await clock.sleep(ms)
        // The worst case: the server counts it at the last moment, also where nobody waits for the answer any more.
        arrivals.push(clock.now())
        shares[process] = (shares[process] ?? 0) + 1
        if (killed.signal.aborted) return
        permit.release()
      }
    }
    const workers = Array.from({ length: concurrency }, worker)
    const end = clock.sleep(untilMs - clock.now()).then(() => killed.abort())
    await Promise.race([Promise.allSettled(workers), end])
    killed.abort()
    await limiter.close()
  }

  async function lives(process: number): Promise<void> {
    const kills = Array.from(
      { length: Math.floor(plan.kills / plan.processes) },
      () => dice.roll(0, 1_000) / 1_000,
    )
    for (const at of [...kills.toSorted((a, b) => a - b), Number.POSITIVE_INFINITY])
      if (left > 0) await life(process, at === Number.POSITIVE_INFINITY ? nightMs * 3 : at * nightMs)
  }

  try {
    const all = Promise.all(Array.from({ length: plan.processes }, (_, process) => lives(process)))
    await clock.advanceTo(nightMs * 3)
    await all
    const tookMs = Math.max(...arrivals)
    const crossings = windows.reduce((sum, window) => sum + crossingsOf(arrivals, window), 0)
    // The first windows are empty: their bursts are allowed as well.
    const allowed = Math.min(...windows.map(({ limit, perMs: span }) => limit * (1 + tookMs / span)))
    return {
      crossings,
      used: arrivals.length / Math.min(allowed, calls * (1 + longestMs / nightMs)),
      shares,
      hours: tookMs / 3_600_000,
    }
  } finally {
    await store.close()
    rmSync(directory, { recursive: true })
  }
}

/** Requests that came while `limit` others were inside the window. */
function crossingsOf(times: readonly number[], { limit, perMs }: Window): number {
  const sorted = times.toSorted((left, right) => left - right)
  return sorted.filter((time, index) => time - (sorted[index - limit] ?? Number.NEGATIVE_INFINITY) < perMs)
    .length
}
