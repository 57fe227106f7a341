/**
 * One attempt of a call that counts: sends it, reads the answer with `classify`, and says how the call ends, or that it has
 * to be tried again. Throttled and re-signed requests are repeated here, free of charge.
 */
import type { UpdateRequest } from '../domain/request.ts'
import type { ApiResponse } from '../pipeline/ports.ts'
import { readEnvelope } from '../rapyd/envelope.ts'
import { classify, isThrottled } from '../rapyd/response.ts'
import type { Answer } from '../rapyd/response.ts'
import type { Calls } from './call.ts'
import { confirmed, rejection, retry } from './course.ts'
import type { Course, Ending } from './course.ts'
import { createOwnBlock } from './own-block.ts'
import type { Proof } from './proof.ts'
import type { ReadBack } from './read-back.ts'
import type { Signer } from './signing.ts'
import { answersForAnother, untilSettled } from './settled-time.ts'
import type { SettledTimeParts } from './settled-time.ts'
import { stopError } from './stop-error.ts'
import type { StopCode } from './stop-error.ts'
import { TransportError } from './transport-error.ts'

export interface AttemptParts extends SettledTimeParts {
  readonly calls: Calls
  readonly readBack: ReadBack
  readonly signer: Signer
  readonly proof: Proof
  /** Ends the run from a row that has an outcome of its own. */
  readonly stop: (error: Error) => void
}

/** Rejects with `TryAgain` to be repeated, with a `BulkUpdateError` to stop the run, or with the signal's reason. */
export type Attempt = (request: UpdateRequest, course: Course, signal: AbortSignal) => Promise<Ending>

/** A clock that is further off is no matter of a correction: something is wrong with this machine. */
const largestOffsetMs = 300_000

export function createAttempt(parts: AttemptParts): Attempt {
  const { calls, clock, readBack, signer, proof } = parts
  let everUpdated = false
  /** Rows in a row whose signature alone was refused. */
  let badSignatures = 0
  let badKeys = 0

  function follow(
    answer: Answer,
    response: ApiResponse,
    course: Course,
    isReplayed: boolean,
  ): Ending | undefined {
    switch (answer.kind) {
      case 'updated':
        everUpdated = true
        badSignatures = 0
        badKeys = 0
        proof.updated()
        return confirmed(course)
      case 'rejected':
        proof.refused(answer.code, response.status)
        return rejection(answer.code, answer.apiCode, answer.field, response.status)
      case 'ambiguous':
        if (isReplayed) return rejection('E_SERVER_REPLAYED', '', '', response.status)
        course.doubt = true
        course.code = answer.code
        if (answersForAnother(response.status)) course.lostAt = clock.now()
        throw retry(course, answer.reason)
      case 'throttled':
        course.attempts--
        course.retries.push('throttled')
        return undefined
      case 'resign':
        return resign(answer.why, response, course)
      case 'stop':
        return stopWith(answer.code, answer.operationId)
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
    if (why === 'clock' && Math.abs(offset ?? Number.POSITIVE_INFINITY) > largestOffsetMs)
      throw stopError('E_CLOCK', String(offset ?? ''))
    course.resigned++
    if (course.resigned === 1) {
      course.attempts--
      course.retries.push(`resigned_${why}`)
      return undefined
    }
    if (why !== 'signature' || !everUpdated) throw stopError(why === 'clock' ? 'E_CLOCK' : 'E_AUTH', why)
    const message = 'Rapyd refuses the signature of this row alone'
    return { outcome: 'rejected', code: 'E_SIGNATURE_ROW', message }
  }

  /** Keys that worked before: whether they still do is for one read to say, or it is this row alone. */
  async function aloneRefused(
    answer: Answer,
    course: Course,
    signal: AbortSignal,
  ): Promise<Ending | undefined> {
    if (!everUpdated) return undefined
    const isKey = answer.kind === 'stop' && answer.code === 'E_AUTH'
    const isSignature = answer.kind === 'resign' && answer.why === 'signature' && course.resigned > 0
    if (isSignature) badSignatures++
    if (isKey) badKeys++
    if (badKeys >= mostBadKeys) return undefined
    if (!isKey && !(isSignature && badSignatures >= mostBadSignatures)) return undefined
    const found = await calls.list(signal).catch(() => undefined)
    const envelope = readEnvelope(found?.body ?? '')
    if (found === undefined || envelope === undefined || isThrottled(found) || found.status >= 500)
      return undefined
    if (found.status === 401 && envelope.errorCode !== 'UNAUTHORIZED_API_CALL')
      throw stopError('E_AUTH', 'they worked before')
    return isKey ? { outcome: 'rejected', code: 'E_AUTH', message: 'refused for this row alone' } : undefined
  }

  /** A page that comes to this row alone ends it. */
  async function blocked(answer: Answer, course: Course, signal: AbortSignal): Promise<Ending | undefined> {
    if (answer.kind !== 'throttled') return undefined
    course.isOwnBlock ??= createOwnBlock(calls)
    if (!(await course.isOwnBlock(signal))) return undefined
    course.attempts++
    return { outcome: 'rejected', code: 'E_BLOCKED', message: ownBlock }
  }

  return async (request, course, signal) => {
    for (;;) {
      // A row in doubt from an earlier session has been read back by now.
      if (course.doubt && course.attempts > 0) {
        await untilSettled(parts, request, course, signal)
        const finding = await readBack(request, signal, looks(request, course))
        if (finding === 'applied') return confirmed(course)
        if (finding !== 'different' && !request.repeatable) return notSentTwice
        // Nobody has looked yet: it is sent again only when somebody has.
        if (finding === 'unanswered') throw retry(course, 'unread')
        course.unread ||= finding === 'cannot_tell'
      }
      let response: ApiResponse
      let answer: Answer | undefined
      try {
        response = await calls.update(request, signal, (received) => {
          answer = classify(received, request.customerId)
          // At once: nothing may be sent behind it.
          if (answer.kind === 'stop' && answer.code !== 'E_AUTH')
            parts.stop(stopError(answer.code, answer.operationId))
        })
      } catch (error) {
        throw unanswered(error, course, clock.now())
      }
      answered(response, course)
      answer ??= classify(response, request.customerId)
      const isReplayed = response.status >= 500 && isSameAnswer(answer, course)
      if ('operationId' in answer) course.operationId = answer.operationId
      const alone = answer.kind === 'updated' ? undefined : await aloneRefused(answer, course, signal)
      const ending =
        alone ?? follow(answer, response, course, isReplayed) ?? (await blocked(answer, course, signal))
      if (ending === undefined) continue
      // A refusal may be the echo of an earlier attempt that was applied and whose answer was lost: "already assigned".
      if (ending.outcome !== 'rejected' || !course.doubt) return ending
      const finding = await readBack(request, signal)
      if (finding === 'applied') return confirmed(course)
      return finding === 'different' || isAboutNobody(ending) ? ending : refusedInDoubt
    }
  }
}

const ownBlock = 'a firewall refuses this row each time, while it lets other requests through'

/** An answer about another customer proves nothing about this one, and nothing may be sent behind it. */
function stopWith(code: StopCode, detail: string): Ending {
  // The run was stopped when the answer came.
  if (code !== 'E_WRONG_CUSTOMER') throw stopError(code, detail)
  return { outcome: 'unknown', code, message: 'the answer named another customer' }
}

/**
 * How often to look before it is sent again. What does no harm twice is sent after few looks, so that an outage is not met
 * with more reads than updates: after one where the API answers with errors, after three where a connection broke.
 */
function looks(request: UpdateRequest, course: Course): number | undefined {
  if (!request.repeatable) return undefined
  return course.answered ? 1 : 3
}

/** So many in a row are not the rows' fault any more. */
const mostBadSignatures = 5
const mostBadKeys = 3

/** The same answer to the same key again: Rapyd repeats it for as long as it keeps the key. */
function isSameAnswer(answer: Answer, course: Course): boolean {
  return 'operationId' in answer && answer.operationId !== '' && answer.operationId === course.operationId
}

/** A customer that is not there cannot have been updated either. */
function isAboutNobody({ code }: Ending): boolean {
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

function answered(response: ApiResponse, course: Course): void {
  course.attempts++
  course.httpStatus = response.status
  course.latencyMs = response.tookMs
}

/** What to throw where no whole answer came. */
function unanswered(error: unknown, course: Course, at: number): unknown {
  if (!(error instanceof TransportError)) return error
  course.attempts++
  if (error.phase === 'tls') return stopError('E_TLS', error.reason)
  course.code = 'E_NETWORK'
  if (error.phase === 'ambiguous') {
    course.doubt = true
    course.answered = false
    course.lostAt = at
  }
  return retry(course, error.reason)
}
