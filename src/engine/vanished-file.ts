/** `vanished.csv`: the ids of customers that the last export held and this one does not. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writeOutputFile } from '../report/output-file.ts'
import { accountFolder } from './account-folder.ts'
import type { SavedRun } from './saved-run.ts'
import { readSavedSyncRuns } from '../store/sync-runs.ts'
import type { RunJournal } from '../store/journal.ts'
import { exportKey, vanishedKey } from './journal-words.ts'
import type { Sync } from './open-sync.ts'
import { takeSyncRun } from './take-from-journal.ts'

/**
 * Ends a night: which customers the export has held, and which of the last one's are gone. Called when every row has an outcome, before the run is called finished: whatever dies in between is done again, and
 * changes nothing.
 */
export async function endSyncRun(
  sync: Pick<Sync, 'state' | 'exportName'>,
  journal: RunJournal,
  { directory, runId }: { readonly directory: string; readonly runId: string },
): Promise<void> {
  const night = { export: sync.exportName, run: runId, at: Date.now() }
  const vanished = await takeSyncRun(journal, sync.state, night)
  if (vanished > 0) writeVanished(sync.state.vanished(sync.exportName, runId), directory)
  journal.set(vanishedKey, String(vanished))
}

function writeVanished(batches: Iterable<readonly string[]>, directory: string): void {
  writeOutputFile(vanishedIn(directory), linesOf(batches))
}

function* linesOf(batches: Iterable<readonly string[]>): Generator<string> {
  yield 'customer_id\n'
  for (const ids of batches) yield `${ids.join('\n')}\n`
}

/**
 * Of a run that has lost it. The journal knows only how many there are; who they are stands in the account's state, where those
 * who came back since are gone from the list. Without that state nothing is written.
 */
export function restoreVanished({ runId, directory, journal, record, fact }: SavedRun): void {
  const isLost = Number(journal.get(vanishedKey) ?? 0) > 0 && !existsSync(vanishedIn(directory))
  if (!isLost) return
  const folder = accountFolder({ host: fact('host'), account: fact('account') }, record.options.stateDir)
  const nights = readSavedSyncRuns(folder)
  if (nights === undefined) return
  try {
    writeVanished(nights.vanished(fact(exportKey), runId), directory)
  } finally {
    nights.close()
  }
}

function vanishedIn(directory: string): string {
  return join(directory, 'vanished.csv')
}
