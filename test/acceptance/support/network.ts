/** The network of a company: a proxy that opens tunnels, and TLS of its own certificate authority in front of a server. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'

const folder = join(import.meta.dirname, '..', '..', 'support', 'tls')
/** The certificate of the authority, for NODE_EXTRA_CA_CERTS and SSL_CERT_FILE. */
export const authority = join(folder, 'authority.pem')
export const issuer = 'Example Inspection CA, Example Corp'

export interface Listener {
  readonly port: number
  close(): Promise<void>
}

/** Takes TLS for `sandboxapi.rapyd.net`, `rapyd.example` and 127.0.0.1 off, and hands on to `port` on loopback. */
export function startTls(port: number): Promise<Listener> {
  const pem = readFileSync(join(folder, 'server.pem'))
  const server = createTlsServer({ cert: pem, key: pem }, (socket) =>
    joinSockets(socket, connect(port, '127.0.0.1')),
  )
  server.on('tlsClientError', () => {})
  return listen(server)
}

export interface Proxy extends Listener {
  /** What was asked: `sandboxapi.rapyd.net:443 user:password`. */
  readonly asked: string[]
}

/** `answer` handles a CONNECT, the first of which is number 1; undefined opens a tunnel to `target` on loopback. */
export async function startProxy(
  target: number,
  answer: (socket: Duplex, number: number) => string | undefined = () => undefined,
): Promise<Proxy> {
  const asked: string[] = []
  const server = createServer((_request, response) => response.writeHead(500).end())
  server.on('connect', ({ url = '', headers }, socket: Duplex) => {
    const given = /^Basic (.*)$/.exec(headers['proxy-authorization'] ?? '')?.[1] ?? ''
    asked.push(`${url} ${Buffer.from(given, 'base64').toString()}`.trim())
    const text = answer(socket, asked.length)
    if (text !== undefined) {
      socket.on('error', () => {})
      if (text !== '') socket.end(text)
      return
    }
    const onward = connect(target, '127.0.0.1')
    onward.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      joinSockets(socket, onward)
    })
    onward.once('error', () => socket.destroy())
  })
  return { asked, ...(await listen(server)) }
}

function joinSockets(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one)
  for (const [socket, end] of [
    [one, other],
    [other, one],
  ] as const)
    socket.on('error', () => {}).once('close', () => end.destroy())
}

type Server = ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>

async function listen(server: Server): Promise<Listener> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}
