/** `update`: every row of one input, in a run whose id is made of the input. */
import { checkInput } from '../validation/scan.ts'
import type { PipedInput } from '../input/spool.ts'
import type { UpdateOptions } from '../config/options.ts'
import { runDigest } from '../engine/identity.ts'
import type { RunKind } from '../engine/parts.ts'
import { checkRunId, freshRunId, runName, isRunThere } from '../store/run-directory.ts'
import { givenInput, signalOf } from '../engine/program-options.ts'
import type { BulkUpdateOptions } from '../engine/program-options.ts'
import { runJob } from '../engine/run-job.ts'
import type { UpdateResult } from '../engine/run-job.ts'
import { join } from 'node:path'
import { isFinishedIn } from '../store/saved-journal.ts'

/**
 * Updates customers from a file or from records. Resolves with a summary for every run that began to send, stopped or not; rejects with a
 * `BulkUpdateError` where it did not begin. Prints nothing, handles no signal of the process, and never ends it; production is
 * not asked for: `confirm` is the place to.
 */
export function bulkUpdate(given: BulkUpdateOptions): Promise<UpdateResult> {
  const { options, piped } = givenInput(given)
  return runJob(options, given, signalOf(given), updateOf(options, piped))
}

function updateOf(options: UpdateOptions, piped: PipedInput | undefined): RunKind {
  return {
    piped,
    redo: undefined,
    runIdOf(facts, runsDir, lastSender) {
      const derived = `${runName(options.input)}-${runDigest(facts)}`
      const wanted = options.runId === undefined ? derived : checkRunId(options.runId)
      if (options.newRun) return freshRunId(runsDir, wanted)
      return options.onlyChanged === true ? findSyncRun(runsDir, wanted, lastSender ?? '') : wanted
    },
    check: checkInput,
  }
}

/**
 * `runId` or the last of its followers while that is not finished, to go on with it; otherwise a new one: a file of an earlier
 * night may come back, and rows that failed are sent once more. Nor is one gone on with where another run has sent since
 * (`lastSender`): that may have overwritten what this one had sent.
 */
export function findSyncRun(runsDir: string, runId: string, lastSender: string): string {
  let last: string | undefined
  for (let next = runId, number = 2; isRunThere(runsDir, next); next = `${runId}-${number++}`) last = next
  if (last !== undefined && last === lastSender && !isFinishedIn(join(runsDir, last))) return last
  return freshRunId(runsDir, runId)
}
