/** HTTP exchanges with the API: HTTP/1.1, one request at a time on a connection, no redirects, bodies under a cap, every wait with an end. */
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { ApiResponse, SignedRequest } from '../model/ports.ts'
import { describe, TransportError } from './transport-error.ts'

/** All in milliseconds. */
export interface TransportOptions {
  /** `https://sandboxapi.rapyd.net`, without a path. */
  readonly origin: string
  /** Connections at most: one for each request in flight. */
  readonly connections: number
  /** To make a connection. A request that waited longer for one is not sent: its signature has aged with it. */
  readonly connectTimeoutMs: number
  /** From the request until an answer begins. */
  readonly headersTimeoutMs: number
  /** For the whole attempt, from its signature to the end of the answer. */
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

const largestHeader = 16 * 1024
const largestBody = 1024 * 1024
const keepAliveMs = 4_000

export function createTransport(options: TransportOptions): Transport {
  const { origin, connectTimeoutMs, headersTimeoutMs, attemptTimeoutMs, onRequest, onAnswer } = options
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    // The deadline of the whole attempt is below.
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: largestHeader,
    maxResponseSize: largestBody,
  })

  function exchange({ method, path, body, headers }: SignedRequest): Promise<ApiResponse> {
    onRequest?.()
    const signedAt = Date.now()
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>()
    let started: Dispatcher.DispatchController | undefined
    let startedAt = 0
    let isLate = false
    let status = 0
    let received: ApiResponse['headers'] = {}
    const chunks: Buffer[] = []
    // undici's own deadlines begin anew with every piece that arrives.
    const deadline = setTimeout(() => {
      isLate = true
      if (started === undefined) reject(new TransportError('not_sent', 'connect_timeout'))
      else started.abort(new Error('deadline'))
    }, attemptTimeoutMs)
    pool.dispatch(
      { method: method === 'get' ? 'GET' : 'POST', path, headers, body: body === '' ? null : body },
      {
        onRequestStart(controller) {
          // A process that was stopped, or a machine that slept, wakes here: timers may be late, and not all count sleep.
          if (isLate || Date.now() - signedAt > connectTimeoutMs)
            return controller.abort(Object.assign(new Error('the signature is too old'), { code: 'stale' }))
          started = controller
          startedAt = performance.now()
        },
        onResponseStart(_controller, statusCode, headersOfAnswer) {
          status = statusCode
          received = headersOfAnswer
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk)
        },
        onResponseEnd() {
          clearTimeout(deadline)
          const text = Buffer.concat(chunks).toString('utf8')
          const response = { status, headers: received, body: text, tookMs: performance.now() - startedAt }
          onAnswer?.(response)
          resolve(response)
        },
        onResponseError(_controller, error) {
          clearTimeout(deadline)
          reject(describe(error, started !== undefined, isLate))
        },
      },
    )
    return promise
  }

  return { exchange, close: () => (pool.closed ? Promise.resolve() : pool.close()) }
}
