/** What runs say of one another: no command is offered that would be refused, nor one with nothing to do. */
import { laterInFamily } from '../redo/family.ts'
import { leftOf } from '../redo/left.ts'
import { wasRolledBack } from '../rollback/rollbacks.ts'
import type { ListedRun } from './listed-run.ts'
import { openSavedRun } from './saved-run.ts'

/** The same runs, all those of one folder. */
export function amongRelatives(runs: readonly ListedRun[], runsDir: string): readonly ListedRun[] {
  return runs.map((run) => {
    try {
      const sender = run.state === 'plan' ? runs.find(({ plan_id: plan }) => plan === run.run_id) : undefined
      if (sender !== undefined) return { ...run, applied_by: sender.run_id, next: '' }
      const back = runs.find((other) => other.rolled_back === run.run_id)
      if (back !== undefined && wasRolledBack({ runId: run.run_id, runsDir }))
        return { ...run, rolled_back_by: back.run_id, next: '' }
      const mayRedo = run.state === 'finished' && run.next !== '' && run.rolled_back === undefined
      return mayRedo && hasNoRedo(run, runs, runsDir) ? { ...run, next: '' } : run
    } catch {
      // A journal that cannot be read has an entry of its own, which says so.
      return run
    }
  })
}

/** Whether a later redo of its family, or one that is still open and offers the command itself, has taken up what the run left. */
function hasNoRedo({ run_id: runId }: ListedRun, runs: readonly ListedRun[], runsDir: string): boolean {
  const redos = runs.filter(({ parent }) => parent === runId)
  if (redos.some((each) => each.state !== 'finished' && !wasRolledBack({ runId: each.run_id, runsDir })))
    return true
  const saved = openSavedRun(runId, runsDir)
  try {
    return laterInFamily(saved) !== undefined || (redos.length > 0 && leftOf(saved).rows.size === 0)
  } finally {
    saved.close()
  }
}
