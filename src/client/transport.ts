/**
 * One HTTP exchange over undici's `dispatch`: one connection per place, no pipelining, no redirects, HTTP/1.1, the body
 * read to its end under a cap, and a deadline over the whole attempt. A connection that misbehaved is thrown away.
 */
import { Client } from 'undici'
import type { Dispatcher } from 'undici'
import { systemCode } from '../errors.ts'
import type { ApiResponse, SignedRequest } from '../pipeline/ports.ts'

export interface TransportOptions {
  /** `https://sandboxapi.rapyd.net`, without a path. */
  readonly origin: string
  /** A request that waited longer than this for its connection is not sent at all: its signature has aged with it. */
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  /** From the first byte sent to the last byte read. */
  readonly attemptTimeoutMs: number
  /** Called for every request, whatever becomes of it. Must not throw. */
  readonly onRequest?: () => void
  /** Called with every answer. Must not throw. */
  readonly onAnswer?: (response: ApiResponse) => void
}

export interface Transport {
  /** Rejects with `TransportError` and nothing else. */
  exchange(request: SignedRequest): Promise<ApiResponse>
  /** Waits for what is in flight. Harmless the second time. */
  close(): Promise<void>
}

/** `not_sent`: no byte of the request can have arrived. `ambiguous`: it may have been applied. `tls`: not sent, and a human is needed. */
export class TransportError extends Error {
  override readonly name = 'TransportError'
  readonly phase: 'not_sent' | 'ambiguous' | 'tls'
  /** A short word for reports: `ECONNRESET`, `timeout`, `too_large`. */
  readonly reason: string

  constructor(phase: TransportError['phase'], reason: string) {
    super(`${phase}: ${reason}`)
    this.phase = phase
    this.reason = reason
  }
}

const largestBody = 1024 * 1024
const largestHeader = 16 * 1024

export function createTransport(options: TransportOptions): Transport {
  const idle: Client[] = []
  const all = new Set<Client>()

  function connect(): Client {
    const client = new Client(options.origin, {
      pipelining: 1,
      allowH2: false,
      connect: { timeout: options.connectTimeoutMs },
      headersTimeout: options.headersTimeoutMs,
      bodyTimeout: options.attemptTimeoutMs,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 4_000,
      maxHeaderSize: largestHeader,
      maxResponseSize: largestBody,
    })
    all.add(client)
    return client
  }

  function discard(client: Client): void {
    all.delete(client)
    client.destroy(() => {})
  }

  /** Straight from the parser's callbacks to the caller: a promise in between costs more than what it would do. */
  function exchange(request: SignedRequest): Promise<ApiResponse> {
    const client = idle.pop() ?? connect()
    return new Promise((resolve, reject) => {
      const answer = new Answer(
        options,
        (response) => {
          idle.push(client)
          options.onAnswer?.(response)
          resolve(response)
        },
        (error) => {
          discard(client)
          reject(error)
        },
      )
      options.onRequest?.()
      client.dispatch(
        {
          method: request.method === 'get' ? 'GET' : 'POST',
          path: request.path,
          headers: request.headers,
          body: request.body === '' ? null : request.body,
        },
        answer,
      )
    })
  }

  return {
    exchange,
    async close() {
      const open = [...all]
      all.clear()
      await Promise.all(open.map((client) => client.close()))
    },
  }
}

/**
 * The answer to one request as it comes in. States: waiting, started (the request is being sent), ended. A class, because
 * undici asks for an object of handlers and this one is made for every request.
 */
class Answer implements Dispatcher.DispatchHandler {
  readonly #resolve: (response: ApiResponse) => void
  readonly #reject: (error: TransportError) => void
  readonly #deadline: NodeJS.Timeout
  readonly #signedAt = Date.now()
  readonly #freshMs: number
  #started: Dispatcher.DispatchController | undefined
  #startedAt = 0
  #late = false
  #status = 0
  #headers: ApiResponse['headers'] = {}
  readonly #chunks: Buffer[] = []
  #size = 0

  constructor(
    { attemptTimeoutMs, connectTimeoutMs }: TransportOptions,
    resolve: (response: ApiResponse) => void,
    reject: (error: TransportError) => void,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#freshMs = connectTimeoutMs
    this.#deadline = setTimeout(expire, attemptTimeoutMs, this)
  }

  expire(): void {
    this.#late = true
    if (this.#started === undefined) this.#fail(new TransportError('not_sent', 'connect_timeout'))
    else this.#started.abort(new Error('deadline'))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // A process that was stopped, or a machine that slept, wakes here: timers may be late, and not all count sleep.
    if (Date.now() - this.#signedAt > this.#freshMs)
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
    clearTimeout(this.#deadline)
    const headers = this.#headers
    const [first = Buffer.alloc(0)] = this.#chunks
    const body = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first
    this.#resolve({
      status: this.#status,
      headers,
      body: body.toString('utf8'),
      tookMs: performance.now() - this.#startedAt,
      complete: headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#fail(describe(error, this.#started !== undefined, this.#late, this.#size > largestBody))
  }

  #fail(error: TransportError): void {
    clearTimeout(this.#deadline)
    this.#reject(error)
  }
}

function expire(answer: Answer): void {
  answer.expire()
}

const notSent: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

function describe(error: unknown, started: boolean, late: boolean, tooLarge: boolean): TransportError {
  const code = systemCode(error)
  if (/^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/.test(code))
    return new TransportError('tls', code)
  if (notSent.has(code) || !started) return new TransportError('not_sent', code || 'not_connected')
  if (tooLarge || code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return new TransportError('ambiguous', 'too_large')
  if (late || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return new TransportError('ambiguous', 'timeout')
  }
  return new TransportError('ambiguous', code || 'broken')
}
