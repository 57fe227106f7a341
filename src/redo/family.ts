/**
 * Runs that descend from one another by `redo`. Only the youngest line goes on: what an older redo left was taken up by the
 * ones after it, and sending it from there again would put old values over newer ones.
 */
import { usage } from '../options.ts'
import { commandToRedo } from '../run/command.ts'
import { openSavedRun } from '../saved-runs/saved-run.ts'
import type { SavedRun } from '../saved-runs/saved-run.ts'
import { findRuns } from '../store/find-runs.ts'

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
export function laterInFamily(
  run: SavedRun,
): { readonly runId: string; readonly parent: string } | undefined {
  for (let at = run.record.redo === undefined ? undefined : run; at !== undefined;) {
    const parent = at.record.redo?.parent ?? ''
    const later = laterRedo(at.runId, parent, run.runsDir)
    if (later !== undefined) return { runId: later, parent }
    at = redoAbove(parent, run.runsDir)
  }
  return undefined
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
