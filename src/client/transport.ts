/**
 * HTTP exchanges with the API: one connection per place in flight, no pipelining, no redirects, HTTP/1.1. A connection that
 * misbehaved is thrown away.
 */
// Of undici, the client alone: fetch, WebSocket and the rest take as long to load as everything of ours.
import Client from 'undici/lib/dispatcher/client.js'
import type { ApiResponse, SignedRequest } from '../pipeline/ports.ts'
import { Connection, largestBody } from './connection.ts'
import type { Timeouts } from './connection.ts'

export interface TransportOptions extends Timeouts {
  /** `https://sandboxapi.rapyd.net`, without a path. */
  readonly origin: string
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

export function createTransport(options: TransportOptions): Transport {
  const { connectTimeoutMs, onRequest, onAnswer } = options
  const idle: Connection[] = []
  const all = new Set<Connection>()

  function connect(): Connection {
    const client = new Client(options.origin, {
      pipelining: 1,
      allowH2: false,
      connect: { timeout: connectTimeoutMs },
      // These would make two timers for each request, which live half a second; `Connection` has one for all.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 4_000,
      maxHeaderSize: largestHeader,
      maxResponseSize: largestBody,
    })
    const connection = new Connection({ ...options, client, onAnswered, onBroken })
    all.add(connection)
    return connection
  }

  function onAnswered(connection: Connection, response: ApiResponse): void {
    idle.push(connection)
    onAnswer?.(response)
  }

  function onBroken(connection: Connection): void {
    all.delete(connection)
    connection.client.destroy(() => {})
  }

  return {
    exchange(request) {
      const connection = idle.pop() ?? connect()
      onRequest?.()
      return connection.exchange(request)
    },
    async close() {
      const open = [...all]
      all.clear()
      await Promise.all(open.map(({ client }) => client.close()))
      for (const connection of open) connection.release()
    },
  }
}
