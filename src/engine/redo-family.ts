/**
 * Runs that descend from one another by `redo`. Only the youngest line goes on: what an older redo left was taken up by the
 * ones after it, and sending it from there again would put old values over newer ones.
 */
import { usage } from '../model/errors.ts'
import { commandToRedo } from './command.ts'
import { inChildren } from './children.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'
import { isRunThere } from '../store/run-directory.ts'

/** Throws USAGE, E_REDO_OLDER, where rows that `run` left may have been sent by a later redo of a run above it. */
export function refuseOlderRedo(run: SavedRun): void {
  const later = laterInFamily(run)
  if (later === undefined) return
  throw usage(
    'E_REDO_OLDER',
    `what ${run.runId} left was taken up by ${later.runId} since`,
    `Go on from there: ${commandToRedo(later.parent, run.runsDir)} sends what is still left of all of them. Nothing was sent.`,
  )
}

/** The later redo of a run above it, with that run. */
export function laterInFamily({
  runId,
  runsDir,
  record,
}: SavedRun): { readonly runId: string; readonly parent: string } | undefined {
  const parent = record.redo?.parent
  if (parent === undefined) return undefined
  const last = inChildren({ runId: parent, runsDir }, 'redo', (child) => child.runId).at(-1)
  if (last !== undefined && last !== runId) return { runId: last, parent }
  // Where it has been deleted, nothing is known of what is above it.
  if (!isRunThere(runsDir, parent)) return undefined
  const above = openSavedRun(parent, runsDir)
  above.close()
  return laterInFamily(above)
}
