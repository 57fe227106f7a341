/** What the rollbacks of a run have made of it. */
import { inChildren } from './children.ts'
import type { Parent } from './children.ts'
import type { SavedRun } from './saved-run.ts'
import { eachOutcome } from '../store/journal-reader.ts'

/** Whether one of them has sent anything, finished or not. */
export function wasRolledBack(run: Parent): boolean {
  return inChildren(run, 'rollback', hasSent).includes(true)
}

/** Whether one of them has reached its end. */
export function isRolledBack(run: Parent): boolean {
  return inChildren(run, 'rollback', (rollback) => rollback.isFinished).includes(true)
}

export function hasSent({ journal }: SavedRun): boolean {
  return journal.counts().size > 0 || journal.inDoubt.size > 0
}

/** Customers that hold again what they held before the run, unless that was taken back in its turn. */
export function customersPutBack(run: Parent): ReadonlySet<string> {
  const customers = new Set<string>()
  inChildren(run, 'rollback', (rollback) => {
    if (wasRolledBack(rollback)) return
    for (const { outcome, customerId } of eachOutcome(rollback.journal))
      if (outcome === 'updated') customers.add(customerId)
  })
  return customers
}
