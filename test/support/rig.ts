/**
 * Limiter, gate and signer for real, a transport that plays a script, and a clock on which waiting costs nothing: for
 * what the client does about answers, one call at a time.
 */
import { createCalls } from '../../src/http/call.ts'
import { createFoundRate } from '../../src/http/found-rate.ts'
import { createHealth } from '../../src/http/health.ts'
import { createLimiter } from '../../src/http/limiter.ts'
import { createMemoryQuota } from '../../src/http/memory-quota.ts'
import { createProof } from '../../src/http/proof.ts'
import { createSlots } from '../../src/http/slots.ts'
import { createThrottle } from '../../src/http/throttle.ts'
import { createSigner } from '../../src/http/signing.ts'
import { TransportError } from '../../src/http/transport-error.ts'
import type { UpdateRequest } from '../../src/model/row.ts'
import type { ApiResponse, Clock, SignedRequest } from '../../src/model/ports.ts'
import { envelope } from '../acceptance/support/rapyd-server.ts'

/** What one request meets. */
export type Step = ApiResponse | TransportError

export interface Script {
  /** Answers to updates, in order; one too few and the test fails. */
  readonly updates?: readonly Step[]
  /** Answers to reads of a customer or of the list. */
  readonly reads?: readonly Step[]
}

export const customerId = 'cus_d3ed65d5091a8398cc3651bcedec1201'
export const windows = [
  { limit: 100, perMs: 60_000 },
  { limit: 400, perMs: 300_000 },
]

interface Sent {
  readonly at: number
  readonly request: SignedRequest
}

export function createRig({ updates = [], reads = [] }: Script) {
  const clock = createEasyClock()
  const slots = createSlots(4, false)
  const found = createFoundRate(clock)
  const limiter = createLimiter({ quota: createMemoryQuota(windows, clock), slots, found, clock })
  const signer = createSigner({ accessKey: 'access', secretKey: 'secret' }, clock)
  const sent: Sent[] = []
  const intents: number[] = []
  let throttled = 0
  const left = { post: [...updates], get: [...reads] }
  const transport = {
    exchange(request: SignedRequest): Promise<ApiResponse> {
      sent.push({ at: clock.now(), request })
      const step = left[request.method].shift()
      if (step === undefined) throw new Error(`the script holds no further answer to ${request.method}`)
      return step instanceof TransportError ? Promise.reject(step) : Promise.resolve(step)
    },
    close: () => Promise.resolve(),
  }
  const stops: Error[] = []
  const throttle = createThrottle({
    limiter,
    found,
    windows,
    clock,
    random: () => 0,
    longestMs: 30 * 60_000,
    onThrottled: () => throttled++,
    stop: (error) => stops.push(error),
  })
  const health = createHealth({
    throttle,
    slots,
    found,
    isPaused: () => limiter.pausedForMs > 0,
    outage: { failed() {}, succeeded() {} },
  })
  const calls = createCalls({
    limiter,
    signer,
    transport,
    intend(request) {
      intents.push(request.row)
      return Promise.resolve()
    },
    health,
    concurrency: 4,
    hasWindows: true,
  })
  return {
    parts: { calls, limiter, windows, signer, proof: createProof(slots), clock, random: () => 0.5 },
    throttled: () => throttled,
    clock,
    intents,
    sent,
    of: (method: 'get' | 'post') => sent.filter(({ request }) => request.method === method),
    /** Steps that nobody asked for. */
    unused: () => [...left.post, ...left.get],
  }
}

export interface EasyClock extends Clock {
  /** Every wait that was asked for, in ms. */
  readonly sleeps: number[]
}

/** A clock that jumps over every wait. */
export function createEasyClock(): EasyClock {
  let now = 0
  const sleeps: number[] = []
  return {
    sleeps,
    now: () => now,
    wall: () => 1_700_000_000_000 + now,
    sleep(ms) {
      sleeps.push(ms)
      now += ms
      return Promise.resolve()
    },
  }
}

export function updateOf(patch: Readonly<Record<string, unknown>>): UpdateRequest {
  return {
    row: 7,
    line: 8,
    offset: 100,
    length: 20,
    customerId,
    path: `/v1/customers/${customerId}`,
    body: JSON.stringify(patch),
    idempotencyKey: '0123456789abcdef0123456789abcdef',
    fields: Object.keys(patch).join(';'),
    cleared: '',
    repeatable: !('coupon' in patch || 'addresses' in patch),
  }
}

/** Rapyd's success, about this customer. */
export function success(customer: Readonly<Record<string, unknown>> = {}): ApiResponse {
  return response(200, envelope('SUCCESS', '', { id: customerId, ...customer }))
}

export function refusal(status: number, code: string, message = ''): ApiResponse {
  return response(status, envelope('ERROR', code, undefined, message))
}

export function response(status: number, body: string, headers: ApiResponse['headers'] = {}): ApiResponse {
  return { status, headers, body, tookMs: 12 }
}

export const notSent = new TransportError('not_sent', 'ECONNREFUSED')
export const lost = new TransportError('ambiguous', 'ECONNRESET')
export const badCertificate = new TransportError('tls', 'CERT_HAS_EXPIRED')

export function times<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value)
}
