/**
 * The API without its network: rate limit, authentication, idempotency and calls, in this order, and the faults between them.
 * It is synchronous: a request is finished before the next one is handled.
 */
import { randomUUID } from 'node:crypto'
import { isJsonObject, parseJson, type JsonValue } from '../model/json.ts'
import {
  canned,
  isCanned,
  noAnswer,
  refusal,
  success,
  tooManyRequests,
  type Answer,
  type ChangeEvent,
} from './answers.ts'
import { createAuthentication, createMemory, type ReceivedRequest } from './authentication.ts'
import type { Customers } from './customers.ts'
import { faultNames, type Fault } from './faults.ts'
import type { RateWindow, SimulatorOptions } from './options.ts'

interface Handled {
  readonly answer: Answer
  /** Present if the call was applied. */
  readonly event?: ChangeEvent
  /** The first answer to its idempotency key was replayed. */
  readonly replayed?: true
  /** The rate limit refused it. */
  readonly overLimit?: true
  /** The fault that damages the answer. */
  readonly fault?: Fault
}

interface Arrival {
  /** The server's clock, which a fault may change. */
  readonly wallMs: number
  /** Monotonic. */
  readonly nowMs: number
}

export function createApi(options: Required<SimulatorOptions>, customers: Customers) {
  const { limitBody, idempotency, maxBody } = options
  const firewall = createFirewall(options.windows)
  const authenticate = createAuthentication(options)
  const firstAnswers = createMemory<Answer>(firstAnswerMs, mostFirstAnswers)

  /** After the firewall. `instead` replaces the call itself. */
  function process(request: ReceivedRequest, { wallMs, nowMs }: Arrival, instead?: Answer): Handled {
    const refused = authenticate(request, wallMs, nowMs)
    if (refused !== undefined) return { answer: refused }
    const isKept = idempotency === 'all-post' && request.method === 'POST'
    const key = isKept ? String(request.headers['idempotency'] ?? '') : ''
    const first = key === '' ? undefined : firstAnswers.recall(key, nowMs)
    if (first !== undefined) return { answer: first, replayed: true }
    const handled = instead === undefined ? handle(request, customers) : { answer: instead }
    if (key !== '') firstAnswers.remember(key, handled.answer, nowMs)
    return handled
  }

  return (request: ReceivedRequest, fault: Fault | undefined, arrival: Arrival): Handled => {
    if (fault?.name === 'refuse') return { answer: noAnswer, fault }
    if (firewall(arrival.nowMs) > 0) return { answer: tooManyRequests(limitBody), overLimit: true }
    if (request.body.length > maxBody) return { answer: canned('too-large') }
    if (fault === undefined) return process(request, arrival)
    const answer = faultAnswer(fault, request, limitBody)
    if (fault.name === '500-kept') return process(request, arrival, answer)
    if (!faultNames[fault.name].applies) return { answer: answer ?? noAnswer, fault }
    const processed = process(request, arrival)
    return { ...processed, answer: answer ?? processed.answer, fault }
  }
}

/** What a fault answers. Returns undefined if it only damages an answer, or gives none. */
function faultAnswer(
  { name, argumentMs }: Fault,
  { method, customerId }: ReceivedRequest,
  limitBody: 'html' | 'json',
): Answer | undefined {
  if (name === '429') return tooManyRequests(limitBody, argumentMs === 0 ? undefined : argumentMs)
  if (name === 'huge-200') return success({ padding: 'x'.repeat(2 ** 21) })
  if (name === 'wrong-id') return success({ id: `cus_${'0'.repeat(31)}1` })
  if (name === 'not-found' && method === 'GET' && customerId !== '') return refusal(400, 'ERROR_GET_CUSTOMER')
  return isCanned(name) ? canned(name) : undefined
}

const customersPath = '/v1/customers'

/** The customer that a path names, even if there is none such. Ids are not decoded: one that needs escaping is not well formed. */
export function customerIn(path: string): string {
  return /^\/v1\/customers\/([^/?]+)/.exec(path)?.[1] ?? ''
}

/**
 * The calls that exist. Every other path or method is, as documented, 401 `UNAUTHORIZED_API_CALL` with an empty message; that
 * includes an empty customer id.
 */
function handle({ method, path, customerId: id, text }: ReceivedRequest, customers: Customers): Handled {
  const [place = '', query = ''] = path.split(/\?(.*)/s, 2)
  const form = id === '' ? place : `${customersPath}/<id>${place.slice(customersPath.length + 1 + id.length)}`
  switch (`${method} ${form}`) {
    case 'POST /v1/customers/<id>':
      return update(id, text, customers)
    case 'GET /v1/customers/<id>': {
      const customer = customers.find(id)
      return { answer: customer === undefined ? refusal(400, 'ERROR_GET_CUSTOMER') : success(customer) }
    }
    case 'GET /v1/customers':
      return { answer: list(query, customers) }
    case 'DELETE /v1/customers/<id>/discount': {
      if (customers.find(id) === undefined) return { answer: refusal(400, 'INVALID_CUSTOMER_ID') }
      const discount = customers.deleteDiscount(id)
      if (discount === undefined) return { answer: refusal(400, 'ERROR_DELETE_CUSTOMER_DISCOUNT') }
      return applied('CUSTOMER_DISCOUNT_DELETED', { id: discount, deleted: true })
    }
    default:
      return { answer: canned('not-here-401') }
  }
}

function applied(type: ChangeEvent['type'], data: JsonValue): Handled {
  const operationId = randomUUID()
  return { answer: success(data, operationId), event: { type, data, operationId } }
}

function update(id: string, body: string, customers: Customers): Handled {
  const patch = body === '' ? {} : parseJson(body)
  // No code is documented for either. Clients have seen a bare string for malformed bodies.
  if (patch === undefined) return { answer: canned('malformed') }
  if (!isJsonObject(patch)) return { answer: refusal(400, 'MISSING_INVALID_PARAMETERS') }
  const refusedWith = customers.update(id, patch)
  if (refusedWith !== undefined) return { answer: refusedWith }
  return applied('CUSTOMER_UPDATED', customers.find(id) ?? {})
}

function list(query: string, customers: Customers): Answer {
  const parameters = new URLSearchParams(query)
  const limit = parameters.get('limit') ?? '10'
  if (!/^\d{1,3}$/.test(limit) || Number(limit) < 1 || Number(limit) > 100)
    return refusal(400, 'INVALID_LIMIT')
  const found = customers.list({
    limit: Number(limit),
    startingAfter: parameters.get('starting_after') ?? undefined,
    endingBefore: parameters.get('ending_before') ?? undefined,
  })
  return found === undefined ? refusal(400, 'ERROR_GET_CUSTOMER') : success(found)
}

/**
 * With `all-post`, first answers are replayed, as Rapyd does for every POST once its support has enabled that: for 24 hours, with
 * one namespace for the account, comparing only the key and never the body. Whether it keeps errors too is unknown: they are kept.
 */
const firstAnswerMs = 24 * 60 * 60 * 1000
const mostFirstAnswers = 200_000

/**
 * The rate windows of the firewall. Counts a request at `nowMs` (monotonic) and returns how long it is blocked, in ms; 0 if it
 * passes. A client exceeds a window if more than `limit` requests arrive within any `perMs`. Refused requests count too.
 *
 * Choices for what Rapyd does not document: a `'window'` block ends with the current fixed window, counted from the first
 * request on. The end of a block resets the count of that window.
 */
export function createFirewall(windows: readonly RateWindow[]): (nowMs: number) => number {
  const counters = windows.map(createCounter)
  return (nowMs) => Math.max(0, ...counters.map((count) => count(nowMs)))
}

function createCounter({ limit, perMs, blockMs }: RateWindow): (nowMs: number) => number {
  let arrivals: number[] = []
  let firstAt: number | undefined
  let blockedUntil = -Infinity

  function blockEnd(nowMs: number, start: number): number {
    if (blockMs !== 'window') return nowMs + blockMs
    return start + (Math.floor((nowMs - start) / perMs) + 1) * perMs
  }

  return (nowMs) => {
    firstAt ??= nowMs
    if (nowMs < blockedUntil) return blockedUntil - nowMs
    while (nowMs - (arrivals[0] ?? nowMs) >= perMs) arrivals.shift()
    if (arrivals.push(nowMs) <= limit) return 0
    arrivals = []
    blockedUntil = blockEnd(nowMs, firstAt)
    return blockedUntil - nowMs
  }
}
