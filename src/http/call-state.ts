/**
 * What is known of one call. Requests and readings give verdicts, one pure reducer makes the next state from a verdict, and
 * the last state becomes the outcome.
 */
import { messageOfApi, type ErrorCode } from '../model/errors.ts'
import { withoutCall, type UpdateRequest, type Outcome, type OutcomeKind } from '../model/row.ts'
import type { ApiResponse } from '../model/ports.ts'
import { readEnvelope, type Verdict } from '../rapyd/response.ts'
import type { TransportError } from './errors.ts'
import { again, isOwnBlock, noBlocks, type Again, type Blocks } from './retry.ts'
import type { ReadBackResult } from './ports.ts'
import texts from './row-messages.json' with { type: 'json' }

/** A copy, so that our declarations hold its type and not the JSON file. */
export const messages = { ...texts }

/** Attempts of one row that may end without a clear answer. */
const mostDoubts = 3
const replayed: ErrorCode = 'E_SERVER_REPLAYED'

export interface CallState {
  /** What has to happen next. */
  readonly next: Step
  /** False if a second request may do more than one. */
  readonly isRepeatable: boolean
  /** Requests that the outcome counts: all but those that were throttled or signed again. */
  readonly attempts: number
  /** Of the last answer; 0 without one. */
  readonly httpStatus: number
  readonly latencyMs: number
  readonly operationId: string
  /** Why the last attempt failed. */
  readonly code: ErrorCode
  /** Why attempts were repeated. */
  readonly retries: readonly string[]
  /** True once an attempt may have been applied. */
  readonly inDoubt: boolean
  /** Attempts without a clear answer. */
  readonly doubts: number
  /** When the last of them ended (the clock's ms). It may still be applied until the settle time is over. */
  readonly doubtAt: number | undefined
  /** True if the last request is settled: the customer was read when its settle time was over. */
  readonly isReadBack: boolean
  /** True if a reading before the next attempt showed another value. */
  readonly isKnownDifferent: boolean
  /** True once it was sent again although no reading showed what became of it. */
  readonly isSentUnread: boolean
  readonly isResigned: boolean
  readonly blocks: Blocks
}

export type Step =
  | { readonly kind: 'send' }
  | Again
  /** No further attempt may be made: read the customer for the last time. */
  | { readonly kind: 'settle_last' }
  /** It was refused, but an earlier attempt may have been applied: read the customer first. */
  | { readonly kind: 'check_refusal'; readonly refusal: Result }
  | { readonly kind: 'end'; readonly result: Result }

/** What the outcome says about the row. */
export interface Result {
  readonly outcome: OutcomeKind
  readonly code: ErrorCode | ''
  readonly field?: string
  readonly message: string
  /** Fields that an answer of success does not hold as they were sent, joined with `;`. */
  readonly notTaken?: string
  /** Rapyd's own words about a refusal. */
  readonly apiMessage?: string
}

/** What one request showed. `at` is when it ended (the clock's ms). */
export type RequestVerdict =
  /** No whole answer. */
  | Readonly<{ kind: 'lost'; error: TransportError; at: number }>
  | Readonly<{ kind: 'final'; response: ApiResponse; operationId?: string; result: Result }>
  | AmbiguousAnswer
  | Readonly<{ kind: 'throttled'; response: ApiResponse; blocks: Blocks }>
  | Readonly<{ kind: 'resigned'; response: ApiResponse; reason: string }>

/** The answer does not say whether the request was applied. */
interface AmbiguousAnswer {
  readonly kind: 'ambiguous'
  readonly response: ApiResponse
  readonly operationId: string
  readonly code: ErrorCode
  readonly reason: string
  /** Milliseconds that the server asks to wait at least. */
  readonly leastMs: number
  readonly at: number
  readonly blocks: Blocks
}

/** The customer was read again before the request, and what it shows forbids it. */
export interface Unsendable {
  readonly kind: 'unsendable'
  readonly outcome: Outcome
}

/** What one reading of the customer showed, and why it was read. */
export type ReadingVerdict =
  /** An earlier session may have sent the row. `isTooOld`: others may have changed the customer since. */
  | Readonly<{ kind: 'read_back'; found: ReadBackResult; after: 'restart'; isTooOld: boolean }>
  | Readonly<{ kind: 'read_back'; found: ReadBackResult; after: 'attempt' | 'refusal' | 'last_attempt' }>

/** `doubts`: attempts of earlier sessions without a clear answer; undefined if the row is not in doubt. */
export function startCall({ repeatable }: UpdateRequest, doubts?: number): CallState {
  return {
    next: { kind: 'send' },
    isRepeatable: repeatable,
    attempts: 0,
    httpStatus: 0,
    latencyMs: 0,
    operationId: '',
    code: 'E_NETWORK',
    retries: [],
    inDoubt: doubts !== undefined,
    doubts: doubts ?? 0,
    doubtAt: undefined,
    isReadBack: false,
    isKnownDifferent: false,
    isSentUnread: false,
    isResigned: false,
    blocks: noBlocks,
  }
}

export function reduceCall(
  state: CallState,
  verdict: RequestVerdict | ReadingVerdict | Unsendable | { readonly kind: 'overtaken' },
): CallState {
  if (verdict.kind === 'overtaken') return afterOvertaking(state)
  if (verdict.kind === 'unsendable') return end(state, afterUnsendable(state, verdict.outcome))
  if (verdict.kind === 'read_back') return afterReading(state, verdict)
  if (verdict.kind !== 'lost') return afterAnswer(state, verdict)
  const { phase, reason } = verdict.error
  const attempts = state.attempts + 1
  const next = { ...state, attempts, code: 'E_NETWORK' } as const
  return phase === 'ambiguous' ? doubt(next, again(reason), verdict.at) : repeat(next, again(reason))
}

function afterUnsendable(
  { inDoubt }: CallState,
  { outcome, errorCode: code, errorField: field, message }: Outcome,
): Result {
  return inDoubt
    ? unknown('E_IN_DOUBT', `may have been applied; not sent again: ${message}`)
    : { outcome, code, field, message }
}

/** A request may have been applied, or may still be. */
function doubt(state: CallState, next: Again, at: number): CallState {
  const doubts = state.doubts + 1
  const doubted = repeat({ ...state, inDoubt: true, doubts, doubtAt: at, isReadBack: false }, next)
  return doubts < mostDoubts ? doubted : { ...doubted, next: { kind: 'settle_last' } }
}

function afterAnswer(state: CallState, verdict: Exclude<RequestVerdict, { kind: 'lost' }>): CallState {
  const { status, tookMs } = verdict.response
  const answered = { httpStatus: status, latencyMs: tookMs }
  const attempts = state.attempts + 1
  switch (verdict.kind) {
    case 'final': {
      const { result, operationId = state.operationId } = verdict
      return { ...state, ...answered, attempts, operationId, next: finish(state, result) }
    }
    case 'ambiguous': {
      const { operationId, code, reason, leastMs, at, blocks } = verdict
      // Rapyd repeats an answer to a key for as long as it keeps the key.
      const isReplayed = status >= 500 && operationId !== '' && operationId === state.operationId
      const next = {
        ...state,
        ...answered,
        attempts,
        operationId,
        code: isReplayed ? replayed : code,
        blocks,
      }
      const doubted = doubt(next, again(reason, { leastMs }), at)
      if (isOwnBlock(blocks)) return { ...doubted, next: finish(doubted, ownBlock) }
      return isReplayed ? { ...doubted, next: { kind: 'settle_last' }, retries: state.retries } : doubted
    }
    case 'throttled': {
      const { blocks } = verdict
      const blocked = repeat({ ...state, ...answered, blocks }, again('throttled', { isFree: true }))
      return isOwnBlock(blocks) ? { ...blocked, attempts, next: finish(state, ownBlock) } : blocked
    }
    case 'resigned': {
      const next = again(`resigned_${verdict.reason}`, { isFree: true })
      return repeat({ ...state, ...answered, isResigned: true }, next)
    }
    default:
      return verdict satisfies never
  }
}

function afterReading(state: CallState, verdict: ReadingVerdict): CallState {
  const { found } = verdict
  if (found === 'applied') return end(state, confirmed(state))
  if (found === 'overtaken') return afterOvertaking(state)
  const isHidden = found === 'cannot_tell'
  switch (verdict.after) {
    case 'restart':
      if (found === 'unanswered') return end(state, unknown('E_IN_DOUBT', messages.notRead))
      if (isHidden && !state.isRepeatable)
        return end(state, unknown('E_NOT_IDEMPOTENT', messages.notSentTwice))
      // Others may have written since, so the difference shows nothing about this row.
      if (!isHidden && verdict.isTooOld) return end(state, unknown('E_IN_DOUBT', messages.tooOld))
      if (state.doubts >= mostDoubts) return end(state, afterLast('E_IN_DOUBT', found))
      return {
        ...state,
        inDoubt: isHidden,
        isReadBack: true,
        isSentUnread: isHidden,
        isKnownDifferent: !isHidden,
      }
    case 'attempt':
      if (found !== 'different' && !state.isRepeatable)
        return end(state, unknown('E_NOT_IDEMPOTENT', messages.notSentTwice))
      // It is only sent again after a read that was answered.
      if (found === 'unanswered') return repeat(state, again('unread'))
      return {
        ...state,
        next: { kind: 'send' },
        inDoubt: isHidden,
        isReadBack: true,
        isSentUnread: state.isSentUnread || isHidden,
        isKnownDifferent: !isHidden,
      }
    case 'refusal': {
      if (state.next.kind !== 'check_refusal') return state
      const { refusal } = state.next
      return end(
        state,
        found === 'different' || isUnknownCustomer(refusal)
          ? refusal
          : unknown('E_IN_DOUBT', messages.refusedInDoubt),
      )
    }
    case 'last_attempt':
      return end(state, afterLast(state.code, found))
    default:
      return verdict satisfies never
  }
}

function afterOvertaking(state: CallState): CallState {
  return end(state, unknown('E_IN_DOUBT', messages.overtaken))
}

/** No reading, however late, shows that a server will never apply the last attempt. */
function afterLast(code: ErrorCode, found: ReadBackResult): Result {
  return unknown(code, found === 'different' ? messages.notShown : messages.notSettled)
}

function end(state: CallState, result: Result): CallState {
  return { ...state, next: { kind: 'end', result } }
}

function repeat(state: CallState, next: Again): CallState {
  return { ...state, next, retries: [...state.retries, next.reason.toLowerCase()] }
}

/** A refusal may echo an earlier attempt that was applied and whose answer was lost: "already assigned". */
function finish({ inDoubt }: CallState, result: Result): Step {
  if (inDoubt && result.outcome === 'rejected' && result.notTaken === undefined)
    return { kind: 'check_refusal', refusal: result }
  return { kind: 'end', result }
}

/** A customer that does not exist cannot have been updated either. */
function isUnknownCustomer({ code }: Result): boolean {
  return code === 'E_CUSTOMER_NOT_FOUND' || code === 'E_CUSTOMER_NOT_HERE'
}

export function confirmed({ isSentUnread }: CallState): Result {
  return { outcome: 'updated', code: '', message: isSentUnread ? messages.perhapsTwice : '' }
}

export function rejection(
  { code, apiCode, field }: Extract<Verdict, { readonly kind: 'rejected' }>,
  { status, body }: ApiResponse,
): Result {
  const message = apiCode === '' ? `Rapyd answered HTTP ${status}` : messageOfApi(apiCode)
  return { ...rejected(code, message), field, apiMessage: readEnvelope(body)?.words ?? '' }
}

const ownBlock = { outcome: 'rejected', code: 'E_BLOCKED', message: messages.ownBlock } as const

export function rejected(code: ErrorCode, message: string): Result {
  return { outcome: 'rejected', code, message }
}

export function unknown(code: ErrorCode, message: string): Result {
  return { outcome: 'unknown', code, message }
}

/** The outcome of a call. A call that has not ended was never connected. `finishedAt`: milliseconds since 1970. */
export function toOutcome(request: UpdateRequest, state: CallState, finishedAt: number): Outcome {
  const { operation, customerId, fields, cleared, idempotencyKey } = request
  const { next, attempts, httpStatus, operationId, latencyMs, retries } = state
  const notConnected = {
    outcome: 'failed',
    code: state.code,
    message: state.doubts === 0 ? messages.notConnected : messages.notConnectedAgain,
  } as const
  const result: Result = next.kind === 'end' ? next.result : notConnected
  const { outcome, code, field = '', message, notTaken = '', apiMessage = '' } = result
  return {
    ...withoutCall(request, customerId, outcome, { errorCode: code, errorField: field, message }),
    operation,
    fields,
    cleared,
    notTaken,
    apiMessage,
    idempotencyKey,
    attempts,
    httpStatus,
    operationId,
    latencyMs: Math.round(latencyMs),
    retries: retries.join(';'),
    finishedAt,
  }
}
