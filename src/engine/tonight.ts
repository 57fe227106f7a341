/** Which run tonight's is, with `--only-changed`: what is as it was costs nothing, so the same file is sent again as another run. */
import { join } from 'node:path'
import { isRunThere, freshRunId } from '../store/run-directory.ts'
import { isFinishedIn } from '../store/saved-journal.ts'

/**
 * `runId` or the last of its followers while that is not finished, to go on with it; otherwise a new one: a file of an earlier
 * night may come back, and rows that failed are sent once more. Nor is one gone on with where another run has sent since
 * (`lastSender`): that may have overwritten what this one had sent.
 */
export function tonight(runsDir: string, runId: string, lastSender: string): string {
  let last: string | undefined
  for (let next = runId, number = 2; isRunThere(runsDir, next); next = `${runId}-${number++}`) last = next
  if (last !== undefined && last === lastSender && !isFinishedIn(join(runsDir, last))) return last
  return freshRunId(runsDir, runId)
}
