/** The course of one call: what is known of it between its attempts, and how that becomes an outcome. */
import type { ErrorCode } from '../model/errors.ts'
import { withoutCall } from '../model/outcome.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Clock } from '../model/ports.ts'
import type { OwnBlock } from './own-block.ts'
import { TryAgain } from './retry.ts'

/** What is known of one call so far. */
export interface Course {
  /** Requests that the outcome reports: all but those that were throttled or signed anew. */
  attempts: number
  httpStatus: number
  operationId: string
  code: ErrorCode
  /** True once an attempt may have been applied. */
  doubt: boolean
  /** True while the customer was read behind the last request. */
  isReadBack: boolean
  /** True while every doubtful attempt was answered, so that none can still be under way. */
  answered: boolean
  /** When the last attempt ended that may still be under way (the clock's ms); nothing where none was lost. */
  lostAt: number | undefined
  /** True once it was sent again although no read showed what had become of it. */
  unread: boolean
  resigned: number
  /** Made when it is throttled for the first time. */
  isOwnBlock: OwnBlock | undefined
  readonly retries: string[]
  /** How long the last answer took. */
  latencyMs: number
}

/** `doubt`: an earlier session may have sent it. */
export function startCourse(doubt: boolean): Course {
  return {
    attempts: 0,
    httpStatus: 0,
    operationId: '',
    code: 'E_NETWORK',
    doubt,
    isReadBack: false,
    answered: true,
    lostAt: undefined,
    unread: false,
    resigned: 0,
    isOwnBlock: undefined,
    retries: [],
    latencyMs: 0,
  }
}

/** What an attempt can prove about its row. */
export type Ending = {
  readonly outcome: OutcomeKind
  readonly code: ErrorCode | ''
  readonly field?: string
  readonly message: string
}

export const updated: Ending = { outcome: 'updated', code: '', message: '' }

/** It is applied, perhaps twice if it was sent again unread. */
export function confirmed(course: Course): Ending {
  return course.unread ? perhapsTwice : updated
}

const perhapsTwice: Ending = {
  outcome: 'updated',
  code: '',
  message: 'sent again without knowing what became of it before: may have been applied twice',
}

/** Notes the reason why it is tried again. */
export function again(course: Course, reason: string, leastMs = 0): TryAgain {
  course.retries.push(reason.toLowerCase())
  return new TryAgain(reason, { leastMs })
}

/** As `again`, free of charge. */
export function againForFree(course: Course, reason: string): TryAgain {
  course.retries.push(reason)
  return new TryAgain(reason, { isFree: true })
}

export function rejection(code: ErrorCode, apiCode: string, field: string, status: number): Ending {
  return {
    outcome: 'rejected',
    code,
    field,
    message: `Rapyd answered ${apiCode === '' ? `HTTP ${status}` : apiCode}`,
  }
}

export interface SettledTimeParts {
  readonly clock: Clock
  /** So many ms after the end of an attempt, or of a whole session, nothing of it can be under way any more. */
  readonly settledAfterMs: () => number
}

/**
 * Waits until the customer may be read back: a request without an answer may still be under way, and what reads
 * "different" a moment before it is applied would be sent, and applied, twice. What does no harm twice does not wait.
 */
export async function untilSettled(
  { clock, settledAfterMs }: SettledTimeParts,
  request: UpdateRequest,
  { lostAt }: Course,
  signal: AbortSignal,
): Promise<void> {
  if (request.repeatable || lostAt === undefined) return
  const waitMs = lostAt + settledAfterMs() - clock.now()
  if (waitMs > 0) await clock.sleep(waitMs, signal)
}

/** The outcome of a call whose course has come to an end. */
export function outcomeOf(request: UpdateRequest, course: Course, ending: Ending, clock: Clock): Outcome {
  const { customerId, fields, cleared, idempotencyKey } = request
  const { attempts, httpStatus, operationId, latencyMs, retries } = course
  const { outcome, code: errorCode, field: errorField = '', message } = ending
  return {
    ...withoutCall(request, customerId, outcome, { errorCode, errorField, message }),
    fields,
    cleared,
    idempotencyKey,
    attempts,
    httpStatus,
    operationId,
    latencyMs: Math.round(latencyMs),
    retries: retries.join(';'),
    finishedAt: clock.wall(),
  }
}
