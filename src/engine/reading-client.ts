/** A client that only reads, for commands that read customers outside of a run: within the same windows, quota and outages. */
import { preflight } from '../http/access.ts'
import { createReadCustomer, createReadPage } from '../http/read-customer.ts'
import { readMany, type ReadManyParts } from './read-many.ts'
import { stopWith } from './program-options.ts'
import type { OptionsOf } from '../config/options.ts'
import type { Store } from '../model/store.ts'
import { toSnapshot } from '../rapyd/snapshot.ts'
import type { Remote } from '../http/ports.ts'
import type { RunEvent } from '../report/run-log.ts'
import { openClient } from './run-client.ts'
import type { ReadingCounts, Readings } from '../store/readings.ts'
import { inheritOptions, resolveOptions, type Resolved } from '../config/job-options.ts'
import { nameRoute, openRemote } from './remote.ts'
import { refuseOtherDestination, type SavedRun } from './saved-run.ts'
import type { KeyChangeWatch } from './watch.ts'

/** What a program may watch while customers are read. */
export interface ReadingWatch extends KeyChangeWatch {
  /** Called once a second with the customers that are known of those wanted. Must not throw. */
  readonly onProgress?: (known: number, wanted: number, progress: Readonly<ReadingProgress>) => void
  readonly onEvent?: (event: RunEvent) => void
}

export interface ReadingParts {
  readonly store: Store
  readonly remote: Remote
  readonly options: Resolved<OptionsOf<'verify'>>
  readonly watch: ReadingWatch
  /** The fields of the customers that are wanted. */
  readonly fields: ReadonlySet<string>
}

export interface ReadingProgress extends ReadingCounts {
  /** Requests so far: those reads, with their repetitions, and the one that proves the keys. */
  requests: number
}

/** Reads what is open of `readings`. Resolves with the number of requests. Rejects with the `BulkUpdateError` that stopped it. */
export async function readCustomers(
  { store, remote, options, watch, fields }: ReadingParts,
  readings: Readings,
  outside: AbortSignal,
): Promise<number> {
  if (readings.open === 0) return 0
  const progress: ReadingProgress = { ...readings.counts(), requests: 0 }
  const { customers } = readings
  using stopping = stopWith(outside)
  const { signal, stop } = stopping
  const timer = setInterval(() => watch.onProgress?.(customers - readings.open, customers, progress), 1_000)
  const client = await openClient({
    store,
    remote,
    options,
    notify: (event) => watch.onEvent?.(event),
    requested: () => void progress.requests++,
    stop: (error) => stop(nameRoute(error, remote)),
  })
  try {
    await preflight({ ...client, patienceMs: options.firstOutageMs }, signal)
    const parts = {
      readings,
      toSnapshot: (customer) => toSnapshot(customer, fields),
      read: createReadCustomer(client),
      page: createReadPage(client),
      concurrency: options.concurrency,
    } satisfies ReadManyParts
    await readMany(parts, progress, signal)
    return progress.requests
  } catch (error) {
    throw signal.aborted ? error : nameRoute(error, remote)
  } finally {
    clearInterval(timer)
    await client.close()
  }
}

/** Reads customers of a run, by default at its host. Resolves with the number of requests. Rejects also for keys of another account. */
export async function readCustomersOf(
  run: SavedRun,
  { options, ...parts }: Pick<ReadingParts, 'watch' | 'fields'> & { readonly options: OptionsOf<'verify'> },
  readings: Readings,
  signal: AbortSignal,
): Promise<number> {
  const resolved = resolveOptions({ ...inheritOptions('verify', run.record.options, options), ...options })
  const remote = await openRemote(resolved)
  try {
    refuseOtherDestination(`run ${run.runId}`, run.binding, { host: remote.host, account: remote.account })
    return await readCustomers({ store: run.store, remote, options: resolved, ...parts }, readings, signal)
  } finally {
    await remote.close()
  }
}
