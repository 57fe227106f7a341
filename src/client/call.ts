/**
 * One attempt, layer by layer. With windows: a place in flight, the limiter's turn, the durable intent, and only then salt,
 * timestamp and signature. Whoever has a turn can send at once, so a stop, a block or a crash finds few rows on their way.
 *
 * Without windows (a simulator) the intent comes before the place: nobody waits for turns there, and a group commit should
 * not keep a place empty.
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
  /** Makes the row's intent durable; asked before every attempt, does something before the first. */
  readonly intend: (request: UpdateRequest) => Promise<void>
  /** Requests in flight at most. */
  readonly concurrency: number
  /** True where rates are limited. */
  readonly hasWindows: boolean
}

/** Each rejects with `TransportError`, or with the signal's reason where it was aborted before anything was sent. */
export interface Calls {
  update(request: UpdateRequest, signal: AbortSignal): Promise<ApiResponse>
  retrieve(customerId: string, signal: AbortSignal): Promise<ApiResponse>
  /** A read of the shortest list: proves key, clock and environment. */
  list(signal: AbortSignal): Promise<ApiResponse>
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, throttle, signer, transport, hasWindows } = parts
  const gate = pLimit(parts.concurrency)

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    intent: UpdateRequest | undefined,
  ): Promise<ApiResponse> {
    signal.throwIfAborted()
    const over = await limiter.turn(signal)
    try {
      if (intent !== undefined) await parts.intend(intent)
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
      if (hasWindows) return gate(send, post, signal, request)
      return parts.intend(request).then(() => gate(send, post, signal, undefined))
    },
    retrieve: (customerId, signal) => read(customerPath(customerId), signal),
    list: (signal) => read('/v1/customers?limit=1', signal),
  }
}
