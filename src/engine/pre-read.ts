/**
 * Reads a customer before its row is sent, inside its queue: for its before-image (`--backup`), and for the precondition of the
 * row. One read serves both.
 */
import type { CustomerReading, ReadCustomer } from '../http/read-customer.ts'
import type { JsonObject } from '../model/json.ts'
import type { Outcome } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { toSnapshot } from '../rapyd/snapshot.ts'
import { openOutcome } from './all-outcomes.ts'
import type { BeforeImages } from '../store/before-images.ts'

export interface PreRead {
  readonly request: UpdateRequest
  /** Undefined if Rapyd does not know the customer. */
  readonly customer: JsonObject | undefined
  /** True where an earlier session may have sent the row: then the customer may hold what it writes. */
  readonly isInDoubt: boolean
  /** When it was looked at, milliseconds since 1970. */
  readonly at: number
}

export interface Allowed {
  readonly request: UpdateRequest
  /** What of the row is left out, and why; an `updated` row says so. */
  readonly leftOut?: Pick<Outcome, 'errorCode' | 'errorField' | 'message'>
}

/** What is to be sent after a look at the customer, or why nothing is. Rejects only to stop the run. */
export type Precondition = (looked: PreRead) => Promise<Allowed | Outcome>

export interface PreReadParts {
  readonly read: ReadCustomer
  readonly clock: Pick<Clock, 'wall'>
  /** Where before-images go, and the fields that they hold. */
  readonly images: BeforeImages | undefined
  readonly fields: ReadonlySet<string>
  readonly precondition: Precondition | undefined
  readonly isInDoubt: (row: number) => boolean
  /** Waits until nothing that was sent to the customer before can be applied any more: a precondition must not be checked earlier. */
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
    if (precondition !== undefined || images?.has(asked.customerId) === false) {
      if (precondition !== undefined) await parts.untilSettled(asked, signal)
      if (signal.aborted) return undefined
      const reading = await look(asked, signal)
      if (reading === undefined) return undefined
      const isInDoubt = parts.isInDoubt(asked.row)
      if (reading.kind === 'unreadable') {
        // What may have been sent is for the sender to settle, which looks once more; but it may send, so there has to be an image.
        if (!isInDoubt || images?.has(asked.customerId) === false)
          return unread(asked, reading, isInDoubt, clock)
        if (precondition === undefined) await images?.keep(asked, undefined)
        return deliver(asked, signal)
      }
      customer = reading.kind === 'found' ? reading.customer : undefined
      const judged = await precondition?.({ request, customer, isInDoubt, at: clock.wall() })
      if (judged !== undefined && 'outcome' in judged) return judged
      request = judged?.request ?? request
      leftOut = judged?.leftOut
    }
    const image = customer === undefined ? undefined : toSnapshot(customer, fields)
    await images?.keep(request, image)
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
