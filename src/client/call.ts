/**
 * One attempt, layer by layer: a place in flight, the limiter's turn, the durable intent, and only then salt, timestamp and
 * signature. Whoever has a turn can send at once, so a stop, a block or a crash finds few rows on their way. Without windows the
 * intent is there before (`intent-first.ts`).
 */
import pLimit from 'p-limit'
import type { UpdateRequest } from '../domain/request.ts'
import type { ApiRequest, ApiResponse } from '../pipeline/ports.ts'
import { customerPath } from '../rapyd/update-customer.ts'
import type { Limiter } from './limiter.ts'
import type { Signer } from './signing.ts'
import type { Health } from './health.ts'
import { TransportError } from './transport-error.ts'
import type { Transport } from './transport.ts'

export interface CallParts {
  readonly limiter: Limiter
  readonly health: Health
  /** For requests that ask whether the server is there. */
  readonly probeHealth: Health
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
  /** `look` gets the answer before the turn is over, so that whoever waits next knows what it means. */
  update(
    request: UpdateRequest,
    signal: AbortSignal,
    look?: (response: ApiResponse) => void,
  ): Promise<ApiResponse>
  retrieve(customerId: string, signal: AbortSignal): Promise<ApiResponse>
  /** Reads the list at `path`. */
  page(path: string, signal: AbortSignal): Promise<ApiResponse>
  /** A read of the shortest list: proves key, clock and environment. Waits for no other call, only for a pause to end. */
  list(signal: AbortSignal): Promise<ApiResponse>
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, health, probeHealth, signer, transport } = parts
  // Without windows the limiter's slots are the places.
  const gate = parts.hasWindows ? pLimit(parts.concurrency) : undefined

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    intent: UpdateRequest | undefined,
    isProbe = false,
    look?: (response: ApiResponse) => void,
  ): Promise<ApiResponse> {
    signal.throwIfAborted()
    const told = isProbe ? probeHealth : health
    const turn = limiter.turn(signal, isProbe)
    // To wait for what is there costs a round of the queue.
    const over = typeof turn === 'function' ? turn : await turn
    try {
      const durable = intent === undefined ? undefined : parts.intend(intent)
      if (durable !== undefined) await durable
      signal.throwIfAborted()
      const response = await transport.exchange(signer.sign(request))
      told.answered(response)
      look?.(response)
      return response
    } catch (error) {
      if (error instanceof TransportError) told.broke(error)
      throw error
    } finally {
      over()
    }
  }

  function read(path: string, signal: AbortSignal): Promise<ApiResponse> {
    const get = { method: 'get', path, body: '' } as const
    return gate === undefined ? send(get, signal, undefined) : gate(send, get, signal, undefined)
  }

  return {
    update(request, signal, look) {
      const { path, body, idempotencyKey } = request
      const post = { method: 'post', path, body, idempotencyKey } as const
      return gate === undefined
        ? send(post, signal, request, false, look)
        : gate(send, post, signal, request, false, look)
    },
    retrieve: (customerId, signal) => read(customerPath(customerId), signal),
    page: read,
    list: (signal) =>
      send({ method: 'get', path: '/v1/customers?limit=1', body: '' }, signal, undefined, true),
  }
}
