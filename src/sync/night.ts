/** The end of a night: which customers the export has held, and which of last night's are gone. */
import type { RunJournal } from '../store/journal.ts'
import { vanishedKey } from './journal-words.ts'
import type { Sync } from './open-sync.ts'
import { takeNight } from './take-from-journal.ts'
import { writeVanished } from './vanished-file.ts'

/**
 * Called when every row has an outcome, before the run is called finished: whatever dies in between is done again, and
 * changes nothing.
 */
export async function endNight(
  sync: Sync,
  journal: RunJournal,
  { directory, runId }: { readonly directory: string; readonly runId: string },
): Promise<void> {
  const night = { export: sync.exportName, run: runId, at: Date.now() }
  const vanished = await takeNight(journal, sync.state, night)
  if (vanished > 0) writeVanished(sync.state.vanished(sync.exportName, runId), directory)
  journal.set(vanishedKey, String(vanished))
}
