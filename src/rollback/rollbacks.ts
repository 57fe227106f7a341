/** The rollbacks of a run, told by their names, and what they have made of it. */
import { openSavedRun } from '../saved-runs/saved-run.ts'
import type { SavedRun } from '../saved-runs/saved-run.ts'
import { findRuns } from '../store/find-runs.ts'

type Run = Pick<SavedRun, 'runId' | 'runsDir'>

/** The numbers of those that there are, ascending. */
export function rollbackNumbers({ runId, runsDir }: Run): readonly number[] {
  const number = (id: string): number =>
    id.startsWith(runId) ? Number(/^-rollback-(\d+)$/.exec(id.slice(runId.length))?.[1] ?? 0) : 0
  return findRuns(runsDir)
    .map((place) => number(place.runId))
    .filter((found) => found > 0)
    .toSorted((one, other) => one - other)
}

/** Whether one of them has sent anything, finished or not. */
export function wasRolledBack(run: Run): boolean {
  return rollbacksOf(run, hasSent).includes(true)
}

/** Whether one of them has reached its end. */
export function isRolledBack(run: Run): boolean {
  return rollbacksOf(run, (rollback) => rollback.isFinished).includes(true)
}

export function hasSent({ journal }: SavedRun): boolean {
  return journal.counts().size > 0 || journal.inDoubt.size > 0
}

/** Customers that hold again what they held before the run, unless that was taken back in its turn. */
export function customersPutBack(run: Run): ReadonlySet<string> {
  const customers = new Set<string>()
  rollbacksOf(run, (rollback) => {
    if (wasRolledBack(rollback)) return
    for (const batch of rollback.journal.outcomes())
      for (const { outcome, customerId } of batch) if (outcome === 'updated') customers.add(customerId)
  })
  return customers
}

function rollbacksOf<Found>(run: Run, look: (rollback: SavedRun) => Found): readonly Found[] {
  return rollbackNumbers(run).map((number) => {
    const saved = openSavedRun(`${run.runId}-rollback-${number}`, run.runsDir)
    try {
      return look(saved)
    } finally {
      saved.close()
    }
  })
}
