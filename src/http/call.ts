/**
 * One request, layer by layer: a place in flight, the limiter's turn, the durable intent, and only then salt, timestamp and
 * signature. What has a turn can be sent at once, so a stop, a block or a crash finds few rows on their way. Without windows
 * nothing waits long for its turn, and the intent comes before the place: many rows then share one commit.
 *
 * Rows wait for their first request in `enter`, before they have a call: hundreds wait, and p-limit's queue stays short.
 */
import pLimit from 'p-limit'
import type { UpdateRequest } from '../model/row.ts'
import type { ApiRequest, ApiResponse } from '../model/ports.ts'
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
  /**
   * Waits until a first request of the row can have a place at once. Resolves with what the caller has to call when that
   * request is over.
   */
  enter(request: UpdateRequest, signal: AbortSignal): Promise<() => void>
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
  /** When the run stops for this reason: what waits for a place gives up at once, however long the requests in flight take. */
  readonly giveUp: (reason: unknown) => void
}

export function createCalls(parts: CallParts): Calls {
  const { limiter, health, signer, transport, intend, hasWindows } = parts
  const gate = pLimit({ concurrency: parts.concurrency, rejectOnClear: true })
  const entrance = createEntrance(parts.concurrency)

  async function send(
    request: ApiRequest,
    signal: AbortSignal,
    { isProbe = false, intent, look }: SendSteps = {},
  ): Promise<ApiResponse> {
    signal.throwIfAborted()
    const over = await limiter.turn(signal, isProbe)
    try {
      const durable = intent === undefined ? undefined : intend(intent)
      if (durable !== undefined) await durable
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
    async enter(request, signal) {
      signal.throwIfAborted()
      if (!hasWindows) await intend(request)
      signal.throwIfAborted()
      return entrance.take()
    },
    update(request, signal, look) {
      const { path, body, idempotencyKey } = request
      return inFlight({ method: 'post', path, body, idempotencyKey }, signal, { intent: request, look })
    },
    read: (path, signal) => inFlight({ method: 'get', path, body: '' }, signal),
    list: (signal) => send({ method: 'get', path: shortestList, body: '' }, signal, { isProbe: true }),
    giveUp(reason) {
      gate.clearQueue()
      entrance.close(reason)
    },
  }
}

/** Rows that wait for their first request, in order. */
function createEntrance(places: number) {
  let taken = 0
  let waiting: PromiseWithResolvers<() => void>[] = []

  function hold(): () => void {
    taken++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      taken--
      waiting.shift()?.resolve(hold())
    }
  }

  return {
    take(): Promise<() => void> {
      if (taken < places) return Promise.resolve(hold())
      const waiter = Promise.withResolvers<() => void>()
      waiting.push(waiter)
      return waiter.promise
    },
    close(reason: unknown): void {
      for (const waiter of waiting) waiter.reject(reason)
      waiting = []
    },
  }
}

interface SendSteps {
  readonly isProbe?: boolean
  /** Made durable between the turn and the signature. */
  readonly intent?: UpdateRequest
  readonly look?: ((response: ApiResponse) => void) | undefined
}

const shortestList = '/v1/customers?limit=1'
