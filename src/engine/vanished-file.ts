/** `vanished.csv`: the ids of customers that the last export held and this one does not. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FieldState, Run, StoredRun } from '../model/store.ts'
import { openOutputFile } from '../report/output-file.ts'
import type { OnlyChanged } from './open-field-state.ts'
import { exportNote, vanishedNote } from './record.ts'

/**
 * Ends the run of an export: notes its customers, and finds those of the last export that are missing. Called when every row has an
 * outcome and before the run is finished. After a crash it is repeated, and changes nothing.
 */
export async function endExportRun(
  { state, exportName }: Pick<OnlyChanged, 'state' | 'exportName'>,
  run: Pick<Run, 'outcomes' | 'setNote'>,
  { directory, runId }: { readonly directory: string; readonly runId: string },
): Promise<void> {
  let rows = 0
  for await (const outcomes of run.outcomes()) {
    rows += outcomes.length
    const ids = outcomes.map(({ customerId }) => customerId).filter((id) => id !== '')
    await state.see(exportName, runId, ids)
  }
  const vanished = await state.endExport({ run: runId, export: exportName, at: Date.now(), rows })
  if (vanished > 0) await writeVanished(state.vanished(exportName, runId), directory)
  await run.setNote(vanishedNote, String(vanished))
}

async function writeVanished(pages: AsyncIterable<readonly string[]>, directory: string): Promise<void> {
  using file = openOutputFile(vanishedIn(directory))
  file.write('customer_id\n')
  for await (const ids of pages) file.write(`${ids.join('\n')}\n`)
  file.commit()
}

/** Writes the file again if it is gone. Customers who came back since are not in the list any more. */
export async function restoreVanished(
  { directory, id, note }: Pick<StoredRun, 'directory' | 'id' | 'note'>,
  state: Pick<FieldState, 'vanished'>,
): Promise<void> {
  const isLost = Number(note(vanishedNote) ?? 0) > 0 && !existsSync(vanishedIn(directory))
  if (isLost) await writeVanished(state.vanished(note(exportNote) ?? '', id), directory)
}

function vanishedIn(directory: string): string {
  return join(directory, 'vanished.csv')
}
