/**
 * One attempt of a call that counts: reads back what became of the one before it where that is in doubt, sends, and says how
 * the call ends or that it is to be made again.
 */
import type { UpdateRequest } from '../model/row.ts'
import type { ApiResponse } from '../model/ports.ts'
import { classify } from '../rapyd/response.ts'
import type { Verdict } from '../rapyd/response.ts'
import type { Calls } from './call.ts'
import { again, againForFree, confirmed, rejection, untilSettled } from './course.ts'
import type { Course, Ending, SettledTimeParts } from './course.ts'
import { createKeyCheck } from './key-check.ts'
import { createOwnBlock } from './own-block.ts'
import type { Proof } from './proof.ts'
import type { ReadBack } from './read-customer.ts'
import { retryAfterMs, TryAgain } from './retry.ts'
import type { Signer } from './signing.ts'
import { stopError } from './stop-error.ts'
import { lostRequest } from './transport-error.ts'

export interface AttemptParts extends SettledTimeParts {
  readonly calls: Calls
  readonly readBack: ReadBack
  readonly signer: Signer
  readonly proof: Proof
  /** Ends the run from a row that has an outcome of its own. */
  readonly stop: (error: Error) => void
}

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. */
export type Attempt = (
  request: UpdateRequest,
  course: Course,
  signal: AbortSignal,
) => Promise<Ending | TryAgain>

export function createAttempt(parts: AttemptParts): Attempt {
  const { calls, clock, readBack, proof } = parts
  const keys = createKeyCheck(parts)

  /** What became of the attempts before; nothing where it is to be sent. */
  async function lookBack(
    request: UpdateRequest,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending | TryAgain | undefined> {
    if (!course.doubt || course.isReadBack) return undefined
    await untilSettled(parts, request, course, signal)
    const finding = await readBack(request, signal, looks(request, course))
    if (finding === 'applied') return confirmed(course)
    if (finding !== 'different' && !request.repeatable) return notSentTwice
    // Sent again only after a read that was answered.
    if (finding === 'unanswered') return again(course, 'unread')
    course.unread ||= finding === 'cannot_tell'
    return undefined
  }

  /** What an answer means for the call. */
  async function follow(
    answer: Verdict,
    response: ApiResponse,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending | TryAgain> {
    switch (answer.kind) {
      case 'updated':
        keys.worked()
        proof.updated()
        return confirmed(course)
      case 'rejected':
        proof.refused(answer.code, response.status)
        return rejection(answer.code, answer.apiCode, answer.field, response.status)
      case 'ambiguous':
        if (isReplayed(answer, response, course))
          return rejection('E_SERVER_REPLAYED', '', '', response.status)
        course.doubt = true
        course.code = answer.code
        if (answersForAnother(response.status)) course.lostAt = clock.now()
        return again(course, answer.reason, Math.min(mostAskedMs, retryAfterMs(response, clock.wall())))
      case 'throttled': {
        const later = againForFree(course, 'throttled')
        course.isOwnBlock ??= createOwnBlock(calls)
        return (await course.isOwnBlock(signal)) ? ownBlock : later
      }
      case 'resign':
        return keys.resign(answer.why, response, course, signal)
      case 'stop':
        if (answer.code === 'E_AUTH') return keys.refused(answer.operationId, signal)
        // The run was stopped when the answer came; one about another customer proves nothing about this one.
        if (answer.code === 'E_WRONG_CUSTOMER') return namedAnother
        throw stopError(answer.code, answer.operationId)
      default:
        return answer satisfies never
    }
  }

  return async (request, course, signal) => {
    const known = await lookBack(request, course, signal)
    if (known !== undefined) return known
    let response: ApiResponse
    let answer: Verdict | undefined
    try {
      response = await calls.update(request, signal, (received) => {
        answer = classify(received, request.customerId)
        // At once: nothing may be sent behind it.
        if (answer.kind === 'stop' && answer.code !== 'E_AUTH')
          parts.stop(stopError(answer.code, answer.operationId))
      })
    } catch (error) {
      return unanswered(error, course, clock.now())
    }
    course.isReadBack = false
    course.httpStatus = response.status
    course.latencyMs = response.tookMs
    answer ??= classify(response, request.customerId)
    const verdict = await follow(answer, response, course, signal)
    if ('operationId' in answer) course.operationId = answer.operationId
    if (verdict instanceof TryAgain && verdict.isFree) return verdict
    course.attempts++
    // A refusal may be the echo of an earlier attempt that was applied and whose answer was lost: "already assigned".
    if (verdict instanceof TryAgain || verdict.outcome !== 'rejected' || !course.doubt) return verdict
    const finding = await readBack(request, signal)
    if (finding === 'applied') return confirmed(course)
    return finding === 'different' || isUnknownCustomer(verdict) ? verdict : refusedInDoubt
  }
}

/** What a server may ask one row to wait; a limit of everybody's has no bound but that of an outage. */
const mostAskedMs = 300_000

const ownBlock: Ending = {
  outcome: 'rejected',
  code: 'E_BLOCKED',
  message: 'a firewall refuses this row each time, while it lets other requests through',
}

const namedAnother: Ending = {
  outcome: 'unknown',
  code: 'E_WRONG_CUSTOMER',
  message: 'the answer named another customer',
}

/**
 * How often to look before it is sent again. What does no harm twice is sent after few looks, so that an outage is not met
 * with more reads than updates: after one where the API answers with errors, after three where a connection broke.
 */
function looks(request: UpdateRequest, course: Course): number | undefined {
  if (!request.repeatable) return undefined
  return course.answered ? 1 : 3
}

/** The same answer to the same key again: Rapyd repeats it for as long as it keeps the key. */
function isReplayed(
  answer: Verdict & { kind: 'ambiguous' },
  { status }: ApiResponse,
  course: Course,
): boolean {
  return status >= 500 && answer.operationId !== '' && answer.operationId === course.operationId
}

/** A gateway answers for a server that may still be at work. */
function answersForAnother(status: number): boolean {
  return status === 502 || status === 503 || status === 504
}

/** A customer that is not there cannot have been updated either. */
function isUnknownCustomer({ code }: Ending): boolean {
  return code === 'E_CUSTOMER_NOT_FOUND' || code === 'E_CUSTOMER_NOT_HERE'
}

const refusedInDoubt: Ending = {
  outcome: 'unknown',
  code: 'E_IN_DOUBT',
  message: 'refused, but an attempt before it may have been applied; reading back could not settle it',
}

export const notSentTwice: Ending = {
  outcome: 'unknown',
  code: 'E_NOT_IDEMPOTENT',
  message: 'may have been applied; not sent twice',
}

/** Where no whole answer came. Throws what stops the run. */
function unanswered(error: unknown, course: Course, at: number): TryAgain {
  const { phase, reason } = lostRequest(error)
  course.attempts++
  course.isReadBack = false
  course.code = 'E_NETWORK'
  if (phase === 'ambiguous') {
    course.doubt = true
    course.answered = false
    course.lostAt = at
  }
  return again(course, reason)
}
