/**
 * A Rapyd of virtual time: customers that keep their state, windows with blocks, outages, and faults from one seed. What it
 * applied, and when, is the truth that a run is judged by.
 */
import { TransportError } from '../../src/http/errors.ts'
import type { ApiResponse, Clock, SignedRequest } from '../../src/model/ports.ts'
import { envelope } from '../acceptance/support/rapyd-server.ts'
import type { Dice } from './dice.ts'
import type { Window } from '../../src/model/store.ts'

export interface Applied {
  readonly customerId: string
  readonly body: string
}

export interface VirtualServer {
  /** The wire: what a client's transport does. Goes on where the client was killed in the middle. */
  exchange(request: SignedRequest): Promise<ApiResponse>
  readonly applied: readonly Applied[]
  /** Requests so far. */
  readonly requests: number
  /** Requests above a window's limit. */
  readonly crossings: number
  /** Two updates of one customer at a time. */
  readonly overlaps: number
}

export interface ServerPlan {
  readonly windows: readonly Window[]
  /** Chance of each kind of fault. */
  readonly fault: number
  readonly outages: readonly { readonly from: number; readonly to: number }[]
}

const faults = [
  'reset_before',
  'reset_after',
  'http_500',
  'http_500_after',
  'http_503',
  'hang_after',
  'slow',
] as const

export function createVirtualServer(plan: ServerPlan, clock: Clock, dice: Dice): VirtualServer {
  const customers = new Map<string, Record<string, unknown>>()
  const applied: Applied[] = []
  const arrivals: number[] = []
  const busy = new Set<string>()
  let [requests, crossings, overlaps, blockedUntil] = [0, 0, 0, 0]

  function isOver(): boolean {
    const now = clock.now()
    arrivals.push(now)
    const isCrossed = plan.windows.some(
      ({ limit, perMs }) => now - (arrivals.at(-1 - limit) ?? Number.NEGATIVE_INFINITY) < perMs,
    )
    if (isCrossed) {
      crossings++
      blockedUntil = now + 60_000
    }
    return now < blockedUntil
  }

  function apply(customerId: string, body: string): void {
    const patch: Record<string, unknown> = JSON.parse(body)
    if ('coupon' in patch) patch['discount'] = { coupon: { id: patch['coupon'] } }
    customers.set(customerId, { ...customers.get(customerId), ...patch })
    applied.push({ customerId, body })
  }

  async function update(customerId: string, body: string): Promise<ApiResponse> {
    const fault = faults.find(() => dice.chance(plan.fault))
    if (fault === 'reset_before') throw new TransportError('ambiguous', 'ECONNRESET')
    if (fault === 'http_500') return answer(500, '')
    if (fault === 'http_503') return answer(503, envelope('ERROR', 'BUSY'))
    if (fault === 'slow') await clock.sleep(dice.roll(100, 900))
    apply(customerId, body)
    if (fault === 'hang_after') {
      await clock.sleep(30_000)
      throw new TransportError('ambiguous', 'timeout')
    }
    await clock.sleep(dice.roll(1, 60))
    if (fault === 'reset_after') throw new TransportError('ambiguous', 'ECONNRESET')
    if (fault === 'http_500_after') return answer(500, '')
    return answer(200, envelope('SUCCESS', '', { id: customerId, ...customers.get(customerId) }))
  }

  return {
    async exchange({ method, path, body }) {
      requests++
      await clock.sleep(dice.roll(1, 60))
      if (plan.outages.some(({ from, to }) => clock.now() >= from && clock.now() < to))
        throw new TransportError('not_sent', 'ECONNREFUSED')
      if (isOver()) return answer(429, '<html>slow down</html>')
      const customerId = path.split('/')[3] ?? ''
      if (method === 'get')
        return answer(
          200,
          envelope('SUCCESS', '', { id: customerId, ...emptyCustomer, ...customers.get(customerId) }),
        )
      if (busy.has(customerId)) overlaps++
      busy.add(customerId)
      try {
        return await update(customerId, body)
      } finally {
        busy.delete(customerId)
      }
    },
    applied,
    get requests() {
      return requests
    },
    get crossings() {
      return crossings
    },
    get overlaps() {
      return overlaps
    },
  }
}

function answer(status: number, body: string): ApiResponse {
  return { status, headers: {}, body, tookMs: 20 }
}

const emptyCustomer = { name: '', description: '', metadata: {}, addresses: [], discount: null }
