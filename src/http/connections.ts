/** Connections to one host: direct, or through tunnels of a proxy. Nothing of a request is sent before its connection is ready. */
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, getCACertificates } from 'node:tls'
import { Pool, ProxyAgent } from 'undici'
import type { Dispatcher } from 'undici'
import { systemCode } from '../model/errors.ts'
import { TransportError } from './errors.ts'

/** Times in milliseconds. */
export interface ConnectionOptions {
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
}

export interface Connections {
  readonly dispatcher: Dispatcher
  /** Who issued the certificate of the host; empty if that is unknown. Connects once more for it, and sends nothing. */
  readonly readIssuer: () => Promise<string>
}

const largestHeader = 16 * 1024
const largestBody = 1024 * 1024
const keepAliveMs = 4_000

export function openConnections(options: ConnectionOptions): Connections {
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
      readIssuer: () => readIssuer(origin, timeout),
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
      return tunnel === undefined ? '' : readIssuer(origin, timeout, tunnel)
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
export function connectionError(error: unknown, prefix = ''): TransportError {
  if (error instanceof TransportError) return error
  const code = systemCode(error)
  const isUntrusted = /^(?:ERR_TLS|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_SSL)/.test(code)
  return new TransportError(isUntrusted ? 'tls' : 'not_sent', `${prefix}${code || 'not_connected'}`)
}

function readIssuer(origin: string, timeout: number, tunnel?: Duplex): Promise<string> {
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
