/** `update`: every row of one input, in a run whose id is made of the input. */
import { scanInput } from '../validation/scan.ts'
import type { PipedInput } from '../input/spool.ts'
import type { UpdateOptions } from '../config/options.ts'
import { runDigest } from '../engine/identity.ts'
import type { JobDefinition } from '../engine/parts.ts'
import type { Store } from '../model/store.ts'
import { checkRunId, freshRunId, runName } from '../store/run-directory.ts'
import { givenInput, signalOf, type BulkUpdateOptions } from '../engine/program-options.ts'
import { runJob, type UpdateResult } from '../engine/run-job.ts'

/**
 * Updates customers from a file or from records. Resolves with a summary for every run that began to send; rejects with a
 * `BulkUpdateError` if it did not begin. Prints nothing, handles no signals, and does not ask about production: `confirm` may.
 */
export function bulkUpdate(given: BulkUpdateOptions): Promise<UpdateResult> {
  const { options, piped } = givenInput(given)
  return runJob(options, given, signalOf(given), updateOf(options, piped))
}

function updateOf(options: UpdateOptions, piped: PipedInput | undefined): JobDefinition {
  return {
    kind: 'update',
    piped,
    async runIdOf({ binding, runsDir, store, lastSender }) {
      const derived = `${runName(options.input)}-${runDigest(binding)}`
      const wanted = options.runId === undefined ? derived : checkRunId(options.runId)
      if (options.newRun) return freshRunId(store, runsDir, wanted)
      return options.onlyChanged === true ? findExportRun(store, runsDir, wanted, lastSender) : wanted
    },
    scan: scanInput,
  }
}

/**
 * The last of `runId`, `runId-2`, … if it is not finished and no other run has sent since (`lastSender`); otherwise a new id. An earlier
 * file may come back, and another run may have overwritten what an unfinished one had sent.
 */
async function findExportRun(
  store: Pick<Store, 'findRun'>,
  runsDir: string,
  runId: string,
  lastSender: string,
): Promise<string> {
  let last = await store.findRun(runId)
  for (let number = 2; last !== undefined; number++) {
    const next = await store.findRun(`${runId}-${number}`)
    if (next === undefined) break
    last = next
  }
  if (last !== undefined && last.stored.id === lastSender && last.stored.state === 'open')
    return last.stored.id
  return freshRunId(store, runsDir, runId)
}
