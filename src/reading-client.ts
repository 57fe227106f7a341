/** A client that only reads, for whoever looks at customers outside of a run: within the same windows, quota and outages. */
import { preflight } from './client/preflight.ts'
import { createReadCustomer } from './client/read-customer.ts'
import { readMany } from './client/read-many.ts'
import type { Kept, ReadCounts } from './client/read-many.ts'
import { createReadPage } from './client/read-page.ts'
import { systemClock } from './client/clock.ts'
import type { JsonObject } from './domain/json.ts'
import { interruption } from './interruption.ts'
import { defaultPatienceMs } from './options.ts'
import type { UpdateOptions } from './options.ts'
import { imageOf } from './rapyd/held.ts'
import type { Remote } from './remote.ts'
import type { RunEvent } from './report/run-events.ts'
import { openClient } from './run-client.ts'

export interface ReadingParts {
  readonly remote: Remote
  readonly options: Pick<UpdateOptions, 'concurrency' | 'maxOutageMs' | 'stateDir' | 'env'>
  readonly tell: (event: RunEvent) => void
  /** The fields of the customers that are wanted. */
  readonly fields: ReadonlySet<string>
}

/** As `readMany` has them: the customers, which of them are open, and what becomes of each. */
export interface WantedCustomers {
  readonly wanted: Iterable<string>
  readonly isOpen: (customerId: string) => boolean
  readonly open: () => number
  readonly keep: (found: readonly Kept[]) => void
}

export interface ReadingProgress extends ReadCounts {
  /** Requests so far: those reads, with their repetitions, and the one that proves the keys. */
  requests: number
}

/** Reads them all. Rejects with the `BulkUpdateError` that stopped it; `progress` counts meanwhile. */
export async function readCustomers(
  { remote, options, tell, fields }: ReadingParts,
  { wanted, isOpen, open, keep }: WantedCustomers,
  progress: ReadingProgress,
  outside: AbortSignal,
): Promise<void> {
  if (open() === 0) return
  const stopping = new AbortController()
  const interrupt = (): void => stopping.abort(interruption(outside.reason))
  if (outside.aborted) interrupt()
  outside.addEventListener('abort', interrupt, { once: true })
  const { signal } = stopping
  const clock = systemClock
  const concurrency = options.concurrency ?? 16
  const parts = {
    remote,
    options: { ...options, input: '' },
    tell,
    progress: { requested: () => void progress.requests++ },
  }
  const client = openClient(parts, memoryJournal(), concurrency, clock, (error) => stopping.abort(error))
  const tools = { ...client, clock, random: Math.random }
  try {
    await preflight({ ...tools, patienceMs: options.maxOutageMs ?? defaultPatienceMs }, signal)
    await readMany(
      {
        wanted,
        isOpen,
        open,
        keep,
        imageOf: (customer: JsonObject) => imageOf(customer, fields),
        read: createReadCustomer(tools),
        page: createReadPage(tools),
        concurrency,
      },
      progress,
      signal,
    )
  } finally {
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
