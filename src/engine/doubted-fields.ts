/**
 * Fields that add up when they are sent twice, `addresses` and `coupon`, and that an earlier run may have sent: the customer is
 * read first, and what it holds is left out. All other fields in doubt are simply sent again.
 */
import type { CustomerReading } from '../http/read-customer.ts'
import type { ErrorCode } from '../model/errors.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock, Send } from '../model/ports.ts'
import { parseBody, narrowRequest, isRepeatable } from '../rapyd/requests.ts'
import { compareField, toSnapshot } from '../rapyd/snapshot.ts'
import type { RunIdentity } from '../rapyd/requests.ts'
import { openOutcome } from './all-outcomes.ts'
import type { FieldState } from '../model/store.ts'
import type { SharedRead } from './shared-read.ts'

export interface DoubtedParts {
  readonly state: Pick<FieldState, 'get'>
  /** Undefined if customers may not be read. */
  readonly read: SharedRead | undefined
  readonly clock: Pick<Clock, 'wall' | 'sleep'>
  readonly identity: RunIdentity
  /** Milliseconds after which no request of another run can be applied any more. */
  readonly settleAfterMs: number
  /** Fields of rows that this run, or the parent of a redo, may have sent. The sender settles them. */
  readonly isInDoubt: (row: number, field: string) => boolean
  /** Called with the fields that the customer holds as the row wants them. */
  readonly onHeld: (request: UpdateRequest, fields: ReadonlySet<string>) => void
}

export function readDoubted(deliver: Send, parts: DoubtedParts): Send {
  const { state, read, clock, identity } = parts
  const end = (request: UpdateRequest, outcome: OutcomeKind, why: Why, httpStatus = 0): Outcome => ({
    ...openOutcome(request, { code: 'E_NOT_IDEMPOTENT', message: why.message }),
    outcome,
    errorCode: why.code,
    httpStatus,
    finishedAt: clock.wall(),
  })

  return async (request, signal) => {
    if (request.repeatable) return deliver(request, signal)
    const [known] = await state.get([request.customerId])
    const body = parseBody(request.body)
    const open = Object.entries(body).filter(
      ([field, value]) =>
        known?.isUnknown(field) === true &&
        !isRepeatable({ [field]: value }) &&
        !parts.isInDoubt(request.row, field),
    )
    if (known === undefined || open.length === 0) return deliver(request, signal)
    if (read === undefined) return end(request, 'unknown', notSentTwice)
    const settledMs = parts.settleAfterMs
    const waitMs = Math.min(settledMs, known.doubtAt + settledMs - clock.wall())
    if (waitMs > 0) await clock.sleep(waitMs, signal)
    let reading: CustomerReading
    try {
      ;({ reading } = await read.read(request.customerId, signal))
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
    if (held.size === 0) return deliver(request, signal)
    parts.onHeld(request, held)
    if (left.size === 0) return end(request, 'updated', heldAlready)
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
