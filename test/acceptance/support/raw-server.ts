/** A TCP server whose every byte the test decides: for what no HTTP server would do. */
import { createServer, type AddressInfo, type Socket } from 'node:net'

export interface RawServer {
  readonly origin: string
  /** Whole requests, as they came, with the number of their connection (from 1). */
  readonly requests: { readonly connection: number; readonly text: string }[]
  /** Connections so far. */
  readonly connections: number
  /** Resolves when the next connection has been closed by the client. */
  clientGone(): Promise<void>
  close(): Promise<void>
}

export interface RawBehaviour {
  /** Called when a connection opens, before anything is read. */
  readonly onConnection?: (socket: Socket) => void
  /** Called with each whole request. */
  readonly onRequest?: (socket: Socket, request: string, number: number) => void
}

export async function startRawServer(behaviour: RawBehaviour): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const requests: { connection: number; text: string }[] = []
  let connections = 0
  let gone: (() => void) | undefined

  const server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    // The client tears connections down in the middle of answers: that is what is tested.
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      gone?.()
    })
    behaviour.onConnection?.(socket)
    let received = ''
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1')
      const size = requestSize(received)
      if (size === undefined || received.length < size) return
      const text = Buffer.from(received.slice(0, size), 'latin1').toString('utf8')
      received = received.slice(size)
      requests.push({ connection, text })
      behaviour.onRequest?.(socket, text, requests.length)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    origin: `http://127.0.0.1:${portOf(server.address())}`,
    requests,
    get connections() {
      return connections
    },
    clientGone: () =>
      new Promise((resolve) => {
        gone = resolve
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** A port on which nothing listens. */
export async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const port = portOf(server.address())
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  return port
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Bytes of the first request in the text, once its head is there. */
function requestSize(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(text) ?? []
  return head + 4 + Number(length)
}

/** One HTTP answer. */
export function answer(body: string, head = 'HTTP/1.1 200 OK'): string {
  return `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
