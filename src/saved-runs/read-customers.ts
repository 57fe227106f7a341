/** Reads customers where a run has sent them, for whoever holds that run to what they hold now. */
import type { UpdateOptions } from '../options.ts'
import { readCustomers } from '../plan/reading-client.ts'
import type { ReadingParts } from '../plan/reading-client.ts'
import { whereOf } from '../redo/options.ts'
import { openRemote } from '../remote.ts'
import type { Readings } from '../store/readings.ts'
import { refuseElsewhere } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

export interface CustomersOfRun extends Pick<ReadingParts, 'watch' | 'fields'> {
  /** Where nothing is said about the remote, it is the run's. */
  readonly options: Omit<UpdateOptions, 'input'>
}

/** Gives the requests that it took. Rejects as `readCustomers`, and with USAGE where the keys are those of another account. */
export async function readCustomersOf(
  run: SavedRun,
  { options, ...parts }: CustomersOfRun,
  readings: Readings,
  signal: AbortSignal,
): Promise<number> {
  const where = options.env === undefined ? whereOf(run) : {}
  const remote = await openRemote({ ...where, ...options, input: '' })
  try {
    refuseElsewhere(`run ${run.runId}`, run.fact, { host: remote.host, account: remote.account })
    return await readCustomers({ remote, options, ...parts }, readings, signal)
  } finally {
    await remote.close()
  }
}
