/**
 * The client with a transport that plays a script, a clock on which waiting costs nothing, and no circuit breaker: for what
 * the client does about answers, one call at a time.
 */
import { createAccess } from '../../src/http/access.ts'
import { createCalls, createSigner } from '../../src/http/call.ts'
import { TransportError } from '../../src/http/errors.ts'
import { createMemoryQuota } from '../../src/http/limiter-state.ts'
import { createRateLimiter } from '../../src/http/rate-limiter.ts'
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
  const signer = createSigner({ accessKey: 'access', secretKey: 'secret' }, clock)
  const sent: Sent[] = []
  const intents: number[] = []
  let throttled = 0
  const changes = [...updates]
  const left = { post: changes, delete: changes, get: [...reads] }
  const transport = {
    exchange(request: SignedRequest): Promise<ApiResponse> {
      sent.push({ at: clock.now(), request })
      const step = left[request.method].shift()
      if (step === undefined) throw new Error(`the script holds no further answer to ${request.method}`)
      return step instanceof TransportError ? Promise.reject(step) : Promise.resolve(step)
    },
    close: () => Promise.resolve(),
  }
  const limiter = createRateLimiter({
    quota: createMemoryQuota(windows, clock),
    windows,
    concurrency: 4,
    clock,
    random: () => 0,
    longestMs: 30 * 60_000,
    stop() {},
    onSuccess() {},
    onFailure() {},
    onThrottled: () => throttled++,
  })
  const calls = createCalls({
    limiter,
    signer,
    transport,
    intend(request) {
      intents.push(request.row)
      return Promise.resolve()
    },
    concurrency: 4,
    hasWindows: true,
  })
  return {
    parts: {
      calls,
      limiter,
      signer,
      access: createAccess({ calls, signer, limiter }),
      clock,
      random: () => 0.5,
    },
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
    operation: 'update_customer',
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
    sends: Object.keys(patch),
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
export const proxyAuth = new TransportError('proxy_auth', 'proxy_http_407')

export function times<Value>(count: number, value: Value): Value[] {
  return Array.from({ length: count }, () => value)
}
