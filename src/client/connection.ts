/**
 * One connection to the API and the exchange that runs on it: undici's `dispatch` without pipelining, the body read to its
 * end under a cap, and a deadline for the answer's begin and one for its end. It serves one exchange after another, with one
 * timer for all: an object, a timer and closures for each of them cost more than what they do.
 */
import type { Client, Dispatcher } from 'undici'
import type { ApiResponse, SignedRequest } from '../pipeline/ports.ts'
import { describe, TransportError } from './transport-error.ts'

/** All in milliseconds, and all count from the request's signature. */
export interface Timeouts {
  /** A request that waited longer than this for its connection is not sent at all: its signature has aged with it. */
  readonly connectTimeoutMs: number
  /** Until an answer begins. */
  readonly headersTimeoutMs: number
  /** Until it has ended. */
  readonly attemptTimeoutMs: number
}

export interface ConnectionParts extends Timeouts {
  readonly client: Client
  /** Called with the answer before the exchange resolves, when the connection can take the next one. */
  readonly onAnswered: (connection: Connection, response: ApiResponse) => void
  /** Called before the exchange rejects; the connection is not to be used again. */
  readonly onBroken: (connection: Connection) => void
}

export const largestBody = 1024 * 1024

const noBytes = Buffer.alloc(0)
const noHeaders: ApiResponse['headers'] = {}

/** States: idle, waiting (for the connection to be made), started (the request is being sent), broken. */
export class Connection implements Dispatcher.DispatchHandler {
  readonly client: Client
  readonly #parts: ConnectionParts
  /** Of the timer that every exchange begins with: until its answer begins. */
  readonly #firstMs: number
  #deadline: NodeJS.Timeout | undefined
  #isBusy = false
  #resolve: (response: ApiResponse) => void = ignore
  #reject: (error: TransportError) => void = ignore
  #signedAt = 0
  #started: Dispatcher.DispatchController | undefined
  #startedAt = 0
  #late = false
  /** True while the timer is a second one, until the answer ends. */
  #isSecond = false
  #status = 0
  #headers: ApiResponse['headers'] = noHeaders
  /** The body as far as it has come. */
  readonly #chunks: Buffer[] = []
  #size = 0

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#firstMs = Math.min(parts.headersTimeoutMs, parts.attemptTimeoutMs)
    this.client = parts.client
  }

  /** Rejects with `TransportError` and nothing else. One at a time. */
  exchange(request: SignedRequest): Promise<ApiResponse> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
      this.#begin()
      this.client.dispatch(
        {
          method: request.method === 'get' ? 'GET' : 'POST',
          path: request.path,
          headers: request.headers,
          body: request.body === '' ? null : request.body,
        },
        this,
      )
    })
  }

  #begin(): void {
    this.#isBusy = true
    this.#signedAt = Date.now()
    this.#started = undefined
    this.#late = false
    if (this.#deadline === undefined) this.#deadline = setTimeout(expire, this.#firstMs, this)
    else this.#deadline.refresh()
  }

  /** The time of the exchange is over; between two of them it means nothing. */
  expire(): void {
    if (!this.#isBusy) return
    if (this.#status >= 200 && !this.#isSecond) {
      this.#isSecond = true
      this.#deadline = setTimeout(expire, this.#parts.attemptTimeoutMs - this.#firstMs, this)
      return
    }
    this.#late = true
    if (this.#started === undefined) this.#fail(new TransportError('not_sent', 'connect_timeout'))
    else this.#started.abort(new Error('deadline'))
  }

  /** Lets its timer go. */
  release(): void {
    clearTimeout(this.#deadline)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A process that was stopped, or a machine that slept, wakes here: timers may be late, and not all count sleep.
    if (Date.now() - this.#signedAt > this.#parts.connectTimeoutMs)
      return controller.abort(Object.assign(new Error('the signature is too old'), { code: 'stale' }))
    this.#started = controller
    this.#startedAt = performance.now()
    if (this.#late) controller.abort(new Error('deadline'))
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: ApiResponse['headers'],
  ): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#size += chunk.length
    if (this.#size > largestBody) controller.abort(new Error('too large'))
    else this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const headers = this.#headers
    // Mostly it has come in one piece.
    const [first = noBytes] = this.#chunks
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first
    const response = {
      status: this.#status,
      headers,
      body: body.toString('utf8'),
      tookMs: performance.now() - this.#startedAt,
      complete: headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
    }
    const resolve = this.#resolve
    this.#end()
    this.#parts.onAnswered(this, response)
    resolve(response)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#fail(describe(error, this.#started !== undefined, this.#late, this.#size > largestBody))
  }

  #fail(error: TransportError): void {
    const reject = this.#reject
    this.#end()
    this.release()
    this.#parts.onBroken(this)
    reject(error)
  }

  /** What is over must not be kept alive by a connection that waits for the next request. */
  #end(): void {
    this.#isBusy = false
    this.#resolve = ignore
    this.#reject = ignore
    this.#started = undefined
    this.#status = 0
    this.#headers = noHeaders
    this.#chunks.length = 0
    this.#size = 0
    if (!this.#isSecond) return
    this.#isSecond = false
    this.release()
    this.#deadline = undefined
  }
}

function ignore(): void {}

function expire(connection: Connection): void {
  connection.expire()
}
