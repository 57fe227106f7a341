/**
 * Lanes D and E: a small run that is struck at one system call, then the same command again until the end, and what
 * the call log and the report say about it.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSimulator } from '../../src/simulator/server.ts'
import { createJob } from './job.ts'
import { createWorkplace, startSession, stateFolder, type Ended } from './session.ts'
import { countPoints, readTrace, tracedPid, under, type Injection, type Syscall } from './strace.ts'
import { judge } from './truth.ts'

const concurrency = 3
const runId = 'lane'
export const rowsOfRun = 20
/** Files that are made from the store, and the names under which they are written first, in whatever order. */
export const reportFiles = [
  'run.log',
  ...['results.csv', 'errors.ndjson', 'summary.json'].flatMap((name) =>
    [name].concat([1, 2, 3].map((serial) => `.${name}.${tracedPid}-${serial}.tmp`)),
  ),
].map((name) => join('rapyd-runs', runId, name))
/** The truth, its mark, and the locks of the first owner: an error at any of them ends a run. */
export const storeFiles = ['', '-wal', '-journal', '-mark', '-run-1-1.lock', '-run-1-1.lock-journal'].map(
  (end) => join(...stateFolder, `store.db${end}`),
)
/** Everything a run keeps. Node itself opens hundreds of other files; its other calls are few. */
export const everyFile = [...storeFiles, join(...stateFolder, 'store.db-shm'), ...reportFiles]

export interface Strike extends Injection {
  readonly idempotency: 'off' | 'all-post'
  readonly seed: number
  /** The files that are watched, from the folder of the run's command on. Default everything, sockets too. */
  readonly files?: readonly string[]
  /** What is run afterwards. Default the same command. */
  readonly again?: 'report'
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
  return withRun(seed, { idempotency, faults }, async (scene) => {
    const { start, reportAgain, evidence, missing, folder, calls } = scene
    const log = join(folder, 'trace')
    const first = await start(under(log, pathsIn(folder, plan.files ?? []), plan))
    const injected = readTrace(log).find((traced) => traced.injected)
    const failedAt = injected?.at ?? Number.POSITIVE_INFINITY
    const sentAfter = calls().filter(({ method, at }) => method === 'POST' && at > failedAt).length
    const last = plan.again === 'report' ? await reportAgain() : await start([])
    const ended = last.code === 0 || last.code === 1
    const violations = ended
      ? [...judge(evidence()).violations, ...missing()]
      : [`it did not go on: ${last.code ?? last.signal} ${last.stderr}`]
    return { first, hit: injected !== undefined || first.signal !== null, sentAfter, violations }
  })
}

/** How often a run that nothing happens to makes each call: so many points there are to strike. On `files`, or anywhere. */
export function points(seed: number, files: readonly string[] = []): Promise<(syscall: Syscall) => number> {
  return withRun(seed, {}, async ({ start, folder }) => {
    const log = join(folder, 'trace')
    await start(under(log, pathsIn(folder, files)))
    const traced = readTrace(log)
    return (syscall) => countPoints(traced, syscall)
  })
}

/** At most so many calls may arrive behind a failed commit: those that were on their way. */
export const mostOnTheirWay = concurrency

function pathsIn(folder: string, files: readonly string[]): string[] {
  return files.map((file) => join(folder, file))
}

interface Scene {
  readonly folder: string
  /** Runs the command behind `command` until it ends. */
  readonly start: (command: readonly string[]) => Promise<Ended>
  readonly reportAgain: () => Promise<Ended>
  /** Files that are not there, or do not say what `results` says. */
  readonly missing: () => readonly string[]
  readonly calls: () => Parameters<typeof judge>[0]['calls']
  readonly evidence: () => Parameters<typeof judge>[0]
}

async function withRun<Result>(
  seed: number,
  options: { readonly idempotency?: 'off' | 'all-post'; readonly faults?: string },
  use: (scene: Scene) => Promise<Result>,
): Promise<Result> {
  const job = createJob(seed, rowsOfRun)
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
      reportAgain: () => startSession(place.path, ['report', runId], env).ended,
      missing: () => missingFiles(place.runDirectory, place.results()),
      calls: () => simulator.calls,
      evidence: () => ({
        job,
        calls: simulator.calls,
        customer: (id) => simulator.customer(id),
        inFlightPerCustomerMax: simulator.inFlightPerCustomerMax,
        results: place.results(),
      }),
    })
  } finally {
    await simulator.close()
    place.remove()
  }
}

/** `summary` counts every row of `results`, and `errors` has a line for each that is not updated. */
function missingFiles(directory: string, results: readonly Readonly<Record<string, string>>[]): string[] {
  const bad = results.filter(({ outcome }) => outcome !== 'updated' && outcome !== 'unchanged').length
  const read = (name: string): string => {
    const path = join(directory, name)
    return existsSync(path) ? readFileSync(path, 'utf8') : ''
  }
  const summary = read('summary.json')
  const { outcomes = {} }: { readonly outcomes?: Readonly<Record<string, number>> } =
    summary === '' ? {} : JSON.parse(summary)
  const counted = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
  const listed = read('errors.ndjson').split('\n').filter(Boolean).length
  const leftovers = readdirSync(directory).filter((name) => name.endsWith('.tmp'))
  return [
    ...(counted === results.length ? [] : [`summary.json counts ${counted} rows of ${results.length}`]),
    ...(listed === bad ? [] : [`errors.ndjson holds ${listed} rows of ${bad}`]),
    ...(leftovers.length === 0 ? [] : [`${leftovers.join()} was left behind`]),
  ]
}
