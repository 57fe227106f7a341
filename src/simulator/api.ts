/**
 * The API without its network: rate limit, authentication, idempotency and routes, in this order, and the faults
 * between them. Synchronous: what a request does is done before the next one is looked at.
 */
import { page, plainJson, tooManyRequests } from './answers.ts'
import type { Answer } from './answers.ts'
import { createAuthentication } from './authentication.ts'
import type { Customers } from './customers.ts'
import { effectOf } from './fault-effects.ts'
import type { Effect, Wire } from './fault-effects.ts'
import type { Draw } from './fault-plan.ts'
import { createFirstAnswers } from './idempotency.ts'
import { createFirewall } from './limits.ts'
import type { SimulatorOptions } from './options.ts'
import { handle } from './routes.ts'
import type { SimulatedRequest } from './routes.ts'

export interface Processed {
  readonly answer: Answer
  readonly wire: Wire
  readonly applied: boolean
  readonly replayed: boolean
  /** True where the firewall refused it for its rate. */
  readonly overLimit: boolean
}

/** `wallMs` is the server's clock, which may be wrong; `nowMs` is monotonic. */
export type Api = (request: SimulatedRequest, draw: Draw, wallMs: number, nowMs: number) => Processed

const untouched = { wire: 'whole', applied: false, replayed: false, overLimit: false } as const

export function createApi(options: Required<SimulatorOptions>, customers: Customers): Api {
  const { limitBody, retryAfter, idempotency } = options
  const firewall = createFirewall(options.windows)
  const authenticate = createAuthentication(options)
  const firstAnswers = idempotency === 'all-post' ? createFirstAnswers() : undefined

  /** Behind the firewall. `instead` takes the place of the call itself. */
  function process(request: SimulatedRequest, wallMs: number, nowMs: number, instead?: Answer): Processed {
    const refused = authenticate(request, wallMs, nowMs)
    if (refused !== undefined) return { ...untouched, answer: refused }
    const key = request.method === 'POST' ? String(request.headers['idempotency'] ?? '') : ''
    const first = key === '' ? undefined : firstAnswers?.recall(key, nowMs)
    if (first !== undefined) return { ...untouched, answer: first, replayed: true }
    const { answer, applied } =
      instead === undefined
        ? handle(request.route, request.text, customers)
        : { answer: instead, applied: false }
    if (key !== '') firstAnswers?.remember(key, answer, nowMs)
    return { ...untouched, answer, applied }
  }

  return (request, draw, wallMs, nowMs) => {
    const effect: Effect | undefined = draw.fault && effectOf(draw.fault, request.route, limitBody)
    if (effect?.wire === 'close') return { ...untouched, answer: plainJson(0, ''), wire: 'close' }
    const blockedMs = firewall(nowMs)
    if (blockedMs > 0) {
      const answer = tooManyRequests(limitBody, retryAfter ? blockedMs : undefined)
      return { ...untouched, answer, overLimit: true }
    }
    if (request.tooLarge) return { ...untouched, answer: page(413, 'Payload Too Large') }
    if (effect?.stage === 'before')
      return { ...untouched, answer: effect.answer ?? plainJson(0, ''), wire: effect.wire }
    const instead = effect?.stage === 'kept' ? effect.answer : undefined
    const processed = process(request, wallMs, nowMs, instead)
    if (effect?.stage !== 'after') return processed
    return { ...processed, answer: effect.change(processed.answer), wire: effect.wire }
  }
}
