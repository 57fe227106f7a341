/**
 * Carries out one call: attempts with p-retry's loop and our delays, answers read by `classify`, doubt settled by reading
 * the customer back. Every fate becomes an outcome; only what stops the whole run is thrown.
 */
import pRetry from 'p-retry'
import type { UpdateRequest } from '../domain/request.ts'
import { BulkUpdateError } from '../errors.ts'
import type { ApiResponse, Clock, Deliver } from '../pipeline/ports.ts'
import { classify } from '../rapyd/response.ts'
import type { Answer } from '../rapyd/response.ts'
import { backoffMs, mostAttempts, pauseMs } from './backoff.ts'
import type { Calls } from './call.ts'
import type { Limiter, Window } from './limiter.ts'
import { outcomeOf, rejection, retry, TryAgain, updated } from './course.ts'
import type { Course, Ending } from './course.ts'
import { compareWith } from './read-back.ts'
import type { Finding } from './read-back.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'
import { TransportError } from './transport.ts'

export interface SenderParts {
  readonly calls: Calls
  readonly limiter: Limiter
  readonly windows: readonly Window[]
  readonly signer: Signer
  readonly clock: Clock
  readonly random: () => number
  /** Rows with an intent of an earlier session and without an outcome. */
  readonly inDoubt: ReadonlyMap<number, number>
  /** Counts answers that throttled us. */
  readonly onThrottled: () => void
}

export function createSender(parts: SenderParts): Deliver {
  const { calls, limiter, signer, clock } = parts
  let throttledAt = Number.NEGATIVE_INFINITY

  async function readBack(request: UpdateRequest, signal: AbortSignal): Promise<Finding> {
    for (let failed = 1; failed < mostAttempts; failed++) {
      try {
        const response = await calls.retrieve(request.customerId, signal)
        const page = response.status === 429 || response.status >= 500
        if (!page) return compareWith(request, response)
        if (response.status === 429) throttle(response)
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
      }
      await clock.sleep(backoffMs(failed, parts.random()), signal)
    }
    return 'cannot_tell'
  }

  function throttle(response: ApiResponse): void {
    parts.onThrottled()
    const now = clock.now()
    const repeated = now - throttledAt < 2 * Math.max(60_000, ...parts.windows.map((window) => window.perMs))
    const retryAfter = String(response.headers['retry-after'] ?? '')
    if (limiter.pausedForMs === 0) limiter.pause(pauseMs(retryAfter, clock.wall(), repeated, parts.windows))
    throttledAt = now
  }

  /** One attempt that counts. Throttled and re-signed requests are repeated here, free of charge. */
  async function attempt(request: UpdateRequest, course: Course, signal: AbortSignal): Promise<Ending> {
    for (;;) {
      if (course.doubt && !request.repeatable) {
        const finding = await readBack(request, signal)
        if (finding === 'applied') return updated
        if (finding === 'cannot_tell')
          return {
            outcome: 'unknown',
            code: 'E_NOT_IDEMPOTENT',
            message: 'may have been applied; not sent twice',
          }
      }
      let response: ApiResponse
      try {
        response = await calls.update(request, signal)
        course.attempts++
      } catch (error) {
        if (!(error instanceof TransportError)) throw error
        course.attempts++
        if (error.phase === 'tls') throw stopError('E_TLS', error.reason)
        course.code = 'E_NETWORK'
        if (error.phase === 'ambiguous') {
          course.doubt = true
          course.answered = false
        }
        throw retry(course, error.reason)
      }
      course.httpStatus = response.status
      const answer = classify(response, request.customerId)
      if ('operationId' in answer) course.operationId = answer.operationId
      const ending = follow(answer, response, course)
      if (ending !== undefined) return unlessApplied(ending, request, course, signal)
    }
  }

  /** A refusal may be the echo of an earlier attempt that was applied and whose answer was lost: "already assigned". */
  async function unlessApplied(
    ending: Ending,
    request: UpdateRequest,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending> {
    if (ending.outcome !== 'rejected' || !course.doubt) return ending
    return (await readBack(request, signal)) === 'applied' ? updated : ending
  }

  function follow(answer: Answer, response: ApiResponse, course: Course): Ending | undefined {
    switch (answer.kind) {
      case 'updated':
        return updated
      case 'rejected':
        return rejection(answer.code, answer.apiCode, answer.field, response.status)
      case 'ambiguous':
        course.doubt = true
        course.code = answer.code
        throw retry(course, answer.reason)
      case 'throttled':
        course.attempts--
        course.retries.push('throttled')
        throttle(response)
        return undefined
      case 'resign':
        return resign(answer.why, response, course)
      case 'stop':
        throw stopError(answer.code, answer.operationId)
      default:
        return answer satisfies never
    }
  }

  function resign(
    why: 'clock' | 'salt' | 'signature',
    response: ApiResponse,
    course: Course,
  ): Ending | undefined {
    const offset = why === 'salt' ? 0 : signer.correctClock(response)
    if (why === 'clock' && Math.abs(offset ?? Number.POSITIVE_INFINITY) > 300_000)
      throw stopError('E_CLOCK', String(offset ?? ''))
    course.resigned++
    if (course.resigned === 1) {
      course.attempts--
      course.retries.push(`resigned_${why}`)
      return undefined
    }
    if (why === 'signature' && everUpdated) {
      return {
        outcome: 'rejected',
        code: 'E_SIGNATURE_ROW',
        message: 'Rapyd refuses the signature of this row alone',
      }
    }
    throw stopError(why === 'clock' ? 'E_CLOCK' : 'E_AUTH', why)
  }

  let everUpdated = false

  /** The first attempt, and for the few rows that need more the loop with our delays. */
  async function attempts(request: UpdateRequest, course: Course, signal: AbortSignal): Promise<Ending> {
    try {
      return await attempt(request, course, signal)
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error
    }
    await clock.sleep(backoffMs(1, parts.random()), signal)
    return pRetry(() => attempt(request, course, signal), {
      retries: mostAttempts - 2,
      minTimeout: 0,
      maxTimeout: 0,
      shouldRetry: ({ error }) => error instanceof TryAgain,
      onFailedAttempt: ({ error, attemptNumber, retriesLeft }) =>
        error instanceof TryAgain && retriesLeft > 0
          ? clock.sleep(backoffMs(attemptNumber + 1, parts.random()), signal)
          : undefined,
    })
  }

  async function afterLastAttempt(
    request: UpdateRequest,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending> {
    if (!course.doubt)
      return { outcome: 'failed', code: course.code, message: 'no connection in any attempt' }
    const finding = await readBack(request, signal)
    if (finding === 'applied') return updated
    if (finding === 'different' && course.answered) {
      return {
        outcome: 'rejected',
        code: course.code,
        message: `Rapyd failed on every attempt (HTTP ${course.httpStatus}); reading back shows no change`,
      }
    }
    return {
      outcome: 'unknown',
      code: course.code,
      message: 'may have been applied; reading back could not settle it',
    }
  }

  return async (request, signal) => {
    if (signal.aborted) return undefined
    const course: Course = {
      attempts: 0,
      httpStatus: 0,
      operationId: '',
      code: 'E_NETWORK',
      doubt: parts.inDoubt.has(request.row),
      answered: true,
      resigned: 0,
      retries: [],
      startedAt: clock.now(),
    }
    if (course.doubt && request.repeatable && (await readBack(request, signal)) === 'applied') {
      return outcomeOf(request, course, updated, clock)
    }
    try {
      const ending = await attempts(request, course, signal)
      everUpdated ||= ending.outcome === 'updated'
      return outcomeOf(request, course, ending, clock)
    } catch (error) {
      if (error instanceof TryAgain)
        return outcomeOf(request, course, await afterLastAttempt(request, course, signal), clock)
      // A stop while the row waited for its turn: nothing was sent, and the row stays open.
      if (signal.aborted && course.attempts === 0 && !(error instanceof BulkUpdateError)) return undefined
      throw error
    }
  }
}
