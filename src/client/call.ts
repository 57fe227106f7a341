/**
 * One attempt, layer by layer: a place in flight, the limiter's turn, the durable intent, and only then salt, timestamp and
 * signature. Whoever has a turn can send at once, so a stop, a block or a crash finds few rows on their way.
 */
import pLimit from 'p-limit'
import type { UpdateRequest } from '../domain/request.ts'
import type { ApiRequest, ApiResponse } from '../pipeline/ports.ts'
import { customerPath } from '../rapyd/update-customer.ts'
import type { Limiter } from './limiter.ts'
import type { Signer } from './signing.ts'
import type { Throttle } from './throttle.ts'
import type { Transport } from './transport.ts'

export interface CallParts {
  readonly limiter: Limiter
  readonly throttle: Throttle
  readonly signer: Signer
  readonly transport: Transport
  /** Makes the row's intent durable; asked before every attempt, gives nothing where it already is. */
  readonly intend: (request: UpdateRequest) => Promise<void> | undefined
  /** Requests in flight at most. */
  readonly concurrency: number
}

/** Each rejects with `TransportError`, or with the signal's reason where it was aborted before anything was sent. */
export interface Calls {
  update(request: UpdateRequest, signal: AbortSignal): Promise<ApiResponse>
  retrieve(customerId: string, signal: AbortSignal): Promise<ApiResponse>
  /** A read of the shortest list: proves key, clock and environment. */
  list(signal: AbortSignal): Promise<ApiResponse>
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, throttle, signer, transport } = parts
  const gate = pLimit(parts.concurrency)

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    intent: UpdateRequest | undefined,
  ): Promise<ApiResponse> {
    signal.throwIfAborted()
    const over = await limiter.turn(signal)
    try {
      const durable = intent === undefined ? undefined : parts.intend(intent)
      if (durable !== undefined) await durable
      signal.throwIfAborted()
      const response = await transport.exchange(signer.sign(request))
      // Before the turn is over: nobody may slip through between a block and the pause that it asks for.
      throttle(response)
      return response
    } finally {
      over()
    }
  }

  function read(path: string, signal: AbortSignal): Promise<ApiResponse> {
    return gate(send, { method: 'get', path, body: '' } as const, signal, undefined)
  }

  return {
    update(request, signal) {
      const { path, body, idempotencyKey } = request
      const post = { method: 'post', path, body, idempotencyKey } as const
      return gate(send, post, signal, request)
    },
    retrieve: (customerId, signal) => read(customerPath(customerId), signal),
    list: (signal) => read('/v1/customers?limit=1', signal),
  }
}
