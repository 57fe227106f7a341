/**
 * One attempt, layer by layer: the limiter's turn, the durable intent, the gate that bounds what is in flight, and only
 * then salt, timestamp and signature. The intent comes after the turn: rows that wait for the rate stay free of doubt.
 */
import pLimit from 'p-limit'
import type { UpdateRequest } from '../domain/request.ts'
import type { ApiRequest, ApiResponse } from '../pipeline/ports.ts'
import { customerPath } from '../rapyd/update-customer.ts'
import type { Limiter } from './limiter.ts'
import type { Signer } from './signing.ts'
import type { Transport } from './transport.ts'

export interface CallParts {
  readonly limiter: Limiter
  readonly signer: Signer
  readonly transport: Transport
  /** Makes the row's intent durable; asked before every attempt, does something before the first. */
  readonly intend: (request: UpdateRequest) => Promise<void>
  /** Requests in flight at most. */
  readonly concurrency: number
}

export interface Calls {
  /** Rejects with `TransportError`, or with the signal's reason while it waits for its turn. */
  update(request: UpdateRequest, signal: AbortSignal): Promise<ApiResponse>
  retrieve(customerId: string, signal: AbortSignal): Promise<ApiResponse>
  /** A read of the shortest list: proves key, clock and environment. */
  list(signal: AbortSignal): Promise<ApiResponse>
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, signer, transport } = parts
  const gate = pLimit(parts.concurrency)

  async function exchange(
    request: ApiRequest,
    signal: AbortSignal,
    before?: () => Promise<void>,
  ): Promise<ApiResponse> {
    const over = await limiter.turn(signal)
    try {
      await before?.()
      return await gate(() => transport.exchange(signer.sign(request)))
    } finally {
      over()
    }
  }

  return {
    update(request, signal) {
      const { path, body, idempotencyKey } = request
      return exchange({ method: 'post', path, body, idempotencyKey }, signal, () => parts.intend(request))
    },
    retrieve: (customerId, signal) =>
      exchange({ method: 'get', path: customerPath(customerId), body: '' }, signal),
    list: (signal) => exchange({ method: 'get', path: '/v1/customers?limit=1', body: '' }, signal),
  }
}
