/**
 * Reads a customer before its row is sent, inside its queue: for its before-image (`--backup`), for the precondition of the row, and for
 * the keys of metadata that the row does not name. One read serves all.
 */
import { isDeepStrictEqual } from 'node:util'
import type { CustomerReading } from '../http/read-customer.ts'
import type { SenderParts } from '../http/sender.ts'
import type { ErrorCode } from '../model/errors.ts'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import { withoutCall } from '../model/outcome.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { printable } from '../model/text.ts'
import { keysOf } from '../rapyd/metadata.ts'
import { parseBody, withReading } from '../rapyd/requests.ts'
import type { RunIdentity } from '../rapyd/requests.ts'
import { compareField, hasNoDiscount, mergeKeys, toBeforeImage, toSnapshot } from '../rapyd/snapshot.ts'
import { openOutcome } from './all-outcomes.ts'
import type { Run } from '../model/store.ts'
import type { SharedRead } from './shared-read.ts'

export interface PreRead {
  readonly request: UpdateRequest
  /** Undefined if Rapyd does not know the customer. */
  readonly customer: JsonObject | undefined
  /** True if the row may have been sent before: then the customer may hold what it writes. */
  readonly isInDoubt: boolean
  /** When the customer was read, milliseconds since 1970. */
  readonly at: number
}

export interface Allowed {
  readonly request: UpdateRequest
  /** What the row itself changes, if the body was made of the reading. */
  readonly patch?: JsonObject
  /** What is left out of the row, and why. It becomes the message of an `updated` row. */
  readonly leftOut?: Pick<Outcome, 'errorCode' | 'errorField' | 'message'>
}

/** What to send after the customer was read, or the outcome if nothing is sent. Rejects only to stop the run. */
export type Precondition = (looked: PreRead) => Promise<Allowed | Outcome>

export interface PreReadParts {
  readonly shared: SharedRead
  readonly clock: Pick<Clock, 'wall'>
  /** The run that keeps before-images, and the fields that they hold. */
  readonly images: Pick<Run, 'hasBeforeImage' | 'saveBeforeImage'> | undefined
  readonly fields: ReadonlySet<string>
  readonly precondition: Precondition | undefined
  readonly isInDoubt: (row: number) => boolean
  /** Waits until no earlier request to the customer can be applied any more. What is read before that may not last. */
  readonly untilSettled: (request: UpdateRequest, signal: AbortSignal) => Promise<void>
  readonly identity: RunIdentity
  /** Rows that name keys of metadata send all keys of the customer (`--metadata-keys all`). */
  readonly sendsAllKeys: boolean
  /** True if a row is not sent that shows as held already when its customer is read (`--only-changed`). Default: never. */
  readonly leavesHeld?: ((customerId: string) => Promise<boolean>) | undefined
  readonly intendedBody: Run['intendedBody']
  /** True for an open row whose discount is removed. */
  readonly isPartial: (row: number) => boolean
  /** Rapyd does not know the customer of a row. Throws to stop the run. */
  readonly onMissing: (code: ErrorCode, status: number) => void
}

export interface PreReadStep {
  wrap(deliver: Send): Send
  /** Reads the customer of a request again. The request stays the same if its body does. */
  readonly readAgain: NonNullable<SenderParts['readAgain']>
}

type Prepared = Allowed & {
  readonly image?: JsonObject | undefined
  /** What the row was about to write is kept from before. */
  readonly isKept?: true
}

type Unreadable = Extract<CustomerReading, { readonly kind: 'unreadable' }>

export function createPreRead(parts: PreReadParts): PreReadStep {
  const { shared, clock, images, precondition, identity } = parts
  /** What was left out of rows that are under way. */
  const leftOut = new Map<number, Allowed['leftOut']>()

  const namesKeys = ({ body, sends }: UpdateRequest): boolean =>
    parts.sendsAllKeys && sends.includes('metadata') && keysOf(parseBody(body)) !== undefined

  const lacksImage = ({ customerId }: UpdateRequest): boolean => images?.hasBeforeImage(customerId) === false

  function end(request: UpdateRequest, outcome: OutcomeKind, why: Cause, httpStatus = 0): Outcome {
    const { code, message, field: errorField = '' } = why
    return {
      ...openOutcome(request, { code, message }),
      outcome,
      errorField,
      httpStatus,
      finishedAt: clock.wall(),
    }
  }

  /** Nothing is sent to a customer that could not be read. A row in doubt stays in doubt. */
  function unread(request: UpdateRequest, { code, status }: Unreadable, isInDoubt: boolean): Outcome {
    const message = 'the customer could not be read before the call, so nothing was sent'
    const why: Cause = { code: namesKeys(request) ? 'E_METADATA_UNREAD' : code, message }
    const doubt: Cause = { code: 'E_IN_DOUBT', message: `may have been applied earlier; ${message} now` }
    return isInDoubt ? end(request, 'unknown', doubt, status) : end(request, 'failed', why, status)
  }

  /** The request, with what its body takes from the customer. */
  function withKeys({ request, patch }: Allowed, customer: JsonObject, at: number): UpdateRequest {
    if (patch !== undefined) return { ...request, reading: { patch: JSON.stringify(patch), at } }
    const own = parseBody(request.body)
    const keys = keysOf(own)
    if (!parts.sendsAllKeys || keys === undefined) return request
    const body = JSON.stringify({ ...own, metadata: mergeKeys(customer['metadata'], keys) })
    return withReading(request, body, { patch: request.body, at }, identity)
  }

  /** Reads the customer, and decides what is sent. Rejects with the signal's reason if that aborts. */
  async function prepare(
    asked: UpdateRequest,
    isInDoubt: boolean,
    signal: AbortSignal,
  ): Promise<Prepared | Outcome | Unreadable> {
    if (precondition !== undefined || namesKeys(asked)) await parts.untilSettled(asked, signal)
    signal.throwIfAborted()
    const isForKeys = precondition === undefined && parts.leavesHeld === undefined && !lacksImage(asked)
    const { reading, at } = await shared.read(asked.customerId, signal, isForKeys)
    if (reading.kind === 'unreadable') return reading
    const customer = reading.kind === 'found' ? reading.customer : undefined
    const judged = await precondition?.({ request: asked, customer, isInDoubt, at: clock.wall() })
    if (judged !== undefined && 'outcome' in judged) return judged
    const allowed = judged ?? { request: asked }
    if (reading.kind === 'missing') {
      if (!namesKeys(asked)) return allowed
      parts.onMissing(reading.code, reading.status)
      return end(asked, 'rejected', { code: reading.code, message: notKnown }, reading.status)
    }
    const image = toBeforeImage(reading.customer, parts.fields)
    const isHeld = !isInDoubt && holdsAll(allowed.request, reading.customer)
    if (isHeld && (await parts.leavesHeld?.(asked.customerId)) === true)
      return withoutCall(asked, asked.customerId, 'unchanged', { message: heldAlready })
    const made = withKeys(allowed, reading.customer, at)
    const changed = keysThatChange(made, reading.changedKeys)
    if (changed.length > 0) return end(asked, 'invalid', numbersIn(changed))
    const request = hasNoDiscount(reading.customer) ? { ...made, hasNoDiscount: true as const } : made
    return { ...allowed, request, image }
  }

  async function save({ request, image, leftOut: why }: Prepared): Promise<void> {
    const { row, customerId, body, reading } = request
    if (why !== undefined) leftOut.set(row, why)
    // Of a row of which a part is done, all of it is kept from before.
    if (parts.isPartial(row)) return
    await images?.saveBeforeImage({ row, customerId, body: reading?.patch ?? body }, image)
  }

  /** A row in doubt, with the body that was sent. It is settled first, and its customer is read before it is sent again. */
  function toSettle(asked: UpdateRequest): UpdateRequest {
    const reading = { patch: asked.body, at: -Infinity }
    return { ...asked, ...parts.intendedBody(asked.row), reading }
  }

  async function prepareFirst(asked: UpdateRequest, signal: AbortSignal): Promise<Prepared | Outcome> {
    const isInDoubt = parts.isInDoubt(asked.row)
    const isKeyed = namesKeys(asked)
    const isSettledFirst = isInDoubt && isKeyed && precondition === undefined
    const isRead = precondition !== undefined || lacksImage(asked) || (isKeyed && !isInDoubt)
    const found = isRead ? await prepare(asked, isInDoubt, signal) : { request: asked }
    if ('kind' in found) {
      // It may also be sent, so a before-image that lacks is needed here.
      return isInDoubt && !lacksImage(asked)
        ? { request: toSettle(asked), isKept: true }
        : unread(asked, found, isInDoubt)
    }
    if (!isSettledFirst) return found
    // What the customer shows now decides nothing about a row that may have been applied.
    return { ...('outcome' in found ? {} : found), request: toSettle(asked) }
  }

  return {
    wrap: (deliver) => async (asked, signal) => {
      if (signal.aborted) return undefined
      try {
        const prepared = await prepareFirst(asked, signal)
        if ('outcome' in prepared) return prepared
        if (prepared.isKept !== true) await save(prepared)
        const outcome = await deliver(prepared.request, signal)
        return outcome?.outcome === 'updated' ? { ...outcome, ...leftOut.get(asked.row) } : outcome
      } catch (error) {
        if (signal.aborted && error === signal.reason) return undefined
        throw error
      } finally {
        leftOut.delete(asked.row)
      }
    },
    async readAgain({ reading, ...request }, isInDoubt, signal) {
      const asked = { ...request, body: reading?.patch ?? request.body }
      shared.forget(asked.customerId)
      const found = await prepare(asked, isInDoubt, signal)
      if ('kind' in found) return unread(asked, found, isInDoubt)
      if ('outcome' in found) return found
      await save(found)
      const made = found.request
      const isSame = isDeepStrictEqual(parseBody(made.body), parseBody(request.body))
      return isSame && made.reading !== undefined ? { ...request, reading: made.reading } : made
    },
  }
}

interface Cause {
  readonly code: ErrorCode
  readonly message: string
  readonly field?: string
}

const notKnown = 'Rapyd does not know the customer; nothing was sent'
const heldAlready = 'the customer holds it already'

function holdsAll({ body }: UpdateRequest, customer: JsonObject): boolean {
  const patch = parseBody(body)
  const snapshot = toSnapshot(customer, Object.keys(patch))
  return Object.entries(patch).every(([field, wanted]) => compareField(field, wanted, snapshot) === 'holds')
}

/** Keys that the body takes from the customer with a number that would be written back changed. */
function keysThatChange(
  { body, reading }: UpdateRequest,
  changedKeys: readonly string[] = [],
): readonly string[] {
  const sent = keysOf(parseBody(body))
  const own = keysOf(parseBody(reading?.patch ?? body))
  return sent === undefined
    ? []
    : changedKeys.filter((key) => own === undefined || !Object.hasOwn(own, key) || isJsonObject(own[key]))
}

function numbersIn(keys: readonly string[]): Cause {
  const paths = keys.map((key) => printable(`metadata.${key}`))
  return {
    code: 'E_METADATA_NUMBER',
    field: paths.join(';'),
    message: `the customer has a number that would be written back changed: ${paths.join(', ')}`,
  }
}

/** True if the answer to a request shows just the metadata that was sent: then it is a reading, with no number that changes. */
export function holdsAllKeys({ body, reading }: UpdateRequest, customer: JsonObject): boolean {
  return reading !== undefined && isDeepStrictEqual(keysOf(parseBody(body)), customer['metadata'])
}
