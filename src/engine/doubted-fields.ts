/**
 * Fields that do harm when they are sent twice, `addresses` and `coupon`, where an earlier run may have sent them: the customer
 * is looked at first, and what it holds is left out. Whatever else is in doubt is simply sent again.
 */
import type { CustomerReading, ReadCustomer } from '../http/read-customer.ts'
import type { ErrorCode } from '../model/errors.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { parseBody, narrowRequest, isRepeatable } from '../rapyd/requests.ts'
import type { FieldDigests } from '../rapyd/field-digests.ts'
import { compareField, toSnapshot } from '../rapyd/snapshot.ts'
import type { RunIdentity } from '../rapyd/requests.ts'
import { openOutcome } from './all-outcomes.ts'
import type { SyncState } from '../store/sync-state.ts'

export interface DoubtedParts {
  readonly state: Pick<SyncState, 'known' | 'confirm'>
  readonly digests: Pick<FieldDigests, 'of'>
  /** Undefined if customers may not be read. */
  readonly read: ReadCustomer | undefined
  readonly clock: Pick<Clock, 'wall' | 'sleep'>
  readonly identity: RunIdentity
  /** So many ms after it was sent nothing of another run can be under way any more. */
  readonly settleAfterMs: number
  /** Rows that this run, or the one that it is a redo of, may have sent: those are for the sender to settle. */
  readonly isInDoubt: (row: number) => boolean
}

export function readDoubted(deliver: Send, parts: DoubtedParts): Send {
  const { state, digests, read, clock, identity } = parts
  const end = (request: UpdateRequest, outcome: OutcomeKind, why: Why, httpStatus = 0): Outcome => ({
    ...openOutcome(request, { code: 'E_NOT_IDEMPOTENT', message: why.message }),
    outcome,
    errorCode: why.code,
    httpStatus,
    finishedAt: clock.wall(),
  })

  return async (request, signal) => {
    if (request.repeatable || parts.isInDoubt(request.row)) return deliver(request, signal)
    const { unknown: doubted, at } = state.known(request.customerId)
    const body = parseBody(request.body)
    const open = Object.entries(body).filter(
      ([field, value]) => doubted.includes(field) && !isRepeatable({ [field]: value }),
    )
    if (open.length === 0) return deliver(request, signal)
    if (read === undefined) return end(request, 'unknown', notSentTwice)
    const settledMs = parts.settleAfterMs
    const waitMs = Math.min(settledMs, at + settledMs - clock.wall())
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    let reading: CustomerReading
    try {
      reading = await read(request.customerId, signal)
    } catch (error) {
      if (signal.aborted && error === signal.reason) return undefined
      throw error
    }
    if (reading.kind === 'missing') return deliver(request, signal)
    if (reading.kind === 'unreadable')
      return end(request, 'failed', { ...unread, code: reading.code }, reading.status)
    const image = toSnapshot(
      reading.customer,
      open.map(([field]) => field),
    )
    const findings = open.map(([field, wanted]) => [field, compareField(field, wanted, image)] as const)
    if (findings.some(([, holding]) => holding === 'not_shown')) return end(request, 'unknown', notSentTwice)
    const held = new Set(findings.flatMap(([field, holding]) => (holding === 'holds' ? [field] : [])))
    const left = new Set(Object.keys(body)).difference(held)
    if (left.size === 0) return end(request, 'updated', heldAlready)
    if (held.size === 0) return deliver(request, signal)
    const wanted = Object.entries(digests.of(request.customerId, request.body))
    const found = Object.fromEntries(wanted.filter(([field]) => held.has(field)))
    await state.confirm({ customerId: request.customerId, digests: found, at: Math.max(at, clock.wall()) })
    return deliver(narrowRequest(request, left, identity), signal)
  }
}

interface Why {
  readonly code: ErrorCode | ''
  readonly message: string
}

const notSentTwice: Why = {
  code: 'E_NOT_IDEMPOTENT',
  message: 'an earlier run may have applied it, and reading cannot tell; not sent twice',
}
const unread = { message: 'an earlier run may have applied it, and the customer could not be read' }
const heldAlready: Why = { code: '', message: 'an earlier run has applied it' }
