/**
 * Carries out one call: repeats attempts until one ends it, and reads the customer back if one may have been applied.
 * Whatever happens to a row becomes its outcome; exceptions stop the run.
 */
import { BulkUpdateError } from '../model/errors.ts'
import type { Clock, Send, ApiResponse } from '../model/ports.ts'
import { isOutcome, type UpdateRequest, type Outcome } from '../model/row.ts'
import { TransportError, stopError } from './errors.ts'
import {
  reduceCall,
  startCall,
  type CallState,
  toOutcome,
  messages,
  confirmed,
  rejected,
  rejection,
  unknown,
  type RequestVerdict,
  type Step,
  type Unsendable,
  type Result,
} from './call-state.ts'
import { isAgain, retry, retryAfterMs } from './retry.ts'
import type { JsonObject } from '../model/json.ts'
import { operations } from '../rapyd/operations.ts'
import { isThrottled, type Verdict } from '../rapyd/response.ts'
import type { Access } from './access.ts'
import { createSettling, type Call, type Doubt, type SettlingParts } from './settling.ts'
import { longestReadingMs, type Calls } from './ports.ts'

export interface SenderParts extends SettlingParts {
  readonly calls: Calls
  readonly access: Access
  readonly random: () => number
  /** Stops the run although the row gets an outcome. */
  readonly stop: (error: Error) => void
  /** Cancels a row's intent: none of its requests can have been applied. */
  readonly cancelIntent: (request: UpdateRequest) => Promise<void>
  /** Called when the run stops, with what a resume needs to know of a row in doubt. */
  readonly keepDoubt?: (row: number, doubt: Doubt) => void
  /** True if another run has sent something to the customer since the intent of this row. Default: never. */
  readonly isOvertaken?: (row: number) => Promise<boolean>
  /**
   * Compares the customer of an answer with what was sent. Returns what it did not take, if there is any. Default: nothing is
   * compared. Must not reject: the row was applied.
   */
  readonly examine?: (
    request: UpdateRequest,
    customer: JsonObject,
    signal: AbortSignal,
  ) => Promise<Result | undefined>
  /**
   * Reads the customer again, and makes the body of what it shows: the same request if nothing that counts has changed. Resolves with
   * the outcome if nothing may be sent. Needed if bodies hold what was read. `isInDoubt`: an attempt may have been applied.
   */
  readonly readAgain?: (
    request: UpdateRequest,
    isInDoubt: boolean,
    signal: AbortSignal,
  ) => Promise<UpdateRequest | Outcome>
}

/** What a server may ask one row to wait. A rate limit, which is for all rows, may ask for more. */
const mostAskedMs = 300_000

/** One attempt: sends the request, and says what that shows. Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. */
function createAttempt({
  calls,
  access,
  clock,
  stop,
  examine,
}: Pick<SenderParts, 'calls' | 'access' | 'clock' | 'stop' | 'examine'>) {
  async function toRequestVerdict(
    answer: Verdict,
    response: ApiResponse,
    { request, state }: Call,
    signal: AbortSignal,
  ): Promise<RequestVerdict> {
    switch (answer.kind) {
      case 'updated': {
        access.answered()
        access.updated()
        const { operationId, customer } = answer
        const notTaken = customer === undefined ? undefined : await examine?.(request, customer, signal)
        return { kind: 'final', response, operationId, result: notTaken ?? confirmed(state) }
      }
      case 'rejected':
        access.answered()
        access.rejected(answer.code, response.status)
        return {
          kind: 'final',
          response,
          operationId: answer.operationId,
          result: rejection(answer, response),
        }
      case 'ambiguous': {
        const at = clock.now()
        const leastMs = Math.min(mostAskedMs, retryAfterMs(response, clock.wall()))
        const { blocks } = state
        return {
          ...answer,
          response,
          leastMs,
          at,
          blocks: isThrottled(response) ? await access.blocked(blocks, response, signal) : blocks,
        }
      }
      case 'throttled':
        return { kind: 'throttled', response, blocks: await access.blocked(state.blocks, response, signal) }
      case 'resign': {
        access.correctClock(answer.why, response)
        if (!state.isResigned) return { kind: 'resigned', response, reason: answer.why }
        await access.signatureRefused(answer.why, signal)
        return { kind: 'final', response, result: rejected('E_SIGNATURE_ROW', messages.badSignature) }
      }
      case 'stop': {
        const { code, operationId } = answer
        // The run is stopped already. An answer about another customer proves nothing about this one.
        if (code === 'E_WRONG_CUSTOMER')
          return { kind: 'final', response, operationId, result: unknown(code, messages.namedAnother) }
        if (code !== 'E_AUTH') throw stopError(code, operationId)
        await access.keyRefused(operationId, signal)
        return { kind: 'final', response, operationId, result: rejected('E_AUTH', messages.badKey) }
      }
      default:
        return answer satisfies never
    }
  }

  return async (call: Call, signal: AbortSignal, isUsable?: () => boolean): Promise<RequestVerdict> => {
    const { request } = call
    const operation = operations[request.operation]
    let answer: Verdict | undefined
    call.isAnswered = false
    const onAnswer = (received: ApiResponse): void => {
      call.isAnswered = true
      answer = operation.classify(received, request.customerId)
      // Before the permit is released, so that nothing is sent after it.
      if (answer.kind === 'stop' && answer.code !== 'E_AUTH') stop(stopError(answer.code, answer.operationId))
    }
    const response = await calls.update(request, signal, { onAnswer, isUsable })
    if (response instanceof TransportError) return { kind: 'lost', error: response, at: clock.now() }
    answer ??= operation.classify(response, request.customerId)
    return toRequestVerdict(answer, response, call, signal)
  }
}

const oldReading = { kind: 'lost', error: new TransportError('not_sent', 'old_reading'), at: 0 } as const

function isOldReading(verdict: RequestVerdict): boolean {
  return verdict.kind === 'lost' && verdict.error.reason === oldReading.error.reason
}

/** After a doubt was settled, others may have changed the customer as well. */
function toReadAgain(request: UpdateRequest): UpdateRequest {
  const { reading } = request
  return reading === undefined ? request : { ...request, reading: { ...reading, at: -Infinity } }
}

export function createSender(parts: SenderParts): Send {
  const { clock, calls, held, readAgain } = parts
  const attempt = createAttempt(parts)
  const settling = createSettling(parts)

  const isRecent = ({ reading }: UpdateRequest): boolean =>
    reading === undefined || clock.now() - reading.at <= longestReadingMs

  /** If a server asks a row in doubt to wait, no other customer waits for it. */
  const delaysOf = (call: Call, signal: AbortSignal): Pick<Clock, 'now' | 'sleep'> => ({
    now: () => clock.now(),
    sleep: (ms) =>
      call.state.inDoubt
        ? settling.waitUntil(clock.now() + ms, call.request, signal)
        : clock.sleep(ms, signal),
  })

  /** Sends once. If the customer was read too long ago when it could be sent, it is read again, once. */
  async function sendOnce(call: Call, signal: AbortSignal): Promise<RequestVerdict | Unsendable> {
    const isUsable = (): boolean => isRecent(call.request)
    const verdict = isUsable() ? await attempt(call, signal, isUsable) : oldReading
    if (readAgain === undefined || !isOldReading(verdict)) return verdict
    const isInDoubt = call.state.attempts > 0 || parts.inDoubt.has(call.request.row)
    const found = await readAgain(call.request, isInDoubt, signal)
    if (isOutcome(found)) return { kind: 'unsendable', outcome: found }
    call.request = found
    return attempt(call, signal)
  }

  const isOvertaken = async ({ row }: UpdateRequest): Promise<boolean> =>
    (await parts.isOvertaken?.(row)) === true

  /** Call after a row in doubt was read: what another run has sent meanwhile may hide that it was applied. */
  async function unlessOvertaken({ request, state }: Call): Promise<CallState> {
    const isHidden = state.next.kind === 'send' && (await isOvertaken(request))
    return isHidden ? reduceCall(state, { kind: 'overtaken' }) : state
  }

  /** Settles earlier attempts, then sends. */
  async function tryOnce(call: Call, signal: AbortSignal): Promise<Step> {
    if (call.state.inDoubt && !call.state.isReadBack) {
      call.state = await settling.settleAttempt(call, 'attempt', signal)
      call.state = await unlessOvertaken(call)
      if (call.state.next.kind !== 'send') return call.state.next
      call.request = toReadAgain(call.request)
    }
    call.state = reduceCall(call.state, await sendOnce(call, signal))
    if (call.state.next.kind === 'check_refusal')
      call.state = await settling.settleAttempt(call, 'refusal', signal)
    return call.state.next
  }

  return async (asked, signal) => {
    if (signal.aborted) return undefined
    const call: Call = { request: asked, state: startCall(asked, parts.inDoubt.get(asked.row)?.attempts) }
    try {
      await settling.waitUntil(held.until(asked.customerId), asked, signal)
      if (call.state.inDoubt && (await isOvertaken(asked)))
        call.state = reduceCall(call.state, { kind: 'overtaken' })
      else if (call.state.inDoubt) {
        call.state = await settling.settleEarlier(call, signal)
        call.state = await unlessOvertaken(call)
        call.request = toReadAgain(asked)
      }
      if (call.state.next.kind === 'end') return toOutcome(asked, call.state, clock.wall())
      await calls.enter(call.request, signal)
      const last = await retry<Step>(
        () => tryOnce(call, signal),
        { ...parts, clock: delaysOf(call, signal) },
        signal,
      )
      if (call.state.inDoubt && (isAgain(last) || last.kind === 'settle_last'))
        call.state = await settling.settleAttempt(call, 'last_attempt', signal)
      return toOutcome(call.request, call.state, clock.wall())
    } catch (error) {
      const isStop = signal.aborted && error === signal.reason
      // At once, so that nothing is sent while the store is written.
      if (error instanceof BulkUpdateError) parts.stop(error)
      // A refusal of the whole run, or a stop before it was sent, leaves no doubt; a local failure proves nothing.
      const { kind, code } = error instanceof BulkUpdateError ? error : {}
      // This machine has made no connection, unless it is a reading that follows an answer.
      const isUnsent = code === 'E_MACHINE_LIMIT' && call.isAnswered === false
      const isRefused = kind === 'AUTH' || kind === 'REMOTE' || isUnsent
      const { inDoubt, doubtAt, doubts } = call.state
      if (inDoubt && doubtAt !== undefined) parts.keepDoubt?.(asked.row, { at: doubtAt, attempts: doubts })
      if (!inDoubt && (isStop || isRefused)) await parts.cancelIntent(asked)
      if (isStop) return undefined
      throw error
    }
  }
}
