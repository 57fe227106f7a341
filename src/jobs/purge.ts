/** Deletes runs that are finished and old, and plans that are old and that no run needs which stays. Whatever is no run of ours, is open, or is still needed stays, with the reason. */
import { rmSync } from 'node:fs'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import type { ListedRun } from './runs.ts'
import { isPlanDirectory } from '../store/find-runs.ts'
import { lockRun } from '../store/lock.ts'
import { isFinishedIn } from '../store/saved-journal.ts'

export interface PurgePlan {
  readonly doomed: readonly ListedRun[]
  readonly kept: readonly { readonly run: ListedRun; readonly why: string }[]
}

/** Which runs would go. `now` is in milliseconds since 1970, `ageMs` counts from a run's last change. */
export function planPurge(runs: readonly ListedRun[], ageMs: number, now: number): PurgePlan {
  const openParents = new Set(
    runs.flatMap((run) => (run.parent !== undefined && !isOver(run) ? [run.parent] : [])),
  )
  const doomed: ListedRun[] = []
  const kept: { run: ListedRun; why: string }[] = []
  // Runs first: which plans are needed follows from those that stay.
  for (const run of [...runs.filter((each) => !isPlan(each)), ...runs.filter(isPlan)]) {
    const isNeeded = isPlan(run)
      ? kept.some((one) => run.run_id === one.run.plan_id)
      : openParents.has(run.run_id)
    const why = reasonToKeep(run, isNeeded, ageMs, now)
    if (why === undefined) doomed.push(run)
    else kept.push({ run, why })
  }
  return { doomed, kept }
}

function isPlan({ state }: ListedRun): boolean {
  return state === 'plan'
}

/** A run that was rolled back goes on no more. */
function isOver({ state, rolled_back_by: back }: ListedRun): boolean {
  return state === 'finished' || (state === 'open' && back !== undefined)
}

function reasonToKeep(run: ListedRun, isNeeded: boolean, ageMs: number, now: number): string | undefined {
  if (run.state === 'running') return 'it is running'
  if (run.state === 'open' && !isOver(run)) return 'it is not finished'
  if (run.state === 'broken') return 'its journal cannot be read'
  if (isNeeded) return isPlan(run) ? 'a run that sends it stays' : 'a redo of it is not finished'
  return Date.parse(run.changed_at) > now - ageMs ? 'it is not old enough' : undefined
}

/** Gives why a run could not be deleted, or nothing. It is looked at once more under its lock. */
export function deleteRun(run: ListedRun): string | undefined {
  const { run_id: runId, directory, state } = run
  try {
    const unlock = lockRun(directory, runId)
    try {
      const mayGo =
        state === 'plan'
          ? isPlanDirectory(directory)
          : isOver(run) && (state === 'open' || isFinishedIn(directory))
      if (!mayGo) return 'it is not finished'
      rmSync(directory, { recursive: true })
    } finally {
      unlock()
    }
    return undefined
  } catch (error) {
    if (error instanceof BulkUpdateError) return error.message
    return `it could not be deleted (${systemCode(error)})`
  }
}
