/** The rollbacks of a run, and what must be true of a run before it is rolled back. */
import { usage } from './options.ts'
import { redosOf } from './redo-left.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'
import { findRuns } from './store/find-runs.ts'
import { busy } from './store/lock.ts'
import { hasBeforeImages } from './store/saved-images.ts'

/** Throws BUSY, or USAGE: E_NO_BACKUP, E_ROLLBACK_ORDER. A run that was stopped may be rolled back. */
export function refuseRollback(run: SavedRun): void {
  const { runId, directory, isRunning } = run
  if (isRunning) throw busy(directory, runId)
  if (!hasBeforeImages(directory)) {
    throw usage(
      'E_NO_BACKUP',
      `run ${runId} has kept nothing of what its customers held`,
      'Only runs that began with --backup, and those of apply, can be rolled back. Make a plan of an older export to see what differs. Nothing was sent.',
    )
  }
  const redos = redosOf(run)
  try {
    const first = redos
      .toReversed()
      .find((redo) => redo.journal.counts().has('updated') && !isRolledBack(redo))
    if (first === undefined) return
    throw usage(
      'E_ROLLBACK_ORDER',
      `${first.runId} has sent rows of ${runId} again since`,
      `Roll that back first: rapyd-bulk rollback ${first.runId}. Nothing was sent.`,
    )
  } finally {
    for (const redo of redos) redo.close()
  }
}

/**
 * The rollback to go on with, or the id of a new one: what an earlier one left is put back by the next. Nothing where an
 * earlier one has put back everything.
 */
export function findRollback(
  run: SavedRun,
): { readonly runId: string; readonly isBegun: boolean } | undefined {
  const numbers = numbersOf(run)
  const last = numbers.at(-1)
  if (last === undefined) return { runId: `${run.runId}-rollback-1`, isBegun: false }
  const saved = openSavedRun(`${run.runId}-rollback-${last}`, run.runsDir)
  saved.close()
  if (!saved.isFinished) return { runId: saved.runId, isBegun: true }
  return isWhole(run, last) ? undefined : { runId: `${run.runId}-rollback-${last + 1}`, isBegun: false }
}

function isRolledBack(run: SavedRun): boolean {
  return numbersOf(run).some((number) => {
    const saved = openSavedRun(`${run.runId}-rollback-${number}`, run.runsDir)
    saved.close()
    return saved.isFinished
  })
}

function numbersOf({ runId, runsDir }: SavedRun): readonly number[] {
  const number = (id: string): number =>
    id.startsWith(runId) ? Number(/^-rollback-(\d+)$/.exec(id.slice(runId.length))?.[1] ?? 0) : 0
  return findRuns(runsDir)
    .map((place) => number(place.runId))
    .filter((found) => found > 0)
    .toSorted((one, other) => one - other)
}

const leftToDo = ['rejected', 'failed', 'unknown', 'not_attempted'] as const

/** Whether every row of a finished rollback was put back, as far as that is possible. */
function isWhole(run: SavedRun, number: number): boolean {
  const saved = openSavedRun(`${run.runId}-rollback-${number}`, run.runsDir)
  try {
    const counts = saved.journal.counts()
    return leftToDo.every((kind) => !counts.has(kind))
  } finally {
    saved.close()
  }
}
