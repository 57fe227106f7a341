/**
 * A Rapyd that applies some updates late: it answers with an error, breaks off or stays silent, and the update arrives up to a
 * minute after that. It keeps what customers hold, appends addresses, and logs what it applied. Time is the caller's.
 */
import { envelope } from '../acceptance/support/rapyd-server.ts'

export const lateKinds = [
  'gateway_504',
  'error_500',
  'page_503',
  'busy_503',
  'reset',
  'silence',
  'timeout_408',
  'conflict_409',
  'early_425',
  'unreadable_200',
  'cut_200',
  'empty_204',
] as const

/** Of a 429 nothing is applied. */
export type LateKind = (typeof lateKinds)[number] | 'limit_429'

/** What an update meets. `lateMs`: so long after the answer it is applied; infinity for never. */
export interface Fault {
  readonly kind: LateKind
  readonly lateMs: number
}

export interface Answered {
  readonly status: number
  readonly body: string
}

/** What the client gets: an answer, or nothing at once, or nothing at all. */
export type Reply = Answered | 'reset' | 'silence'

export interface Application {
  readonly at: number
  readonly customerId: string
  readonly body: string
  readonly isLate: boolean
}

export interface LateServerParts {
  readonly now: () => number
  /** Decides about the update of a customer that arrives as the `attempt`-th, from 1. Undefined: it is applied and confirmed. */
  readonly faultOf: (customerId: string, attempt: number) => Fault | undefined
  /** So long after an attempt began its client gives up, if it gets no answer. */
  readonly silenceMs: number
}

export type LateServer = ReturnType<typeof createLateServer>

const page = '<html>Service Unavailable</html>'

function replyTo(kind: LateKind): Reply {
  switch (kind) {
    case 'gateway_504':
      return { status: 504, body: '<html>Gateway Timeout</html>' }
    case 'error_500':
      return { status: 500, body: envelope('ERROR', 'INTERNAL').replace('"operation"', '""') }
    case 'limit_429':
      return { status: 429, body: '<html>Slow down</html>' }
    case 'page_503':
      return { status: 503, body: page }
    case 'busy_503':
      return { status: 503, body: envelope('ERROR', 'BUSY') }
    case 'timeout_408':
      return { status: 408, body: '' }
    case 'conflict_409':
      return { status: 409, body: envelope('ERROR', 'CONFLICT') }
    case 'early_425':
      return { status: 425, body: envelope('ERROR', 'TOO_EARLY') }
    case 'unreadable_200':
      return { status: 200, body: page }
    case 'cut_200':
      return { status: 200, body: envelope('SUCCESS', '', { name: 'A' }).slice(0, 60) }
    case 'empty_204':
      return { status: 204, body: '' }
    case 'reset':
    case 'silence':
      return kind
    default:
      return kind satisfies never
  }
}

export function createLateServer({ now, faultOf, silenceMs }: LateServerParts) {
  const customers = new Map<string, Record<string, unknown>>()
  const attempts = new Map<string, number>()
  const applied: Application[] = []
  const reads: { readonly at: number; readonly customerId: string }[] = []
  const updates: { readonly at: number; readonly customerId: string; readonly body: string }[] = []
  let pending: { readonly at: number; readonly apply: () => void }[] = []

  function apply(customerId: string, body: string, isLate: boolean): void {
    const held = customers.get(customerId) ?? {}
    const patch: Record<string, unknown> = body === '' ? { coupon: '' } : JSON.parse(body)
    const { addresses, coupon, ...plain } = patch
    const known = Array.isArray(held['addresses']) ? held['addresses'] : []
    customers.set(customerId, {
      ...held,
      ...plain,
      ...(Array.isArray(addresses) ? { addresses: [...known, ...addresses] } : {}),
      ...(coupon === undefined ? {} : { discount: coupon === '' ? null : { coupon: { id: coupon } } }),
    })
    applied.push({ at: now(), customerId, body, isLate })
  }

  /** Applies what is due until now. Call before time is looked at from outside. */
  function arrive(until = now()): void {
    const due = pending.filter(({ at }) => at <= until).sort((one, other) => one.at - other.at)
    pending = pending.filter(({ at }) => at > until)
    for (const one of due) one.apply()
  }

  function customer(customerId: string): Record<string, unknown> {
    const empty = { name: '', description: '', metadata: {}, addresses: [], discount: null }
    return { id: customerId, ...empty, ...customers.get(customerId) }
  }

  function update(customerId: string, body: string): Reply {
    updates.push({ at: now(), customerId, body })
    const attempt = (attempts.get(customerId) ?? 0) + 1
    attempts.set(customerId, attempt)
    const fault = faultOf(customerId, attempt)
    if (fault === undefined) {
      apply(customerId, body, false)
      const data = body === '' ? { id: 'dis_1', deleted: true } : customer(customerId)
      return { status: 200, body: envelope('SUCCESS', '', data) }
    }
    const { kind, lateMs } = fault
    const at = now() + (kind === 'silence' ? silenceMs : 0) + lateMs
    if (Number.isFinite(at)) pending.push({ at, apply: () => apply(customerId, body, true) })
    return replyTo(kind)
  }

  return {
    /** One request: its method and its path decide. */
    receive(method: string, path: string, body: string): Reply {
      arrive()
      const customerId = path.split('?')[0]?.split('/')[3] ?? ''
      if (method.toLowerCase() !== 'get') return update(customerId, body)
      if (customerId !== '') reads.push({ at: now(), customerId })
      return {
        status: 200,
        body: envelope('SUCCESS', '', customerId === '' ? [] : customer(customerId)),
      }
    },
    arrive,
    customer,
    applied,
    reads,
    updates,
  }
}
