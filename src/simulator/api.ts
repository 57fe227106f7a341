/**
 * The API without its network: rate limit, authentication, idempotency and routes, in this order, and the faults between them.
 * It is synchronous: a request is finished before the next one is handled.
 */
import { page, plainJson, tooManyRequests } from './answers.ts'
import type { Answer, Wire } from './answers.ts'
import { createAuthentication } from './authentication.ts'
import type { Customers } from './customers.ts'
import { findEffect } from './fault-effects.ts'
import type { FaultEffect } from './fault-effects.ts'
import type { Draw } from './faults.ts'
import type { RateWindow, SimulatorOptions } from './options.ts'
import { handle } from './routes.ts'
import type { Handled, SimulatedRequest } from './routes.ts'

interface Processed extends Handled {
  readonly wire: Wire
  readonly replayed: boolean
  /** True if the firewall refused it for its rate. */
  readonly overLimit: boolean
}

interface Arrival {
  /** The server's clock, which a fault may change. */
  readonly wallMs: number
  /** Monotonic. */
  readonly nowMs: number
}

type Api = (request: SimulatedRequest, draw: Draw, arrival: Arrival) => Processed

const untouched = { wire: 'whole', replayed: false, overLimit: false } as const

export function createApi(options: Required<SimulatorOptions>, customers: Customers): Api {
  const { limitBody, retryAfter, idempotency } = options
  const firewall = createFirewall(options.windows)
  const authenticate = createAuthentication(options)
  const firstAnswers = idempotency === 'all-post' ? createFirstAnswers() : undefined

  /** After the firewall. `instead` replaces the call itself. */
  function process(request: SimulatedRequest, { wallMs, nowMs }: Arrival, instead?: Answer): Processed {
    const refused = authenticate(request, wallMs, nowMs)
    if (refused !== undefined) return { ...untouched, answer: refused }
    const key = request.method === 'POST' ? String(request.headers['idempotency'] ?? '') : ''
    const first = key === '' ? undefined : firstAnswers?.recall(key, nowMs)
    if (first !== undefined) return { ...untouched, answer: first, replayed: true }
    const handled =
      instead === undefined ? handle(request.route, request.text, customers) : { answer: instead }
    if (key !== '') firstAnswers?.remember(key, handled.answer, nowMs)
    return { ...untouched, ...handled }
  }

  return (request, draw, arrival) => {
    const effect: FaultEffect | undefined = draw.fault && findEffect(draw.fault, request.route, limitBody)
    if (effect?.wire === 'close') return { ...untouched, answer: plainJson(0, ''), wire: 'close' }
    const blockedMs = firewall(arrival.nowMs)
    if (blockedMs > 0) {
      const answer = tooManyRequests(limitBody, retryAfter ? blockedMs : undefined)
      return { ...untouched, answer, overLimit: true }
    }
    if (request.tooLarge) return { ...untouched, answer: page(413, 'Payload Too Large') }
    if (effect?.stage === 'before')
      return { ...untouched, answer: effect.answer ?? plainJson(0, ''), wire: effect.wire }
    const instead = effect?.stage === 'kept' ? effect.answer : undefined
    const processed = process(request, arrival, instead)
    if (effect?.stage !== 'after') return processed
    return { ...processed, answer: effect.change(processed.answer), wire: effect.wire }
  }
}

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
  // A ring of the newest `limit` arrivals: the slot about to be overwritten holds the one `limit` requests ago.
  const arrivals = new Float64Array(Math.max(1, limit)).fill(-Infinity)
  let next = 0
  let firstAt: number | undefined
  let blockedUntil = -Infinity

  function blockEnd(nowMs: number, start: number): number {
    if (blockMs !== 'window') return nowMs + blockMs
    return start + (Math.floor((nowMs - start) / perMs) + 1) * perMs
  }

  return (nowMs) => {
    firstAt ??= nowMs
    if (nowMs < blockedUntil) return blockedUntil - nowMs
    if (blockedUntil !== -Infinity) {
      arrivals.fill(-Infinity)
      blockedUntil = -Infinity
    }
    const over = limit < 1 || nowMs - (arrivals[next] ?? -Infinity) < perMs
    arrivals[next] = nowMs
    next = (next + 1) % arrivals.length
    if (!over) return 0
    blockedUntil = blockEnd(nowMs, firstAt)
    return blockedUntil - nowMs
  }
}

/**
 * Replays first answers, as Rapyd does for every POST once its support has enabled that: for 24 hours, with one namespace for
 * the account, comparing only the key and never the body. By default it is off: customer calls ignore the header.
 */
interface FirstAnswers {
  /** Returns the first answer to this key, with its operation id, or undefined. */
  recall(key: string, nowMs: number): Answer | undefined
  /** Stores the first answer. Whether Rapyd stores errors too is unknown, so they are stored. */
  remember(key: string, answer: Answer, nowMs: number): void
}

const retentionMs = 24 * 60 * 60 * 1000

/** `most` is the number of answers to store; the oldest are dropped first. */
export function createFirstAnswers(most = 200_000): FirstAnswers {
  const kept = new Map<string, { readonly answer: Answer; readonly until: number }>()
  return {
    recall(key, nowMs) {
      const found = kept.get(key)
      if (found === undefined || found.until > nowMs) return found?.answer
      kept.delete(key)
      return undefined
    },
    remember(key, answer, nowMs) {
      if (kept.has(key)) return
      kept.set(key, { answer, until: nowMs + retentionMs })
      if (kept.size <= most) return
      const oldest = kept.keys().next()
      if (!oldest.done) kept.delete(oldest.value)
    },
  }
}
