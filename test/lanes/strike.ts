/**
 * Lanes D and E: a small run that is struck at one system call, then the same command again until the end, and what
 * the call log and the report say about it.
 */
import { join } from 'node:path'
import { createSimulator } from '../../src/simulator/server.ts'
import { createJob } from './job.ts'
import { createWorkplace, startSession } from './session.ts'
import type { Ended } from './session.ts'
import { countPoints, readTrace, under } from './strace.ts'
import type { Injection, Syscall } from './strace.ts'
import { judge } from './truth.ts'

const concurrency = 3
const rows = 20
/** Everything a run keeps. */
const everyFile = [
  'journal.db',
  'journal.db-wal',
  'journal.db-shm',
  'journal.db-journal',
  'run.lock',
  'run.lock-journal',
  'holder.json',
  'run.log',
  'results.csv',
  'errors.ndjson',
  'summary.json',
  'report.html',
]

export interface Strike extends Injection {
  readonly idempotency: 'off' | 'all-post'
  readonly seed: number
  /** The files that are watched. Default all. */
  readonly files?: readonly string[]
}

export interface Struck {
  readonly first: Ended
  /** False where the run ended before the call that was to be struck. */
  readonly hit: boolean
  /** Updates that arrived after the injected call. */
  readonly sentAfter: number
  readonly violations: readonly string[]
}

export async function strike(plan: Strike): Promise<Struck> {
  const faults = 'reset-after:3%,reset-before:3%'
  const { seed, idempotency } = plan
  return withRun(seed, { idempotency, faults }, async ({ start, evidence, folder, calls }) => {
    const log = join(folder, 'trace')
    const first = await start(under(log, pathsIn(folder, plan), plan))
    const injected = readTrace(log).find((traced) => traced.injected)
    const failedAt = injected?.at ?? Number.POSITIVE_INFINITY
    const sentAfter = calls().filter(({ method, at }) => method === 'POST' && at > failedAt).length
    const last = await start([])
    const ended = last.code === 0 || last.code === 1
    const violations = ended
      ? judge(evidence()).violations
      : [`it did not go on: ${last.code ?? last.signal} ${last.stderr}`]
    return { first, hit: injected !== undefined || first.signal !== null, sentAfter, violations }
  })
}

/** How many points there are to strike in a run that nothing happens to. */
export function points(seed: number, syscall: Syscall, files?: readonly string[]): Promise<number> {
  return withRun(seed, {}, async ({ start, folder }) => {
    const log = join(folder, 'trace')
    await start(under(log, pathsIn(folder, { syscall, ...(files === undefined ? {} : { files }) })))
    return countPoints(readTrace(log), syscall)
  })
}

/** At most so many calls may arrive behind a failed commit: those that were on their way. */
export const mostOnTheirWay = concurrency

const runId = 'lane'

/** Node itself opens hundreds of files; its other calls are few, and those on sockets are worth a strike too. */
function pathsIn(folder: string, { syscall, files }: Pick<Strike, 'syscall' | 'files'>): string[] {
  const watched = files ?? (syscall === 'openat' ? everyFile : [])
  return watched.map((file) => join(folder, 'rapyd-runs', runId, file))
}

interface Scene {
  readonly folder: string
  /** Runs the command behind `command` until it ends. */
  readonly start: (command: readonly string[]) => Promise<Ended>
  readonly calls: () => Parameters<typeof judge>[0]['calls']
  readonly evidence: () => Parameters<typeof judge>[0]
}

async function withRun<Result>(
  seed: number,
  options: { readonly idempotency?: 'off' | 'all-post'; readonly faults?: string },
  use: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const job = createJob(seed, rows)
  const simulator = await createSimulator({ windows: [], latencyMs: 2, seed, ...options })
  const place = createWorkplace('job.ndjson', job.text)
  const args = ['update', 'job.ndjson', '--rate', 'none', '--run-id', runId, '--quiet']
  const env = {
    RAPYD_BASE_URL: simulator.url,
    RAPYD_ACCESS_KEY: simulator.accessKey,
    RAPYD_SECRET_KEY: simulator.secretKey,
  }
  try {
    return await use({
      folder: place.path,
      start: (command) =>
        startSession(place.path, [...args, '--concurrency', String(concurrency)], env, command).ended,
      calls: () => simulator.calls,
      evidence: () => ({
        job,
        calls: simulator.calls,
        inFlightPerCustomerMax: simulator.inFlightPerCustomerMax,
        results: place.results(),
      }),
    })
  } finally {
    await simulator.close()
    place.remove()
  }
}
