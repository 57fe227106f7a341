/** The end of a night: which customers the export has held, and which of last night's are gone. */
import { join } from 'node:path'
import { openOutputFile } from '../report/output-file.ts'
import type { RunJournal } from '../store/journal.ts'
import { vanishedKey } from './journal-words.ts'
import type { Sync } from './open-sync.ts'
import { takeNight } from './take-from-journal.ts'

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
  if (vanished > 0) writeVanished(sync, directory, runId)
  journal.set(vanishedKey, String(vanished))
}

/** `vanished.csv`: the ids of customers that the last export held and this one does not. */
function writeVanished({ state, exportName }: Sync, directory: string, runId: string): void {
  const file = openOutputFile(join(directory, 'vanished.csv'))
  try {
    file.write('customer_id\n')
    for (const ids of state.vanished(exportName, runId)) file.write(`${ids.join('\n')}\n`)
    file.commit()
  } catch (error) {
    file.discard()
    throw error
  }
}
