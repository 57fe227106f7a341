/** `apply`: flags → options, for the run of a saved plan. */
import { apply as applyPlan, wherePlanGoes } from '../../jobs/apply.ts'
import type { Arguments } from '../command-table.ts'
import { send } from '../send.ts'

export async function apply(args: Arguments<'apply'>): Promise<number> {
  const { plan, verify = false } = args
  const finishedBefore = 'This plan was applied before: nothing was sent. --new-run sends it once more.'
  return send(
    args,
    await wherePlanGoes(plan),
    (options, watch, signal) => applyPlan({ ...options, plan, verify, ...watch, signal }),
    { finishedBefore },
  )
}
