/**
 * One request, layer by layer: a place in flight, the limiter's turn, the durable intent, and only then salt, timestamp and
 * signature. What has a turn can be sent at once, so a stop, a block or a crash finds few rows on their way. Without windows
 * nothing waits long for its turn, and the intent comes before the place: many rows then share one commit.
 */
import pLimit from 'p-limit'
import type { UpdateRequest } from '../domain/request.ts'
import type { ApiRequest, ApiResponse } from '../pipeline/ports.ts'
import type { Limiter } from './limiter.ts'
import type { Signer } from './signing.ts'
import type { Health } from './health.ts'
import { TransportError } from './transport-error.ts'
import type { Transport } from './transport.ts'

export interface CallParts {
  readonly limiter: Limiter
  readonly health: Health
  readonly signer: Signer
  readonly transport: Transport
  /** Makes the row's intent durable; asked before every attempt, gives nothing where it already is. */
  readonly intend: (request: UpdateRequest) => Promise<void> | undefined
  /** Requests in flight at most. */
  readonly concurrency: number
  /** True where rates are limited. */
  readonly hasWindows: boolean
}

/** Each rejects with `TransportError`, or with the signal's reason where it was aborted before anything was sent. */
export interface Calls {
  /** `look` gets the answer before the turn is over: what waits next may not be sent before it is known what it means. */
  update(
    request: UpdateRequest,
    signal: AbortSignal,
    look?: (response: ApiResponse) => void,
  ): Promise<ApiResponse>
  /** Reads what is at `path`. */
  read(path: string, signal: AbortSignal): Promise<ApiResponse>
  /** A read of the shortest list: proves key, clock and environment. Waits for no other call, only for a pause to end. */
  list(signal: AbortSignal): Promise<ApiResponse>
  /** When the run stops: what waits for a place gives up at once, however long the requests in flight take. */
  readonly giveUp: () => void
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, health, signer, transport, intend, hasWindows } = parts
  const gate = pLimit({ concurrency: parts.concurrency, rejectOnClear: true })

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    { isProbe = false, intent, look }: SendSteps = {},
  ): Promise<ApiResponse> {
    signal.throwIfAborted()
    const over = await limiter.turn(signal, isProbe)
    try {
      if (intent !== undefined) await intend(intent)
      signal.throwIfAborted()
      const response = await transport.exchange(signer.sign(request))
      health.answered(response, isProbe)
      look?.(response)
      return response
    } catch (error) {
      if (error instanceof TransportError) health.broke(error, isProbe)
      throw error
    } finally {
      over()
    }
  }

  async function inFlight(request: ApiRequest, signal: AbortSignal, steps?: SendSteps): Promise<ApiResponse> {
    try {
      return await gate(send, request, signal, steps)
    } catch (error) {
      // Of p-limit, when its queue was cleared.
      if (error instanceof DOMException) signal.throwIfAborted()
      throw error
    }
  }

  return {
    async update(request, signal, look) {
      signal.throwIfAborted()
      const { path, body, idempotencyKey } = request
      if (!hasWindows) await intend(request)
      return inFlight({ method: 'post', path, body, idempotencyKey }, signal, { intent: request, look })
    },
    read: (path, signal) => inFlight({ method: 'get', path, body: '' }, signal),
    list: (signal) => send({ method: 'get', path: shortestList, body: '' }, signal, { isProbe: true }),
    giveUp: () => gate.clearQueue(),
  }
}

interface SendSteps {
  readonly isProbe?: boolean
  /** Made durable between the turn and the signature. */
  readonly intent?: UpdateRequest
  readonly look?: ((response: ApiResponse) => void) | undefined
}

const shortestList = '/v1/customers?limit=1'
