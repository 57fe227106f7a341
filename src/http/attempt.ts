/** One attempt of a call: sends the request once, and says what that shows. */
import type { JsonObject } from '../model/json.ts'
import type { ApiResponse, Clock } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { operations } from '../rapyd/operations.ts'
import type { Verdict } from '../rapyd/response.ts'
import { countBlock } from './access.ts'
import type { Access } from './access.ts'
import { confirmed, rejected, rejection, unknown } from './call-state.ts'
import type { CallState, RequestVerdict, Result } from './call-state.ts'
import type { Calls } from './call.ts'
import { stopError, TransportError } from './errors.ts'
import { retryAfterMs } from './retry.ts'

export interface AttemptParts {
  readonly calls: Calls
  readonly access: Access
  readonly clock: Clock
  /** Stops the run although the row gets an outcome. */
  readonly stop: (error: Error) => void
  /**
   * Compares the customer of an answer with what was sent. Returns what it did not take, if there is any. Default: nothing is
   * compared. Must not reject: the row was applied.
   */
  readonly examine?: (
    request: UpdateRequest,
    customer: JsonObject,
    signal: AbortSignal,
  ) => Promise<Result | undefined>
}

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. `isUsable`: as for `Calls`. */
export type Attempt = (
  request: UpdateRequest,
  state: CallState,
  signal: AbortSignal,
  isUsable?: () => boolean,
) => Promise<RequestVerdict>

/** What a server may ask one row to wait. A rate limit, which is for all rows, may ask for more. */
const mostAskedMs = 300_000

interface Attempted {
  readonly request: UpdateRequest
  readonly state: CallState
  readonly signal: AbortSignal
}

export function createAttempt({ calls, access, clock, stop, examine }: AttemptParts): Attempt {
  async function judge(
    answer: Verdict,
    response: ApiResponse,
    { request, state, signal }: Attempted,
  ): Promise<RequestVerdict> {
    switch (answer.kind) {
      case 'updated': {
        access.updated()
        const { operationId, customer } = answer
        const notTaken = customer === undefined ? undefined : await examine?.(request, customer, signal)
        return { kind: 'final', response, operationId, result: notTaken ?? confirmed(state) }
      }
      case 'rejected':
        access.rejected(answer.code, response.status)
        return {
          kind: 'final',
          response,
          operationId: answer.operationId,
          result: rejection(answer, response),
        }
      case 'ambiguous': {
        const leastMs = Math.min(mostAskedMs, retryAfterMs(response, clock.wall()))
        return { ...answer, response, leastMs, at: clock.now() }
      }
      case 'throttled':
        return { kind: 'throttled', response, blocks: await countBlock(state.blocks, calls, signal) }
      case 'resign': {
        access.correctClock(answer.why, response)
        if (!state.isResigned) return { kind: 'resigned', response, reason: answer.why }
        await access.signatureRefused(answer.why, signal)
        return { kind: 'final', response, result: badSignature }
      }
      case 'stop': {
        const { code, operationId } = answer
        // The run is stopped already. An answer about another customer proves nothing about this one.
        if (code === 'E_WRONG_CUSTOMER') return { kind: 'final', response, operationId, result: namedAnother }
        if (code !== 'E_AUTH') throw stopError(code, operationId)
        await access.keyRefused(operationId, signal)
        return { kind: 'final', response, operationId, result: badKey }
      }
      default:
        return answer satisfies never
    }
  }

  return async (request, state, signal, isUsable) => {
    const operation = operations[request.operation]
    let answer: Verdict | undefined
    const onAnswer = (received: ApiResponse): void => {
      answer = operation.classify(received, request.customerId)
      // Before the permit is released, so that nothing is sent after it.
      if (answer.kind === 'stop' && answer.code !== 'E_AUTH') stop(stopError(answer.code, answer.operationId))
    }
    const response = await calls.update(request, signal, { onAnswer, isUsable })
    if (response instanceof TransportError) return { kind: 'lost', error: response, at: clock.now() }
    answer ??= operation.classify(response, request.customerId)
    return judge(answer, response, { request, state, signal })
  }
}

const namedAnother = unknown('E_WRONG_CUSTOMER', 'the answer named another customer')
const badSignature = rejected('E_SIGNATURE_ROW', 'Rapyd refuses the signature of this row alone')
const badKey = rejected('E_AUTH', 'refused for this row alone')
