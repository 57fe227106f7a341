/** `apply`: flags → options, for the run of a saved plan. */
import { apply as applyPlan, wherePlanGoes } from '../../plan/apply.ts'
import { send } from '../send.ts'
import type { SendArguments } from '../send.ts'
import { given } from '../sender-options.ts'

export interface ApplyArguments extends SendArguments {
  readonly plan: string
  readonly verify?: boolean | undefined
  readonly maxErrors?: string | undefined
  readonly runId?: string | undefined
  readonly newRun?: boolean | undefined
}

export async function apply(args: ApplyArguments): Promise<number> {
  const { plan, verify, maxErrors, runId, newRun } = args
  const own = { plan, ...given({ verify, maxErrors, runId, newRun }) }
  const finishedBefore = 'This plan was applied before: nothing was sent. --new-run sends it once more.'
  return send(
    args,
    await wherePlanGoes(plan),
    (options, watch, signal) => applyPlan({ ...options, ...own, ...watch, signal }),
    { finishedBefore },
  )
}
