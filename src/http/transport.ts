/** HTTP exchanges on undici: HTTP/1.1, one request at a time on a connection, no redirects, limits on size and on every wait. */
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, getCACertificates } from 'node:tls'
import { Pool, ProxyAgent, type Dispatcher } from 'undici'
import { systemCode } from '../model/errors.ts'
import { shownName } from '../model/text.ts'
import type { ApiResponse, SignedRequest } from '../model/ports.ts'
import { TransportError } from './errors.ts'
import type { Transport } from './ports.ts'

/**
 * Times in milliseconds. A request that waited longer than `connectTimeoutMs` for a connection is not sent, because its signature is
 * too old.
 */
export interface TransportOptions {
  /** `https://sandboxapi.rapyd.net`, without a path. */
  readonly origin: string
  /** Default: connections are direct. */
  readonly proxy?: URL | undefined
  /** Trusts the certificate authorities of the system as well. Default: only those that Node trusts. */
  readonly useSystemCa?: boolean
  /** Connections at most: one for each request in flight. */
  readonly connections: number
  /** For each step: to connect, to get a tunnel, to agree on TLS. */
  readonly connectTimeoutMs: number
  /** From the request until an answer begins. */
  readonly headersTimeoutMs: number
  /** For the whole attempt, from its signature to the end of the answer. */
  readonly attemptTimeoutMs: number
  /** Asked in the moment in which a request would be sent. False: it is not sent. Default: always true. */
  readonly maySend?: () => boolean
  /** Called for every request, also if it fails. Must not throw. */
  readonly onRequest?: (() => void) | undefined
}

const methods = { get: 'GET', post: 'POST', delete: 'DELETE' } as const

export function createTransport(options: TransportOptions): Transport {
  const { origin, connectTimeoutMs, attemptTimeoutMs, onRequest } = options
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
          resolve({ status, headers: received, body: text, tookMs: performance.now() - startedAt })
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
    return issuer === ''
      ? error
      : new TransportError('tls', `${error.reason}, issued by ${shownName(issuer)}`)
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

const largestHeader = 16 * 1024
const largestBody = 1024 * 1024
const keepAliveMs = 4_000

/** Connections to one host: direct, or through tunnels of a proxy. Nothing of a request is sent before its connection is ready. */
function openConnections(options: TransportOptions) {
  const { origin, proxy, connectTimeoutMs: timeout } = options
  const trusted = options.useSystemCa === true ? { secureContext: systemContext() } : {}
  const settings = {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: options.headersTimeoutMs,
    // The deadline of the attempt covers it.
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    maxHeaderSize: largestHeader,
    maxResponseSize: largestBody,
  }
  if (proxy === undefined)
    return {
      dispatcher: new Pool(origin, { ...settings, connect: { timeout, ...trusted } }),
      readIssuer: () => askIssuer(origin, timeout),
    }
  let tunnels: TunnelClient | undefined
  const dispatcher = new ProxyAgent({
    ...settings,
    uri: proxy.href,
    connectTimeout: timeout,
    requestTls: trusted,
    proxyTls: trusted,
    clientFactory: (url, given) => (tunnels = new TunnelClient(url, { ...given, headersTimeout: timeout })),
  })
  return {
    dispatcher,
    readIssuer: async () => {
      const tunnel = await tunnels?.openAgain()
      return tunnel === undefined ? '' : askIssuer(origin, timeout, tunnel)
    },
  }
}

function systemContext() {
  return createSecureContext({ ca: [...getCACertificates('default'), ...getCACertificates('system')] })
}

/** Asks a proxy for tunnels. Each of its errors shows that the request was not sent. */
class TunnelClient extends Pool {
  #last: Dispatcher.DispatchOptions | undefined

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.#last = options
    return super.dispatch(options, {
      onRequestStart: (controller, context) => handler.onRequestStart?.(controller, context),
      onRequestUpgrade(controller, status, headers, socket) {
        if (status === 200) return handler.onRequestUpgrade?.(controller, status, headers, socket)
        socket.on('error', () => {}).destroy()
        const phase = status === 407 ? 'proxy_auth' : 'not_sent'
        handler.onResponseError?.(controller, new TransportError(phase, `proxy_http_${status}`))
      },
      onResponseError: (controller, error) =>
        handler.onResponseError?.(controller, connectionError(error, 'proxy_')),
    })
  }

  /** The tunnel that was asked for last, once more. Resolves with undefined if there is none. */
  openAgain(): Promise<Duplex | undefined> {
    const options = this.#last
    return new Promise((resolve) => {
      if (options === undefined) return resolve(undefined)
      this.dispatch(options, {
        onRequestUpgrade: (_controller, _status, _headers, socket) => resolve(socket),
        onResponseError: () => resolve(undefined),
      })
    })
  }
}

/** Why there is no connection. `prefix` names the step. */
function connectionError(error: unknown, prefix = ''): TransportError {
  if (error instanceof TransportError) return error
  const code = systemCode(error)
  const isUntrusted = /^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/.test(code)
  return new TransportError(isUntrusted ? 'tls' : 'not_sent', `${prefix}${code || 'not_connected'}`)
}

/** Who issued the certificate of the host; empty if that is unknown. Connects once more for it, and sends nothing. */
function askIssuer(origin: string, timeout: number, tunnel?: Duplex): Promise<string> {
  const { hostname, port } = new URL(origin)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Promise((resolve) => {
    const socket = connect({
      ...(tunnel === undefined ? { host, port: Number(port || 443) } : { socket: tunnel }),
      servername: isIP(host) === 0 ? host : '',
      timeout,
      // Only to look at the certificate: nothing is written to this connection.
      rejectUnauthorized: false,
    })
    socket.once('secureConnect', () => {
      const { CN, O } = socket.getPeerCertificate().issuer ?? {}
      resolve([CN, O].flat().filter(Boolean).join(', '))
      socket.destroy()
    })
    socket.once('timeout', () => socket.destroy())
    socket.on('error', () => {})
    socket.once('close', () => resolve(''))
  })
}
