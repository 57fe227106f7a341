/**
 * The field state around every call, inside the customer's queue: `--only-changed` leaves out what Rapyd has confirmed, and each outcome
 * confirms fields. A field that adds up, and that an earlier run may have sent, is read first. Other doubted fields are sent again.
 */
import { countEach } from '../model/collections.ts'
import type { Clock, Send } from '../model/ports.ts'
import {
  fieldOf,
  splitNames,
  withoutCall,
  isOutcome,
  type UpdateRequest,
  type Digests,
  type Outcome,
  type FieldEffects,
  type OutcomeKind,
} from '../model/row.ts'
import type { Run } from '../model/store.ts'
import { narrowRequest, isRepeatable, parseBody, type RunIdentity } from '../rapyd/requests.ts'
import { compareField, toSnapshot } from '../rapyd/snapshot.ts'
import { unsentOutcome, type Cause } from './all-outcomes.ts'
import type { OnlyChanged } from './open-field-state.ts'
import { leftOutNote } from './record.ts'
import type { SharedRead } from './shared-read.ts'

export type FieldStateSending = ReturnType<typeof createFieldStateSending>

export interface FieldStateParts {
  readonly fieldState: OnlyChanged
  readonly run: Pick<
    Run,
    'note' | 'noteLater' | 'intendedFields' | 'intendedOperation' | 'outcomeSoFar' | 'inDoubt'
  >
  readonly identity: RunIdentity
  readonly clock: Pick<Clock, 'wall'>
  /** Rows that changed are sent whole. */
  readonly wholeRows: boolean
  /** Undefined if customers may not be read. */
  readonly read: SharedRead | undefined
  /** True for a row that this run, or the parent of a redo, may have sent. The sender settles it. */
  readonly isInDoubt: (row: number) => boolean
  /** Waits until no request of another run to the customer can be applied any more. */
  readonly untilSettled: (request: UpdateRequest, signal: AbortSignal) => Promise<void>
}

export function createFieldStateSending(parts: FieldStateParts) {
  const { fieldState, run, identity, clock } = parts
  const { state, digests, isOnlyChanged } = fieldState
  /** Effects of rows whose call has ended and whose outcome is not durable yet. */
  const effects = new Map<number, FieldEffects>()
  let leftOut = Number(run.note(leftOutNote) ?? 0)

  /** The fields to send; none if the customer holds them all. For a row in doubt, the fields of its intent. */
  async function fieldsToSend(
    { row, customerId, sends }: UpdateRequest,
    wanted: Digests,
  ): Promise<readonly string[]> {
    // While the removal of a discount is in doubt, nothing else of the row was sent.
    const isPatchOpen = run.intendedOperation(row) === 'delete_discount'
    const intended = isPatchOpen ? undefined : run.intendedFields(row)
    if (intended !== undefined) return sends.filter((field) => intended.includes(field))
    if (!isOnlyChanged || (run.inDoubt.has(row) && !isPatchOpen)) return sends
    const [known] = await state.get([customerId])
    const changed = sends.filter((field) => known?.digests[field] !== wanted[field])
    return changed.length > 0 && parts.wholeRows ? sends : changed
  }

  /** Leaves out fields that are confirmed, and notes what the call shows. */
  const around =
    (next: Send): Send =>
    async (request, signal) => {
      if (signal.aborted) return undefined
      const { customerId, row } = request
      const wanted = digests.of(customerId, request.body)
      const fields = await fieldsToSend(request, wanted)
      if (fields.length === 0) return withoutCall(request, customerId, 'unchanged', { message: asConfirmed })
      const isWhole = fields.length === request.sends.length
      const sent = isWhole ? request : narrowRequest(request, new Set(fields), identity)
      const found = await leaveOutApplied(sent, signal)
      const outcome = found === undefined || isOutcome(found) ? found : await next(found, signal)
      if (outcome === undefined) return undefined
      const facts = { isOnlyChanged, isRemoved: run.outcomeSoFar(row) !== undefined }
      const shown = effectsOfCall(outcome, sent, wanted, facts)
      // A reading may have shown that the customer holds some of the fields.
      const earlier = effects.get(row)?.confirmed ?? {}
      effects.set(row, { ...shown, confirmed: { ...earlier, ...shown.confirmed } })
      if (outcome.outcome === 'updated') leftOut += request.sends.length - fields.length
      return outcome
    }

  /** Fields that add up if they are sent twice, and that an earlier run may have sent. */
  async function doubtedFields({ row, customerId, body, repeatable }: UpdateRequest) {
    if (repeatable) return []
    const [known] = await state.get([customerId])
    // While the removal of a discount is in doubt, nothing else of the row was sent.
    const isOwnDoubt = (field: string): boolean =>
      parts.isInDoubt(row) && (field === 'coupon' || run.intendedOperation(row) !== 'delete_discount')
    return Object.entries(parseBody(body)).filter(
      ([field, value]) =>
        known?.isUnknown(field) === true && !isRepeatable({ [field]: value }) && !isOwnDoubt(field),
    )
  }

  /** Leaves out what may have been sent before and is held. Resolves with the outcome if nothing is sent, or undefined if stopped. */
  async function leaveOutApplied(
    request: UpdateRequest,
    signal: AbortSignal,
  ): Promise<UpdateRequest | Outcome | undefined> {
    const { customerId, body, row } = request
    const fields = await doubtedFields(request)
    // A row in doubt has waited before it was sent, and is read early.
    if (fields.length > 0 || !run.inDoubt.has(row)) await parts.untilSettled(request, signal)
    if (signal.aborted) return undefined
    if (fields.length === 0) return request
    const end = (why: Cause, outcome: OutcomeKind) => unsentOutcome(request, why, outcome, clock.wall())
    if (parts.read === undefined) return end(notSentTwice, 'unknown')
    const found = await parts.read.read(customerId, signal).catch((error: unknown) => {
      if (signal.aborted && error === signal.reason) return undefined
      throw error
    })
    if (found === undefined) return undefined
    const { reading } = found
    if (reading.kind === 'missing') return request
    if (reading.kind === 'unreadable') return end({ ...reading, message: unread }, 'failed')
    const names = fields.map(([field]) => field)
    const snapshot = toSnapshot(reading.customer, names)
    const findings = fields.map(([field, wanted]) => compareField(field, wanted, snapshot))
    if (findings.includes('not_shown')) return end(notSentTwice, 'unknown')
    const held = new Set(names.filter((_, index) => findings[index] === 'holds'))
    if (held.size === 0) return request
    effects.set(row, { confirmed: only(digests.of(customerId, body), (field) => held.has(field)) })
    const left = new Set(Object.keys(parseBody(body))).difference(held)
    return left.size === 0 ? end(heldAlready, 'updated') : narrowRequest(request, left, identity)
  }

  return {
    around,
    /** What is known once the discount of a customer is removed. */
    effectsOfRemoval: ({ customerId, body }: UpdateRequest): FieldEffects => ({
      confirmed: digests.of(customerId, body),
    }),
    /** What the outcome of a row says about its fields. */
    effectsOf({ row }: Outcome): FieldEffects | undefined {
      const found = effects.get(row)
      effects.delete(row)
      if (found !== undefined && leftOut > 0) run.noteLater(leftOutNote, String(leftOut))
      return found
    },
  }
}

/** `wanted` are the digests of the whole row. With `--only-changed`, `unchanged` means that a reading has shown all of it. */
function effectsOfCall(
  outcome: Outcome,
  { sends, ...sent }: UpdateRequest,
  wanted: Digests,
  { isOnlyChanged, isRemoved }: { readonly isOnlyChanged: boolean; readonly isRemoved: boolean },
): FieldEffects {
  const refused = new Set(splitNames(outcome.notTaken).map(fieldOf))
  // The outcome so far has confirmed it, and others may have set another coupon since.
  const isSettled = isRemoved && !refused.has('coupon')
  const fields = isSettled ? sends.filter((field) => field !== 'coupon') : sends
  if (outcome.outcome === 'unchanged' && isOnlyChanged)
    return { confirmed: only(wanted, (field) => fields.includes(field)) }
  if (outcome.outcome === 'updated' || outcome.notTaken !== '') {
    const isKnown = isWritten(outcome, sent)
    const confirmed = only(wanted, (field) => fields.includes(field) && !refused.has(field) && isKnown(field))
    return { confirmed, unknown: fields.filter((field) => !(field in confirmed)) }
  }
  return wasNotApplied(outcome) ? {} : { unknown: fields }
}

/**
 * False for a field of which only some paths were written: a rollback leaves out keys of metadata that others have changed. The
 * field is then unknown, and sending it again does no harm.
 */
function isWritten({ fields }: Outcome, sent: Pick<UpdateRequest, 'fields'>): (field: string) => boolean {
  const asked = pathsByField(sent.fields)
  const written = fields === sent.fields ? asked : pathsByField(fields)
  return (field) => asked.has(field) && written.get(field) === asked.get(field)
}

/** How many paths of each field there are. */
function pathsByField(fields: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  countEach(counts, fields.split(';').map(fieldOf))
  return counts
}

const notSentTwice: Cause = {
  code: 'E_NOT_IDEMPOTENT',
  message: 'an earlier run may have applied it, and reading cannot tell; not sent twice',
}
const unread = 'an earlier run may have applied it, and the customer could not be read'
const heldAlready: Cause = { code: '', message: 'an earlier run has applied it' }
const asConfirmed = 'nothing has changed since Rapyd last confirmed it'

/** True if the request was refused or never sent, and no reading has shown that others changed the customer. */
function wasNotApplied({ outcome, httpStatus, errorCode }: Outcome): boolean {
  if (outcome === 'unknown' || errorCode === 'E_CHANGED_SINCE' || errorCode === 'E_DRIFTED') return false
  return outcome !== 'rejected' || (httpStatus >= 400 && httpStatus < 500)
}

function only(digests: Digests, isKept: (field: string) => boolean): Digests {
  return Object.fromEntries(Object.entries(digests).filter(([field]) => isKept(field)))
}
