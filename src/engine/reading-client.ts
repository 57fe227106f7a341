/** A client that only reads, for commands that read customers outside of a run: within the same windows, quota and outages. */
import { preflight } from '../http/access.ts'
import { createReadCustomer, createReadPage } from '../http/read-customer.ts'
import { readMany } from '../http/read-many.ts'
import type { ReadRequestCounts } from '../http/read-many.ts'
import { systemClock } from '../http/clock.ts'
import type { JsonObject } from '../model/json.ts'
import { interruption } from './program-options.ts'
import type { Resolved } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import { toSnapshot } from '../rapyd/snapshot.ts'
import type { Remote } from './remote.ts'
import type { RunEvent } from '../report/run-log.ts'
import { openClient } from './client.ts'
import type { Readings } from '../store/readings.ts'
import { inheritOptions, resolveOptions } from '../config/job-options.ts'
import { openRemote } from './remote.ts'
import { refuseElsewhere } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

/** What a program may watch while customers are read. */
export interface ReadingWatch {
  /** Called once a second with the customers that are known of those wanted. Must not throw. */
  readonly onProgress?: (known: number, wanted: number, progress: Readonly<ReadingProgress>) => void
  readonly onEvent?: (event: RunEvent) => void
}

export interface ReadingParts {
  readonly remote: Remote
  readonly options: Resolved<OptionsOf<'verify'>>
  readonly watch: ReadingWatch
  /** The fields of the customers that are wanted. */
  readonly fields: ReadonlySet<string>
}

export interface ReadingProgress extends ReadRequestCounts {
  /** Requests so far: those reads, with their repetitions, and the one that proves the keys. */
  requests: number
}

/** Reads what is open of `readings`, and gives the requests that it took. Rejects with the `BulkUpdateError` that stopped it. */
export async function readCustomers(
  { remote, options, watch, fields }: ReadingParts,
  readings: Readings,
  outside: AbortSignal,
): Promise<number> {
  if (readings.open === 0) return 0
  const progress: ReadingProgress = { ...readings.counts(), requests: 0 }
  const { customers } = readings
  const stopping = new AbortController()
  const interrupt = (): void => stopping.abort(interruption(outside.reason))
  if (outside.aborted) interrupt()
  outside.addEventListener('abort', interrupt, { once: true })
  const { signal } = stopping
  const clock = systemClock
  const concurrency = options.concurrency
  const parts = {
    remote,
    options,
    tell: (event: RunEvent) => watch.onEvent?.(event),
    progress: { requested: () => void progress.requests++ },
  }
  const timer = setInterval(() => watch.onProgress?.(customers - readings.open, customers, progress), 1_000)
  const client = openClient(parts, memoryJournal(), concurrency, clock, (error) => stopping.abort(error))
  const tools = { ...client, clock, random: Math.random }
  try {
    await preflight({ ...tools, patienceMs: options.firstOutageMs }, signal)
    await readMany(
      {
        wanted: () => readings.wanted(),
        isOpen: (customerId) => readings.isOpen(customerId),
        open: () => readings.open,
        keep: (found, isOnCredit) =>
          readings.keep(
            found.map(({ customerId, snapshot }) => [customerId, snapshot]),
            progress,
            isOnCredit,
          ),
        giveBack: () => readings.giveBack(),
        toSnapshot: (customer: JsonObject) => toSnapshot(customer, fields),
        read: createReadCustomer(tools),
        page: createReadPage(tools),
        concurrency,
      },
      progress,
      signal,
    )
    return progress.requests
  } finally {
    clearInterval(timer)
    outside.removeEventListener('abort', interrupt)
    await client.close()
  }
}

/** What a client notes of a run, for as long as it reads; it has no rows. */
function memoryJournal() {
  const notes = new Map<string, string>()
  return {
    get: (key: string) => notes.get(key),
    note: (key: string, value: string) => void notes.set(key, value),
    intend: () => undefined,
  }
}

export interface CustomersOfRun extends Pick<ReadingParts, 'watch' | 'fields'> {
  /** Where nothing is said about the remote, it is the run's. */
  readonly options: OptionsOf<'verify'>
}

/** Gives the requests that it took. Rejects as `readCustomers`, and with USAGE where the keys are those of another account. */
export async function readCustomersOf(
  run: SavedRun,
  { options, ...parts }: CustomersOfRun,
  readings: Readings,
  signal: AbortSignal,
): Promise<number> {
  const resolved = resolveOptions({ ...inheritOptions('verify', run.record.options, options), ...options })
  const remote = await openRemote(resolved)
  try {
    refuseElsewhere(`run ${run.runId}`, run.fact, { host: remote.host, account: remote.account })
    return await readCustomers({ remote, options: resolved, ...parts }, readings, signal)
  } finally {
    await remote.close()
  }
}
