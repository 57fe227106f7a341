/**
 * The API without its network: rate limit, authentication, idempotency and routes, in this order, and the faults between them.
 * It is synchronous: a request is finished before the next one is handled.
 */
import { canned, isCanned, refusal, success, tooManyRequests } from './answers.ts'
import type { Answer } from './answers.ts'
import { createAuthentication, createMemory } from './authentication.ts'
import type { Customers } from './customers.ts'
import { faultNames } from './faults.ts'
import type { Fault } from './faults.ts'
import type { RateWindow, SimulatorOptions } from './options.ts'
import { handle } from './routes.ts'
import type { Handled, SimulatedRequest } from './routes.ts'

interface Processed extends Handled {
  readonly replayed: boolean
  readonly fault: Fault | undefined
  readonly overLimit: boolean
}

interface Arrival {
  /** The server's clock, which a fault may change. */
  readonly wallMs: number
  /** Monotonic. */
  readonly nowMs: number
}

type Api = (request: SimulatedRequest, fault: Fault | undefined, arrival: Arrival) => Processed

const untouched = { replayed: false, fault: undefined, overLimit: false } as const
const noAnswer: Answer = { status: 0, contentType: '', body: '', errorCode: '' }

export function createApi(options: Required<SimulatorOptions>, customers: Customers): Api {
  const { limitBody, retryAfter, idempotency } = options
  const firewall = createFirewall(options.windows)
  const authenticate = createAuthentication(options)
  const firstAnswers = createMemory<Answer>(firstAnswerMs, mostFirstAnswers)

  /** After the firewall. `instead` replaces the call itself. */
  function process(request: SimulatedRequest, { wallMs, nowMs }: Arrival, instead?: Answer): Processed {
    const refused = authenticate(request, wallMs, nowMs)
    if (refused !== undefined) return { ...untouched, answer: refused }
    const isKept = idempotency === 'all-post' && request.method === 'POST'
    const key = isKept ? String(request.headers['idempotency'] ?? '') : ''
    const first = key === '' ? undefined : firstAnswers.recall(key, nowMs)
    if (first !== undefined) return { ...untouched, answer: first, replayed: true }
    const handled =
      instead === undefined ? handle(request.route, request.text, customers) : { answer: instead }
    if (key !== '') firstAnswers.remember(key, handled.answer, nowMs)
    return { ...untouched, ...handled }
  }

  return (request, fault, arrival) => {
    if (fault?.name === 'refuse') return { ...untouched, answer: noAnswer, fault }
    const blockedMs = firewall(arrival.nowMs)
    if (blockedMs > 0) {
      const answer = tooManyRequests(limitBody, retryAfter ? blockedMs : undefined)
      return { ...untouched, answer, overLimit: true }
    }
    if (request.tooLarge) return { ...untouched, answer: canned('too-large') }
    if (fault === undefined) return process(request, arrival)
    const answer = faultAnswer(fault, request, limitBody)
    if (fault.name === '500-kept') return process(request, arrival, answer)
    if (!faultNames[fault.name].applies) return { ...untouched, answer: answer ?? noAnswer, fault }
    const processed = process(request, arrival)
    return { ...processed, answer: answer ?? processed.answer, fault }
  }
}

/** What a fault answers. Returns undefined if it only damages an answer, or gives none. */
function faultAnswer(
  { name, argumentMs }: Fault,
  { route }: SimulatedRequest,
  limitBody: 'html' | 'json',
): Answer | undefined {
  if (name === '429') return tooManyRequests(limitBody, argumentMs === 0 ? undefined : argumentMs)
  if (name === 'huge-200') return success({ padding: 'x'.repeat(2 ** 21) })
  if (name === 'wrong-id') return success({ id: `cus_${'0'.repeat(31)}1` })
  if (name === 'not-found' && route.call === 'retrieve') return refusal(400, 'ERROR_GET_CUSTOMER')
  return isCanned(name) ? canned(name) : undefined
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
type Firewall = (nowMs: number) => number

export function createFirewall(windows: readonly RateWindow[]): Firewall {
  const counters = windows.map(createCounter)
  return (nowMs) => {
    let blockedMs = 0
    for (const count of counters) blockedMs = Math.max(blockedMs, count(nowMs))
    return blockedMs
  }
}

function createCounter({ limit, perMs, blockMs }: RateWindow): Firewall {
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
