/** HTTP exchanges on undici: HTTP/1.1, one request at a time on a connection, no redirects, limits on size and on every wait. */
import type { Dispatcher } from 'undici'
import { systemCode } from '../model/errors.ts'
import type { ApiResponse, SignedRequest } from '../model/ports.ts'
import { connectionError, openConnections } from './connections.ts'
import type { ConnectionOptions } from './connections.ts'
import { TransportError } from './errors.ts'

/** A request that waited longer than `connectTimeoutMs` for a connection is not sent, because its signature is too old. */
export interface TransportOptions extends ConnectionOptions {
  /** In milliseconds, for the whole attempt, from its signature to the end of the answer. */
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

const methods = { get: 'GET', post: 'POST', delete: 'DELETE' } as const

export function createTransport(options: TransportOptions): Transport {
  const { origin, connectTimeoutMs, attemptTimeoutMs, onRequest, onAnswer } = options
  const { dispatcher, readIssuer } = openConnections(options)
  let closed: Promise<void> | undefined

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
    dispatcher.dispatch(
      { origin, method: methods[method], path, headers, body: body === '' ? null : body },
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
          if (started !== undefined) return reject(ambiguous(error, isLate))
          void withIssuer(connectionError(error)).then(reject)
        },
      },
    )
    return promise
  }

  /** Only a certificate has an issuer: `ERR_SSL_…` is something else than TLS. */
  async function withIssuer(error: TransportError): Promise<TransportError> {
    if (error.phase !== 'tls' || error.reason.includes('ERR_SSL')) return error
    const issuer = await readIssuer()
    return issuer === '' ? error : new TransportError('tls', `${error.reason}, issued by ${issuer}`)
  }

  return { exchange, close: () => (closed ??= dispatcher.close()) }
}

const timeoutCodes: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** Once a request was being sent, any error may have come after the server had it whole. `isLate`: its time was over. */
function ambiguous(error: unknown, isLate: boolean): TransportError {
  const code = systemCode(error)
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return new TransportError('ambiguous', 'too_large')
  return new TransportError('ambiguous', isLate || timeoutCodes.has(code) ? 'timeout' : code || 'broken')
}
