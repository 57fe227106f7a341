/** Stores outcomes with what they say about fields, then counts them and notifies the watcher of the run. */
import type { ResolvedOptions } from '../config/job-options.ts'
import { parseErrorLimit } from '../config/values.ts'
import { errorOf } from './errors.ts'
import { withEarlier, type UpdateRequest, type Outcome, type FieldEffects } from '../model/row.ts'
import type { Clock } from '../model/ports.ts'
import type { Run } from '../model/store.ts'
import { createThreshold } from '../validation/guards.ts'
import type { AnswerCheck } from './answer-check.ts'
import type { RunProgress } from './progress.ts'
import type { Watch } from './watch.ts'
import type { HeldCustomers } from '../http/ports.ts'

export interface OutcomeWriterParts {
  readonly parts: {
    readonly options: Pick<ResolvedOptions, 'maxErrors'>
    readonly progress: Pick<RunProgress, 'settled'>
    readonly watch: Pick<Watch, 'onOutcome'>
  }
  readonly run: Pick<Run, 'outcomeSoFar' | 'recordOutcome'>
  readonly clock: Pick<Clock, 'now' | 'wall'>
  /** What outcomes say about fields; undefined if no field state is kept. */
  readonly fieldState:
    | {
        effectsOf(outcome: Outcome): FieldEffects | undefined
        effectsOfRemoval(removal: UpdateRequest): FieldEffects
      }
    | undefined
  readonly answers: Pick<AnswerCheck, 'settle'>
  /** Rows in doubt. A row that has an outcome is taken out. */
  readonly inDoubt: Map<number, unknown>
  readonly held: HeldCustomers
  /** Gets the customers of rows that ended `failed` or `unknown`: nothing more is sent to them. */
  readonly closed: Set<string>
  readonly stop: (error: unknown) => void
}

export function createOutcomeWriter({
  parts,
  run,
  clock,
  fieldState,
  answers,
  inDoubt,
  held,
  closed,
  stop,
}: OutcomeWriterParts) {
  const onOutcome = guardedOutcome(parts.watch.onOutcome)
  const threshold = createThreshold(parseErrorLimit(parts.options.maxErrors))

  function count({ row, outcome }: Outcome): void {
    inDoubt.delete(row)
    if (threshold.passed(outcome)) stop(errorOf('E_MAX_ERRORS', 'too_many_errors'))
  }

  /** An attempt of a row that was settled early may still overwrite what other runs send. */
  function withHold(customerId: string, effects: FieldEffects | undefined): FieldEffects | undefined {
    const leftMs = held.until(customerId) - clock.now()
    return effects === undefined || leftMs <= 0 ? effects : { ...effects, until: clock.wall() + leftMs }
  }

  function notify(outcome: Outcome): void | Promise<void> {
    parts.progress.settled(outcome)
    // If it throws, the run ends before the row counts.
    return onOutcome === undefined ? count(outcome) : onOutcome(outcome).then(() => count(outcome))
  }

  return {
    /** Resolves when the outcome is durable and the watcher of the run has been notified. */
    settle(last: Outcome): Promise<void> {
      const outcome = withEarlier(run.outcomeSoFar(last.row), last)
      const { customerId } = outcome
      if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') closed.add(customerId)
      answers.settle(outcome)
      const effects = withHold(customerId, fieldState?.effectsOf(outcome))
      return run.recordOutcome(outcome, effects).then(() => notify(outcome))
    },
    /** Stores that a part of a row is done. */
    recordRemoval: (soFar: Outcome, removal: UpdateRequest) =>
      run.recordOutcome(soFar, withHold(removal.customerId, fieldState?.effectsOfRemoval(removal))),
  }
}

/** Calls `onOutcome` of a program. Its error stops the run with E_ON_OUTCOME. */
function guardedOutcome(onOutcome: Watch['onOutcome']): ((outcome: Outcome) => Promise<void>) | undefined {
  if (onOutcome === undefined) return undefined
  return async (outcome) => {
    try {
      await onOutcome(outcome)
    } catch (error) {
      throw errorOf('E_ON_OUTCOME', 'on_outcome', { row: outcome.row }, error)
    }
  }
}
