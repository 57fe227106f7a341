/**
 * One request, layer by layer: a place in flight, the limiter's turn, the durable intent, and only then salt, timestamp and
 * signature. What has a turn can be sent at once, so a stop, a block or a crash finds few rows on their way.
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
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, health, signer, transport, intend } = parts
  const gate = pLimit(parts.concurrency)

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    { isProbe = false, prepare, look }: SendSteps = {},
  ): Promise<ApiResponse> {
    signal.throwIfAborted()
    const over = await limiter.turn(signal, isProbe)
    try {
      await prepare?.()
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

  return {
    update(request, signal, look) {
      const { path, body, idempotencyKey } = request
      const prepare = (): Promise<void> | undefined => intend(request)
      return gate(send, { method: 'post', path, body, idempotencyKey }, signal, { prepare, look })
    },
    read: (path, signal) => gate(send, { method: 'get', path, body: '' }, signal),
    list: (signal) => send({ method: 'get', path: shortestList, body: '' }, signal, { isProbe: true }),
  }
}

interface SendSteps {
  readonly isProbe?: boolean
  /** Waited for between the turn and the signature. */
  readonly prepare?: () => Promise<void> | undefined
  readonly look?: ((response: ApiResponse) => void) | undefined
}

const shortestList = '/v1/customers?limit=1'
