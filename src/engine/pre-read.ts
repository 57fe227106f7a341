/**
 * Reads a customer before its row is sent, inside its queue: for its before-image (`--backup`), and for the precondition of the
 * row. One read serves both.
 */
import type { CustomerReading, ReadCustomer } from '../http/read-customer.ts'
import type { JsonObject } from '../model/json.ts'
import type { Outcome } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { hasNoDiscount, toBeforeImage } from '../rapyd/snapshot.ts'
import { openOutcome } from './all-outcomes.ts'
import type { Run } from '../model/store.ts'

export interface PreRead {
  readonly request: UpdateRequest
  /** Undefined if Rapyd does not know the customer. */
  readonly customer: JsonObject | undefined
  /** True if an earlier session may have sent the row: then the customer may hold what it writes. */
  readonly isInDoubt: boolean
  /** When the customer was read, milliseconds since 1970. */
  readonly at: number
}

export interface Allowed {
  readonly request: UpdateRequest
  /** What is left out of the row, and why. It becomes the message of an `updated` row. */
  readonly leftOut?: Pick<Outcome, 'errorCode' | 'errorField' | 'message'>
}

/** What to send after the customer was read, or the outcome if nothing is sent. Rejects only to stop the run. */
export type Precondition = (looked: PreRead) => Promise<Allowed | Outcome>

export interface PreReadParts {
  readonly read: ReadCustomer
  readonly clock: Pick<Clock, 'wall'>
  /** The run that keeps before-images, and the fields that they hold. */
  readonly images: Pick<Run, 'hasBeforeImage' | 'saveBeforeImage'> | undefined
  readonly fields: ReadonlySet<string>
  readonly precondition: Precondition | undefined
  readonly isInDoubt: (row: number) => boolean
  /** Waits until no earlier request to the customer can be applied any more. A precondition must not be checked before that. */
  readonly untilSettled: (request: UpdateRequest, signal: AbortSignal) => Promise<void>
}

export function preRead(deliver: Send, parts: PreReadParts): Send {
  const { read, clock, images, fields, precondition } = parts

  async function look(request: UpdateRequest, signal: AbortSignal): Promise<CustomerReading | undefined> {
    try {
      return await read(request.customerId, signal)
    } catch (error) {
      if (signal.aborted && error === signal.reason) return undefined
      throw error
    }
  }

  return async (asked, signal) => {
    if (signal.aborted) return undefined
    let request = asked
    let customer: JsonObject | undefined
    let leftOut: Allowed['leftOut']
    if (precondition !== undefined || images?.hasBeforeImage(asked.customerId) === false) {
      if (precondition !== undefined) await parts.untilSettled(asked, signal)
      if (signal.aborted) return undefined
      const reading = await look(asked, signal)
      if (reading === undefined) return undefined
      const isInDoubt = parts.isInDoubt(asked.row)
      if (reading.kind === 'unreadable') {
        // The sender settles a row in doubt and reads again. It may also send, so the before-image is needed here.
        if (!isInDoubt || images?.hasBeforeImage(asked.customerId) === false)
          return unread(asked, reading, isInDoubt, clock)
        if (precondition === undefined) await images?.saveBeforeImage(asked, undefined)
        return deliver(asked, signal)
      }
      customer = reading.kind === 'found' ? reading.customer : undefined
      const judged = await precondition?.({ request, customer, isInDoubt, at: clock.wall() })
      if (judged !== undefined && 'outcome' in judged) return judged
      request = judged?.request ?? request
      leftOut = judged?.leftOut
      if (customer !== undefined && hasNoDiscount(customer)) request = { ...request, hasNoDiscount: true }
    }
    const image = customer === undefined ? undefined : toBeforeImage(customer, fields)
    await images?.saveBeforeImage(request, image)
    const outcome = await deliver(request, signal)
    return leftOut === undefined || outcome?.outcome !== 'updated' ? outcome : { ...outcome, ...leftOut }
  }
}

/** Nothing is sent to a customer that could not be read. A row in doubt stays in doubt. */
function unread(
  request: UpdateRequest,
  { code, status }: Exclude<CustomerReading, { kind: 'found' }>,
  isInDoubt: boolean,
  clock: Pick<Clock, 'wall'>,
): Outcome {
  const message = 'the customer could not be read before the call, so nothing was sent'
  const why = isInDoubt
    ? ({ code: 'E_IN_DOUBT', message: `may have been applied earlier; ${message} now` } as const)
    : { code, message }
  return {
    ...openOutcome(request, why),
    outcome: isInDoubt ? 'unknown' : 'failed',
    httpStatus: status,
    finishedAt: clock.wall(),
  }
}
