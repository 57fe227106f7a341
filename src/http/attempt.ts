/** One attempt of a call: sends the request once, and says what that shows. */
import type { ApiResponse, Clock } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import { classify } from '../rapyd/response.ts'
import type { Verdict } from '../rapyd/response.ts'
import { countBlock } from './access.ts'
import type { Access } from './access.ts'
import { confirmed, rejected, rejection, unknown } from './call-state.ts'
import type { CallState, RequestVerdict } from './call-state.ts'
import type { Calls } from './call.ts'
import { stopError, TransportError } from './errors.ts'
import { retryAfterMs } from './retry.ts'

export interface AttemptParts {
  readonly calls: Calls
  readonly access: Access
  readonly clock: Clock
  /** Stops the run although the row gets an outcome. */
  readonly stop: (error: Error) => void
}

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. */
export type Attempt = (
  request: UpdateRequest,
  state: CallState,
  signal: AbortSignal,
) => Promise<RequestVerdict>

/** What a server may ask one row to wait. A rate limit, which is for all rows, may ask for more. */
const mostAskedMs = 300_000

export function createAttempt({ calls, access, clock, stop }: AttemptParts): Attempt {
  async function judge(
    answer: Verdict,
    response: ApiResponse,
    state: CallState,
    signal: AbortSignal,
  ): Promise<RequestVerdict> {
    const { status } = response
    switch (answer.kind) {
      case 'updated':
        access.updated()
        return { kind: 'final', response, operationId: answer.operationId, result: confirmed(state) }
      case 'rejected': {
        const { code, apiCode, field, operationId } = answer
        access.rejected(code, status)
        return { kind: 'final', response, operationId, result: rejection(code, apiCode, field, status) }
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

  return async (request, state, signal) => {
    let answer: Verdict | undefined
    const response = await calls.update(request, signal, (received) => {
      answer = classify(received, request.customerId)
      // Before the permit is released, so that nothing is sent after it.
      if (answer.kind === 'stop' && answer.code !== 'E_AUTH') stop(stopError(answer.code, answer.operationId))
    })
    if (response instanceof TransportError) return { kind: 'lost', error: response, at: clock.now() }
    answer ??= classify(response, request.customerId)
    return judge(answer, response, state, signal)
  }
}

const namedAnother = unknown('E_WRONG_CUSTOMER', 'the answer named another customer')
const badSignature = rejected('E_SIGNATURE_ROW', 'Rapyd refuses the signature of this row alone')
const badKey = rejected('E_AUTH', 'refused for this row alone')
