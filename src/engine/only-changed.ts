/**
 * The field state around every call: `--only-changed` leaves out what Rapyd has confirmed, and each outcome confirms fields. It
 * runs inside the customer's queue, when earlier rows of the customer are settled.
 */
import { countEach } from '../model/collections.ts'
import { withoutCall } from '../model/outcome.ts'
import type { Digests, Outcome } from '../model/outcome.ts'
import type { Clock, Send } from '../model/ports.ts'
import { fieldOf, splitNames } from '../model/row.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { FieldEffects, Run } from '../model/store.ts'
import { narrowRequest } from '../rapyd/requests.ts'
import type { RunIdentity } from '../rapyd/requests.ts'
import { readDoubted } from './doubted-fields.ts'
import type { DoubtedParts } from './doubted-fields.ts'
import type { OnlyChanged } from './open-field-state.ts'

/** How many fields were left out of rows that were sent. */
export const leftOutNote = 'fields_left_out'

export interface FieldStateSending {
  /** Leaves out fields that are confirmed, and notes what the call shows. */
  around(deliver: Send, looking: Pick<DoubtedParts, 'read' | 'isInDoubt' | 'settleAfterMs'>): Send
  /** What the outcome of a row says about its fields. */
  effectsOf(outcome: Outcome): FieldEffects | undefined
  /** What is known once the discount of a customer is removed. */
  effectsOfRemoval(removal: UpdateRequest): FieldEffects
}

export interface FieldStateParts {
  readonly fieldState: OnlyChanged
  readonly run: Pick<
    Run,
    'note' | 'noteLater' | 'intendedFields' | 'intendedOperation' | 'outcomeSoFar' | 'inDoubt'
  >
  readonly identity: RunIdentity
  readonly clock: Pick<Clock, 'wall' | 'sleep'>
  /** Rows that changed are sent whole. */
  readonly wholeRows: boolean
}

export function createFieldStateSending(parts: FieldStateParts): FieldStateSending {
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
    // Of a row whose discount may be removed, nothing else was sent.
    const isPatchOpen = run.intendedOperation(row) === 'delete_discount'
    const intended = isPatchOpen ? undefined : run.intendedFields(row)
    if (intended !== undefined) return sends.filter((field) => intended.includes(field))
    if (!isOnlyChanged || (run.inDoubt.has(row) && !isPatchOpen)) return sends
    const [known] = await state.get([customerId])
    const changed = sends.filter((field) => known?.digests[field] !== wanted[field])
    return changed.length > 0 && parts.wholeRows ? sends : changed
  }

  async function change(
    deliver: Send,
    request: UpdateRequest,
    signal: AbortSignal,
  ): Promise<Outcome | undefined> {
    if (signal.aborted) return undefined
    const { customerId, row } = request
    const wanted = digests.of(customerId, request.body)
    const fields = await fieldsToSend(request, wanted)
    if (fields.length === 0) return withoutCall(request, customerId, 'unchanged', { message: asConfirmed })
    const isWhole = fields.length === request.sends.length
    const sent = isWhole ? request : narrowRequest(request, new Set(fields), identity)
    const outcome = await deliver(sent, signal)
    if (outcome === undefined) return undefined
    const facts = { isOnlyChanged, isRemoved: run.outcomeSoFar(row) !== undefined }
    const found = effectsOfCall(outcome, sent, wanted, facts)
    // A reading may have shown that the customer holds some of the fields.
    const earlier = effects.get(row)?.confirmed ?? {}
    effects.set(row, { ...found, confirmed: { ...earlier, ...found.confirmed } })
    if (outcome.outcome === 'updated') leftOut += request.sends.length - fields.length
    return outcome
  }

  function onHeld(request: UpdateRequest, held: ReadonlySet<string>): void {
    const wanted = digests.of(request.customerId, request.body)
    effects.set(request.row, { confirmed: only(wanted, (field) => held.has(field)) })
  }

  return {
    around(deliver, looking) {
      const looked = readDoubted(deliver, { ...looking, state, clock, identity, onHeld })
      return (request, signal) => change(looked, request, signal)
    },
    effectsOfRemoval: ({ customerId, body }) => ({ confirmed: digests.of(customerId, body) }),
    effectsOf({ row }) {
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
  const written = pathsByField(fields)
  const asked = pathsByField(sent.fields)
  return (field) => asked.has(field) && written.get(field) === asked.get(field)
}

/** How many paths of each field there are. */
function pathsByField(fields: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  countEach(counts, fields.split(';').map(fieldOf))
  return counts
}

const asConfirmed = 'nothing has changed since Rapyd last confirmed it'

/** True if the request was refused or never sent, and no reading has shown that others changed the customer. */
function wasNotApplied({ outcome, httpStatus, errorCode }: Outcome): boolean {
  if (outcome === 'unknown' || errorCode === 'E_CHANGED_SINCE' || errorCode === 'E_DRIFTED') return false
  return outcome !== 'rejected' || (httpStatus >= 400 && httpStatus < 500)
}

function only(digests: Digests, isKept: (field: string) => boolean): Digests {
  return Object.fromEntries(Object.entries(digests).filter(([field]) => isKept(field)))
}
