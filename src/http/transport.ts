/** HTTP exchanges on undici: HTTP/1.1, one request at a time on a connection, no redirects, limits on size and on every wait. */
import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import { systemCode } from '../model/errors.ts'
import type { ApiResponse, SignedRequest } from '../model/ports.ts'
import { TransportError } from './errors.ts'

/** All in milliseconds. */
export interface TransportOptions {
  /** `https://sandboxapi.rapyd.net`, without a path. */
  readonly origin: string
  /** Connections at most: one for each request in flight. */
  readonly connections: number
  /** To connect. A request that waited longer for a connection is not sent, because its signature is too old. */
  readonly connectTimeoutMs: number
  /** From the request until an answer begins. */
  readonly headersTimeoutMs: number
  /** For the whole attempt, from its signature to the end of the answer. */
  readonly attemptTimeoutMs: number
  /** Asked in the moment in which a request would be sent. False: it is not sent. Default: always true. */
  readonly maySend?: () => boolean
  /** Called for every request, also if it fails. Must not throw. */
  readonly onRequest?: () => void
  /** Called with every answer. Must not throw. */
  readonly onAnswer?: (response: ApiResponse) => void
}

export interface Transport {
  /** Rejects with `TransportError` and nothing else. */
  exchange(request: SignedRequest): Promise<ApiResponse>
  /** Waits for the requests in flight. Does nothing the second time. */
  close(): Promise<void>
}

const largestHeader = 16 * 1024
const largestBody = 1024 * 1024
const keepAliveMs = 4_000
const methods = { get: 'GET', post: 'POST', delete: 'DELETE' } as const

export function createTransport(options: TransportOptions): Transport {
  const { origin, connectTimeoutMs, headersTimeoutMs, attemptTimeoutMs, onRequest, onAnswer } = options
  const pool = new Pool(origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    connect: { timeout: connectTimeoutMs },
    headersTimeout: headersTimeoutMs,
    // `deadline` below covers the whole attempt.
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
    // undici's own timeouts restart with every piece that arrives.
    const deadline = setTimeout(() => {
      isLate = true
      if (started === undefined) reject(new TransportError('not_sent', 'connect_timeout'))
      else started.abort(new Error('deadline'))
    }, attemptTimeoutMs)
    pool.dispatch(
      { method: methods[method], path, headers, body: body === '' ? null : body },
      {
        onRequestStart(controller) {
          // A process that was stopped wakes here, and so does a machine that slept. Timers may be late then.
          const isTooOld = isLate || Date.now() - signedAt > connectTimeoutMs
          if (isTooOld || options.maySend?.() === false)
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
          reject(toTransportError(error, started !== undefined, isLate))
        },
      },
    )
    return promise
  }

  return { exchange, close: () => (pool.closed ? Promise.resolve() : pool.close()) }
}

const timeoutCodes: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** `isStarted`: the request was being sent. `isLate`: the time of the whole attempt was over. */
function toTransportError(error: unknown, isStarted: boolean, isLate: boolean): TransportError {
  const code = systemCode(error)
  // Once it was being sent, any error may have come after the server had it whole.
  if (!isStarted && /^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/.test(code))
    return new TransportError('tls', code)
  if (!isStarted) return new TransportError('not_sent', code || 'not_connected')
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new TransportError('ambiguous', 'too_large')
  if (isLate || timeoutCodes.has(code)) return new TransportError('ambiguous', 'timeout')
  return new TransportError('ambiguous', code || 'broken')
}
