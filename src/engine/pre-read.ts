/**
 * Reads a customer before its row is sent, inside its queue: for its before-image (`--backup`), for the precondition of the row, and for
 * the keys of metadata that the row does not name. One read serves all.
 */
import { isDeepStrictEqual } from 'node:util'
import type { SenderParts } from '../http/sender.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { ErrorCode } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { withoutCall, type UpdateRequest, type Outcome, type OutcomeKind } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { shownKey, shownNames } from '../model/text.ts'
import { keysOf } from '../rapyd/metadata.ts'
import { parseBody, withReading, type RunIdentity } from '../rapyd/requests.ts'
import { hasNoDiscount, holdsPatch, mergeKeys, toBeforeImage } from '../rapyd/snapshot.ts'
import { unsentOutcome, type Cause } from './all-outcomes.ts'
import type { Run } from '../model/store.ts'
import type { SharedRead } from './shared-read.ts'
import type { CustomerReading } from '../http/ports.ts'
import type { Allowed, Precondition } from './watch.ts'

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
  /** True if a row is left out whose customer already holds its values (`--only-changed`). Default: never. */
  readonly mayLeaveOut?: ((customerId: string) => Promise<boolean>) | undefined
  readonly intendedBody: Run['intendedBody']
  /** True for an open row whose discount is removed. */
  readonly isPartial: (row: number) => boolean
  /** Rapyd does not know the customer of a row. Throws to stop the run. */
  readonly onMissing: (code: ErrorCode, status: number) => void
}

export interface PreReadStep {
  readonly wrap: (next: Send) => Send
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
  const { images } = parts
  /** What was left out of rows that are under way. */
  const leftOut = new Map<number, Allowed['leftOut']>()

  async function save({ request, image, leftOut: why }: Prepared): Promise<void> {
    const { row, customerId, body, reading } = request
    if (why !== undefined) leftOut.set(row, why)
    // If a part of the row is done, all that it writes was kept before that.
    if (parts.isPartial(row)) return
    await images?.saveBeforeImage({ row, customerId, body: reading?.patch ?? body }, image)
  }

  return {
    wrap: (next) => async (asked, signal) => {
      if (signal.aborted) return undefined
      try {
        const prepared = await prepareFirst(parts, asked, signal)
        if ('outcome' in prepared) return prepared
        if (prepared.isKept !== true) await save(prepared)
        const outcome = await next(prepared.request, signal)
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
      parts.shared.forget(asked.customerId)
      const found = await prepare(parts, asked, isInDoubt, signal)
      if ('kind' in found) return unread(parts, asked, found, isInDoubt)
      if ('outcome' in found) return found
      await save(found)
      const made = found.request
      const isSame = isDeepStrictEqual(parseBody(made.body), parseBody(request.body))
      return isSame && made.reading !== undefined ? { ...request, reading: made.reading } : made
    },
  }
}

async function prepareFirst(
  parts: PreReadParts,
  asked: UpdateRequest,
  signal: AbortSignal,
): Promise<Prepared | Outcome> {
  const isInDoubt = parts.isInDoubt(asked.row)
  const isKeyed = namesKeys(parts, asked)
  const isRead =
    parts.precondition !== undefined || (isKeyed && !isInDoubt) || (await lacksImage(parts, asked))
  const found = isRead ? await prepare(parts, asked, isInDoubt, signal) : { request: asked }
  if ('kind' in found) {
    // It may be sent again, so it needs a before-image.
    return isInDoubt && !(await lacksImage(parts, asked))
      ? { request: toSettle(parts, asked), isKept: true }
      : unread(parts, asked, found, isInDoubt)
  }
  if (!isInDoubt || !isKeyed || parts.precondition !== undefined) return found
  // What the customer shows now decides nothing about a row that may have been applied.
  return { ...('outcome' in found ? {} : found), request: toSettle(parts, asked) }
}

/** A row in doubt, with the body that was sent. It is settled first, and its customer is read before it is sent again. */
function toSettle({ intendedBody }: PreReadParts, asked: UpdateRequest): UpdateRequest {
  const reading = { patch: asked.body, at: -Infinity }
  return { ...asked, ...intendedBody(asked.row), reading }
}

/** Reads the customer, and decides what is sent. Rejects with the signal's reason if that aborts. */
async function prepare(
  parts: PreReadParts,
  asked: UpdateRequest,
  isInDoubt: boolean,
  signal: AbortSignal,
): Promise<Prepared | Outcome | Unreadable> {
  const { precondition } = parts
  const isKeyed = namesKeys(parts, asked)
  await parts.untilSettled(asked, signal)
  signal.throwIfAborted()
  const isForKeys =
    precondition === undefined && parts.mayLeaveOut === undefined && !(await lacksImage(parts, asked))
  const { reading, at } = await parts.shared.read(asked.customerId, signal, isForKeys)
  if (reading.kind === 'unreadable') return reading
  const customer = reading.kind === 'found' ? reading.customer : undefined
  const decided = await precondition?.({ request: asked, customer, isInDoubt })
  if (decided !== undefined && 'outcome' in decided) return { ...decided, finishedAt: parts.clock.wall() }
  const allowed = decided ?? { request: asked }
  if (reading.kind === 'missing') {
    if (!isKeyed) return allowed
    parts.onMissing(reading.code, reading.status)
    return end(parts, asked, 'rejected', { ...reading, message: notKnown })
  }
  const image = toBeforeImage(reading.customer, parts.fields)
  const isHeld = !isInDoubt && holdsPatch(parseBody(allowed.request.body), reading.customer)
  if (isHeld && (await parts.mayLeaveOut?.(asked.customerId)) === true)
    return withoutCall(asked, asked.customerId, 'unchanged', { message: heldAlready })
  const made = withKeys(parts, allowed, reading.customer, at)
  const changed = keysThatChange(made, reading.changedKeys)
  if (changed.length > 0) return end(parts, asked, 'invalid', numbersIn(changed))
  const request = hasNoDiscount(reading.customer) ? { ...made, hasNoDiscount: true as const } : made
  return { ...allowed, request, image }
}

/** The request, with what its body takes from the customer. */
function withKeys(
  { sendsAllKeys, identity }: PreReadParts,
  { request, patch }: Allowed,
  customer: JsonObject,
  at: number,
): UpdateRequest {
  if (patch !== undefined) return { ...request, reading: { patch: JSON.stringify(patch), at } }
  const own = parseBody(request.body)
  const keys = keysOf(own)
  if (!sendsAllKeys || keys === undefined) return request
  const body = JSON.stringify({ ...own, metadata: mergeKeys(customer['metadata'], keys) })
  return withReading(request, body, { patch: request.body, at }, identity)
}

/** Nothing is sent to a customer that could not be read. A row in doubt stays in doubt. */
function unread(
  parts: PreReadParts,
  request: UpdateRequest,
  { code, status }: Unreadable,
  isInDoubt: boolean,
): Outcome {
  const message = 'the customer could not be read before the call, so nothing was sent'
  if (isInDoubt) {
    const doubt = `may have been applied earlier; ${message} now`
    return end(parts, request, 'unknown', { code: 'E_IN_DOUBT', message: doubt, status })
  }
  const why = namesKeys(parts, request) ? 'E_METADATA_UNREAD' : code
  return end(parts, request, 'failed', { code: why, message, status })
}

function end({ clock }: PreReadParts, request: UpdateRequest, outcome: OutcomeKind, why: Cause): Outcome {
  return unsentOutcome(request, why, outcome, clock.wall())
}

function namesKeys({ sendsAllKeys }: PreReadParts, { body, sends }: UpdateRequest): boolean {
  return sendsAllKeys && sends.includes('metadata') && keysOf(parseBody(body)) !== undefined
}

async function lacksImage({ images }: PreReadParts, { customerId }: UpdateRequest): Promise<boolean> {
  return (await images?.hasBeforeImage(customerId)) === false
}

const notKnown = 'Rapyd does not know the customer; nothing was sent'
const heldAlready = 'the customer holds it already'

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

/** Keys that the field of an error names. */
const mostNamed = 20

function numbersIn(keys: readonly string[]): Cause {
  const paths = keys.map((key) => `metadata.${key}`)
  return {
    code: 'E_METADATA_NUMBER',
    field: paths.slice(0, mostNamed).map(shownKey).join(';'),
    message: `the customer has a number that would be written back changed: ${shownNames(paths, shownKey)}`,
  }
}

/** True if the answer to a request shows just the metadata that was sent: then it is a reading, with no number that changes. */
export function holdsAllKeys({ body, reading }: UpdateRequest, customer: JsonObject): boolean {
  return reading !== undefined && isDeepStrictEqual(keysOf(parseBody(body)), customer['metadata'])
}

/**
 * Whether a run keeps before-images: what its first session decided. Throws USAGE: E_BACKUP_LATE if it has sent rows without, which cannot
 * be read any more; E_OPTION_CONFLICT if customers may not be read.
 */
export async function keepsImages(
  { backup, readBack }: ResolvedOptions,
  run: Pick<Run, 'note' | 'setNote' | 'inDoubt' | 'earlier'>,
): Promise<boolean> {
  const isKept = run.note('backup') === 'yes'
  if (!isKept && !backup) return false
  if (!readBack) throw errorOf('E_OPTION_CONFLICT', 'backup_unread')
  if (isKept) return true
  const hasSent =
    run.inDoubt.size > 0 ||
    run.earlier.settled.keys().some((kind) => kind !== 'unchanged' && kind !== 'invalid')
  if (hasSent) throw errorOf('E_BACKUP_LATE', 'late_backup')
  await run.setNote('backup', 'yes')
  return true
}
