/**
 * Looks at a customer before its row is sent, inside its lane: to keep what it held, for `--backup`, and to judge whether the
 * row may still be sent. One read serves both. A run that does neither pays nothing for it.
 */
import type { ReadCustomer, Reading } from '../http/read-customer.ts'
import type { JsonObject } from '../model/json.ts'
import type { Outcome } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { toSnapshot } from '../rapyd/snapshot.ts'
import { openOutcome } from './account.ts'
import type { BeforeImages } from '../store/before-images.ts'

export interface Looked {
  readonly request: UpdateRequest
  /** Nothing where Rapyd does not know the customer. */
  readonly customer: JsonObject | undefined
  /** True where an earlier session may have sent the row: then the customer may hold what it writes. */
  readonly isInDoubt: boolean
  /** When it was looked at, milliseconds since 1970. */
  readonly at: number
}

export interface Judged {
  readonly request: UpdateRequest
  /** What of the row is left out, and why; an `updated` row says so. */
  readonly leftOut?: Pick<Outcome, 'errorCode' | 'errorField' | 'message'>
}

/** What is to be sent after a look at the customer, or why nothing is. Rejects only to stop the run. */
export type Judge = (looked: Looked) => Promise<Judged | Outcome>

export interface LookParts {
  readonly read: ReadCustomer
  readonly clock: Pick<Clock, 'wall'>
  /** Where before-images go, and the fields that they hold. */
  readonly images: BeforeImages | undefined
  readonly fields: ReadonlySet<string>
  readonly judge: Judge | undefined
  readonly isInDoubt: (row: number) => boolean
}

export function lookFirst(deliver: Send, parts: LookParts): Send {
  const { read, clock, images, fields, judge } = parts

  async function look(request: UpdateRequest, signal: AbortSignal): Promise<Reading | undefined> {
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
    let leftOut: Judged['leftOut']
    if (judge !== undefined || images?.has(asked.customerId) === false) {
      const reading = await look(asked, signal)
      if (reading === undefined) return undefined
      const isInDoubt = parts.isInDoubt(asked.row)
      if (reading.kind === 'unreadable') {
        // What may have been sent is for the sender to settle, which looks once more; but it may send, so there has to be an image.
        if (!isInDoubt || images?.has(asked.customerId) === false)
          return unread(asked, reading, isInDoubt, clock)
        if (judge === undefined) await images?.keep(asked, undefined)
        return deliver(asked, signal)
      }
      customer = reading.kind === 'found' ? reading.customer : undefined
      const judged = await judge?.({ request, customer, isInDoubt, at: clock.wall() })
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

/** Nothing is sent to a customer that nobody could look at. A row in doubt stays so. */
function unread(
  request: UpdateRequest,
  { code, status }: Exclude<Reading, { kind: 'found' }>,
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
