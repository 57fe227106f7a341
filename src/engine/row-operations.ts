/**
 * The innermost middleware: a row that removes a discount and sets other fields is two operations, each with its own key, intent
 * and retries. The second is sent only when the first is done and stored.
 */
import { withoutCall, type UpdateRequest, type Outcome } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import type { Run } from '../model/store.ts'
import { splitRemoval } from '../rapyd/operations.ts'
import type { RunIdentity } from '../rapyd/requests.ts'

export interface RowOperationsParts {
  readonly run: Pick<Run, 'outcomeSoFar' | 'intendedOperation'>
  readonly identity: RunIdentity
  readonly clock: Pick<Clock, 'wall'>
  readonly outcomes: { recordRemoval(soFar: Outcome, removal: UpdateRequest): Promise<void> }
  /** Rows in doubt. A row whose removal is settled, and whose rest was not sent yet, is taken out. */
  readonly inDoubt: Map<number, unknown>
}

export function sendOperations(send: Send, parts: RowOperationsParts): Send {
  const { run, identity, clock, outcomes, inDoubt } = parts

  /** True if there is no discount to remove, or none any more. An intent for the rest was recorded only then. */
  function isRemoved({ row, hasNoDiscount }: UpdateRequest): boolean {
    const isRestIntended = run.intendedOperation(row) === 'update_customer'
    return hasNoDiscount === true || isRestIntended || run.outcomeSoFar(row) !== undefined
  }

  return async (request, signal) => {
    const split = splitRemoval(request, identity)
    if (split === undefined) return send(request, signal)
    const { removal, rest } = split
    const { row, fields, cleared } = request
    const whole = (outcome: Outcome | undefined) => outcome && { ...outcome, fields, cleared }
    if (!isRemoved(request)) {
      const outcome = await send(removal, signal)
      if (rest === undefined || outcome?.outcome !== 'updated') return whole(outcome)
      await outcomes.recordRemoval(
        { ...outcome, ...restIsOpen, fields, cleared, notTaken: rest.fields },
        removal,
      )
      if (run.intendedOperation(row) === 'delete_discount') inDoubt.delete(row)
      // The answer shows whether the discount is gone. Later, others may have set another coupon.
      return whole(await send({ ...rest, cleared }, signal))
    }
    if (rest !== undefined) return whole(await send(rest, signal))
    const { customerId } = request
    const outcome = withoutCall(request, customerId, 'updated', { message: nothingToRemove })
    return whole({ ...outcome, operation: removal.operation, finishedAt: clock.wall() })
  }
}

/** Makes the outcome of a removal partial: see `isPartial`. */
const restIsOpen = {
  outcome: 'not_attempted',
  errorCode: 'E_NOT_REACHED',
  message: 'the discount was removed; the rest of the row was not sent',
} as const
const nothingToRemove = 'the customer has no discount, so there was nothing to remove'
