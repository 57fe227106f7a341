/** Reads customers where a run has sent them, for whoever holds that run to what they hold now. */
import { inheritOptions, resolveOptions } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import { readCustomers } from './reading-client.ts'
import type { ReadingParts } from './reading-client.ts'
import { openRemote } from './remote.ts'
import type { Readings } from '../store/readings.ts'
import { refuseElsewhere } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

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
