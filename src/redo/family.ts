/**
 * Runs that descend from one another by `redo`. Only the youngest line goes on: what an older redo left was taken up by the
 * ones after it, and sending it from there again would put old values over newer ones.
 */
import { usage } from '../options.ts'
import { openSavedRun } from '../saved-runs/saved-run.ts'
import type { SavedRun } from '../saved-runs/saved-run.ts'
import { findRuns } from '../store/find-runs.ts'

/** Throws USAGE, E_REDO_OLDER, where rows that `run` left may have been sent by a later redo of a run above it. */
export function refuseOlderRedo(run: SavedRun, runsDir: string): void {
  for (let at = run.record.redo === undefined ? undefined : run; at !== undefined;) {
    const parent = at.record.redo?.parent ?? ''
    const later = laterRedo(at.runId, parent, runsDir)
    if (later !== undefined) {
      throw usage(
        'E_REDO_OLDER',
        `what ${run.runId} left was taken up by ${later} since`,
        `Go on from there: rapyd-bulk redo ${parent} sends what is still left of all of them. Nothing was sent.`,
      )
    }
    at = redoAbove(parent, runsDir)
  }
}

/** Where it has been deleted, nothing is known of what stands above it. */
function redoAbove(runId: string, runsDir: string): SavedRun | undefined {
  if (!findRuns(runsDir).some((place) => place.runId === runId)) return undefined
  const saved = openSavedRun(runId, runsDir)
  saved.close()
  return saved.record.redo === undefined ? undefined : saved
}

/** The redo of `parent` with the highest number, if that is higher than the one of `runId`. */
function laterRedo(runId: string, parent: string, runsDir: string): string | undefined {
  const number = (id: string): number =>
    id.startsWith(parent) ? Number(/^-redo-(\d+)$/.exec(id.slice(parent.length))?.[1] ?? 0) : 0
  const later = findRuns(runsDir)
    .map((place) => place.runId)
    .filter((id) => number(id) > number(runId))
  return later.toSorted((one, other) => number(one) - number(other)).at(-1)
}
