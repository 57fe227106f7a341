import type { Socket } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTransport } from '../../../src/http/transport.ts'
import type { SignedRequest } from '../../../src/model/ports.ts'
import {
  answer,
  closedPort,
  startRawServer,
  type RawBehaviour,
  type RawServer,
} from '../../acceptance/support/raw-server.ts'
import type { Transport } from '../../../src/http/ports.ts'

const request: SignedRequest = {
  method: 'post',
  path: '/v1/customers/cus_1',
  body: '{"name":"José 東 😀"}',
  headers: { access_key: 'key', 'content-type': 'application/json' },
}
const read: SignedRequest = { method: 'get', path: '/v1/customers?limit=1', body: '', headers: {} }

let server: RawServer | undefined
let transport: Transport | undefined
afterEach(async () => {
  // The server first: it ends connections that the client would wait for.
  await server?.close()
  await transport?.close()
  server = undefined
  transport = undefined
})

async function start(behaviour: RawBehaviour, attemptTimeoutMs = 10_000): Promise<Transport> {
  server = await startRawServer(behaviour)
  return connectTo(server.origin, attemptTimeoutMs)
}

const patient = {
  connections: 2,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 10_000,
  attemptTimeoutMs: 10_000,
}
/** An answer that has begun may take longer than any test. */
const endless = { ...patient, attemptTimeoutMs: 600_000 }

function connectTo(origin: string, attemptTimeoutMs = 10_000): Transport {
  transport = createTransport({ ...patient, origin, attemptTimeoutMs })
  return transport
}

const failure = (phase: string, reason: string | RegExp) =>
  expect.objectContaining({
    name: 'TransportError',
    phase,
    reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
  })

describe('a process that was stopped between a signature and its sending', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('sends nothing stale when it wakes, says so, and the next request goes out', async () => {
    const sent = await start({ onRequest: (socket) => socket.write(answer('{}')) })
    const signedAt = Date.now()
    const now = vi.spyOn(Date, 'now').mockReturnValue(signedAt)
    const stopped = sent.exchange(request)
    // Its connection is made, and it would go out, 11 s later.
    now.mockReturnValue(signedAt + 11_000)
    await expect(stopped).rejects.toEqual(failure('not_sent', 'stale'))
    expect(server?.requests).toEqual([])
    expect(await sent.exchange(request)).toMatchObject({ status: 200 })
  })

  it('sends nothing, neither an update nor a read, as long as it is not known to have its run', async () => {
    server = await startRawServer({ onRequest: (socket) => socket.write(answer('{}')) })
    let isFresh = false
    transport = createTransport({ ...patient, origin: server.origin, maySend: () => isFresh })
    for (const each of [request, read])
      await expect(transport.exchange(each)).rejects.toEqual(failure('not_sent', 'stale'))
    expect(server.requests).toEqual([])
    isFresh = true
    expect(await transport.exchange(request)).toMatchObject({ status: 200 })
  })
})

describe('a whole answer', () => {
  it('comes back with its status, headers and body, and the request arrived byte for byte', async () => {
    const sent = await start({
      onRequest: (socket) => socket.write(answer('{"á":1}', 'HTTP/1.1 201 Created\r\nRetry-After: 7')),
    })
    const response = await sent.exchange(request)
    expect(response).toMatchObject({ status: 201, body: '{"á":1}', headers: { 'retry-after': '7' } })
    const text = server?.requests[0]?.text ?? ''
    expect(text.startsWith('POST /v1/customers/cus_1 HTTP/1.1\r\n')).toBe(true)
    expect(text).toContain('\r\naccess_key: key\r\n')
    expect(text).toContain(`\r\ncontent-length: ${Buffer.byteLength(request.body)}\r\n`)
    expect(text.endsWith(`\r\n\r\n${request.body}`)).toBe(true)
  })

  it('may take longer to end than it may take to begin, which the next one has to do in time all the same', async () => {
    server = await startRawServer({
      onRequest(socket, _request, number) {
        if (number > 2) return
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n')
        setTimeout(() => socket.write('{}'), number === 1 ? 700 : 0)
      },
    })
    transport = createTransport({ ...endless, origin: server.origin, headersTimeoutMs: 500 })
    expect(await transport.exchange(request)).toMatchObject({ status: 200, body: '{}' })
    expect(await transport.exchange(request)).toMatchObject({ status: 200, body: '{}' })
    await expect(transport.exchange(request)).rejects.toEqual(failure('ambiguous', 'timeout'))
  })

  it('tells of every request, whatever becomes of it', async () => {
    const told: string[] = []
    server = await startRawServer({
      onRequest: (socket, _request, number) => (number === 1 ? socket.write(answer('{}')) : socket.destroy()),
    })
    transport = createTransport({
      origin: server.origin,
      ...patient,
      onRequest: () => told.push('request'),
    })
    await transport.exchange(request)
    await expect(transport.exchange(request)).rejects.toThrow()
    expect(told).toEqual(['request', 'request'])
  })

  it('is asked for without a body where there is none', async () => {
    const sent = await start({ onRequest: (socket) => socket.write(answer('{}')) })
    await sent.exchange(read)
    const text = server?.requests[0]?.text ?? ''
    expect(text.startsWith('GET /v1/customers?limit=1 HTTP/1.1\r\n')).toBe(true)
    expect(text).not.toMatch(/content-length|transfer-encoding/i)
  })

  it.each([
    [
      'in chunks that cut a character',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
      ['1\r\n\xc3\r\n', '1\r\n\xa9\r\n', '0\r\n\r\n'],
      200,
      'é',
    ],
    ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', [], 204, ''],
    [
      'that redirects, which is not followed',
      'HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n',
      [],
      302,
      '',
    ],
    [
      'behind an early hint',
      'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n',
      ['{}'],
      200,
      '{}',
    ],
    [
      'of exactly 1 MiB',
      'HTTP/1.1 200 OK\r\ncontent-length: 1048576\r\n\r\n',
      ['x'.repeat(1024 * 1024)],
      200,
      'x'.repeat(1024 * 1024),
    ],
  ])('is read %s', async (_what, head, pieces, status, body) => {
    const sent = await start({
      onRequest: (socket) => {
        socket.write(head, 'latin1')
        for (const piece of pieces) socket.write(piece, 'latin1')
      },
    })
    const response = await sent.exchange(request)
    expect(response.status).toBe(status)
    expect(response.body === body).toBe(true)
    expect(server?.requests).toHaveLength(1)
  })
})

const write = (text: string) => (socket: Socket) => void socket.write(text, 'latin1')
const writeAndEnd = (text: string) => (socket: Socket) => void socket.end(text, 'latin1')

describe('an exchange that fails after the request may have arrived is ambiguous', () => {
  const cases: readonly (readonly [string, (socket: Socket) => void, string | RegExp])[] = [
    ['reset before an answer', (socket) => void socket.resetAndDestroy(), /^(?:ECONNRESET|UND_ERR_SOCKET)$/],
    ['closed before an answer', (socket) => void socket.end(), 'UND_ERR_SOCKET'],
    ['closed within the head', writeAndEnd('HTTP/1.1 200 OK\r\ncontent-le'), /./],
    ['closed within the body', writeAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"a'), /./],
    [
      'closed within a chunk',
      writeAndEnd('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{"a'),
      /./,
    ],
    ['bytes that are not HTTP', write('SSH-2.0-OpenSSH\r\n\r\n'), /./],
    ['two lengths', write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}'), /./],
    [
      'a length and chunks',
      write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'),
      /./,
    ],
    [
      '40 KB of headers',
      write(`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`),
      'UND_ERR_HEADERS_OVERFLOW',
    ],
    [
      'a body over 1 MiB',
      write(`HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n${'x'.repeat(1024 * 1024 + 1)}`),
      'too_large',
    ],
    ['an endless body', write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(2 * 1024 * 1024)}`), 'too_large'],
  ]
  it.each(cases)('%s', async (_what, onRequest, reason) => {
    const sent = await start({ onRequest })
    await expect(sent.exchange(request)).rejects.toEqual(failure('ambiguous', reason))
  })

  it('a server that says nothing, when the time is up', async () => {
    const sent = await start({}, 500)
    await expect(sent.exchange(request)).rejects.toEqual(failure('ambiguous', 'timeout'))
    expect(server?.requests).toHaveLength(1)
  })

  it('a server that says nothing, long before an answer that has begun would have to end', async () => {
    server = await startRawServer({})
    transport = createTransport({ ...endless, origin: server.origin, headersTimeoutMs: 100 })
    await expect(transport.exchange(request)).rejects.toEqual(failure('ambiguous', 'timeout'))
  })

  it('a server that drips for ever, when the time is up', async () => {
    let drip: NodeJS.Timeout | undefined
    const sent = await start(
      {
        onRequest: (socket) => {
          socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n')
          drip = setInterval(() => socket.write('x'), 10)
        },
      },
      150,
    )
    await expect(sent.exchange(request)).rejects.toEqual(failure('ambiguous', 'timeout'))
    clearInterval(drip)
  })

  it('a connection that is reset before the request was read', async () => {
    const sent = await start({ onConnection: (socket) => void socket.resetAndDestroy() })
    await expect(sent.exchange(request)).rejects.toMatchObject({ name: 'TransportError' })
    expect(server?.requests).toEqual([])
  })
})

describe('an exchange that cannot begin', () => {
  it('is not sent where nothing listens', async () => {
    const sent = connectTo(`http://127.0.0.1:${await closedPort()}`)
    await expect(sent.exchange(request)).rejects.toEqual(failure('not_sent', 'ECONNREFUSED'))
  })

  it('is not sent where the name is unknown', async () => {
    const sent = connectTo('http://rapyd.invalid')
    await expect(sent.exchange(request)).rejects.toEqual(failure('not_sent', /^(?:ENOTFOUND|EAI_AGAIN)$/))
  })

  it('is a matter for a human where the server speaks no TLS', async () => {
    server = await startRawServer({
      onConnection: (socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    })
    const sent = connectTo(server.origin.replace('http:', 'https:'))
    await expect(sent.exchange(request)).rejects.toEqual(failure('tls', /^ERR_SSL/))
  })
})

describe('connections', () => {
  it('are used again, and are no more than were asked for', async () => {
    const sent = await start({ onRequest: (socket) => socket.write(answer('{}')) })
    const round = () => Promise.all([1, 2, 3].map(() => sent.exchange(request)))
    for (let rounds = 0; rounds < 3; rounds++) expect(await round()).toHaveLength(3)
    expect(server?.connections).toBe(2)
  })

  it('are opened anew where the server closed the last one', async () => {
    const sent = await start({
      onRequest: (socket) => socket.end(answer('{}', 'HTTP/1.1 200 OK\r\nconnection: close')),
    })
    await sent.exchange(request)
    expect(await sent.exchange(request)).toMatchObject({ status: 200 })
    expect(server?.connections).toBe(2)
  })

  it('are thrown away when they misbehaved', async () => {
    const sent = await start({
      onRequest: (socket, _text, number) => socket.write(number === 1 ? 'nonsense\r\n\r\n' : answer('{}')),
    })
    const gone = server?.clientGone()
    await expect(sent.exchange(request)).rejects.toMatchObject({ phase: 'ambiguous' })
    await gone
    expect(await sent.exchange(request)).toMatchObject({ status: 200 })
    expect(server?.requests.map(({ connection }) => connection)).toEqual([1, 2])
  })

  it('never give what came behind an answer to the next request', async () => {
    const sent = await start({
      onRequest: (socket, _text, number) =>
        socket.write(number === 1 ? answer('first') + answer('smuggled') : answer('second')),
    })
    const gone = server?.clientGone()
    expect(await sent.exchange(request)).toMatchObject({ body: 'first' })
    await gone
    expect(await sent.exchange(request)).toMatchObject({ body: 'second' })
    expect(server?.connections).toBe(2)
  })

  it('are closed with the transport, which may be closed twice', async () => {
    const sent = await start({ onRequest: (socket) => socket.write(answer('{}')) })
    await sent.exchange(request)
    const gone = server?.clientGone()
    await sent.close()
    await gone
  })
})
