/** Tunnels of a proxy, and certificates: what a transport does where nothing of a request can have been sent. */
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTransport, type TransportOptions } from '../../../src/http/transport.ts'
import type { SignedRequest } from '../../../src/model/ports.ts'
import {
  authority,
  issuer,
  startProxy,
  startTls,
  type Listener,
  type Proxy,
} from '../../acceptance/support/network.ts'
import { answer, closedPort, startRawServer, type RawServer } from '../../acceptance/support/raw-server.ts'
import type { Transport } from '../../../src/http/ports.ts'

const request: SignedRequest = {
  method: 'post',
  path: '/v1/customers/cus_1',
  body: '{}',
  headers: { a: 'b' },
}

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
})

function keep<Kept extends { close(): Promise<void> }>(kept: Kept): Kept {
  open.push(kept)
  return kept
}

function openTransport(options: Partial<TransportOptions>): Transport {
  return keep(
    createTransport({
      origin: 'https://rapyd.example',
      connections: 2,
      connectTimeoutMs: 10_000,
      headersTimeoutMs: 10_000,
      attemptTimeoutMs: 20_000,
      ...options,
    }),
  )
}

async function startServer(): Promise<{ readonly server: RawServer; readonly tls: Listener }> {
  const server = keep(await startRawServer({ onRequest: (socket) => socket.write(answer('{}')) }))
  return { server, tls: keep(await startTls(Number(new URL(server.origin).port))) }
}

const urlOf = ({ port }: Listener, user = ''): URL => new URL(`http://${user}127.0.0.1:${port}`)
const failure = (phase: string, reason: string | RegExp) =>
  expect.objectContaining({ name: 'TransportError', phase, reason: expect.stringMatching(reason) })

describe('a proxy', () => {
  it.each<[string, string, string, RegExp]>([
    ['asks for a password', 'HTTP/1.1 407 No\r\n\r\n<html>log in</html>', 'proxy_auth', /^proxy_http_407$/],
    ['has no way', 'HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n', 'not_sent', /^proxy_http_502$/],
    [
      'sends to a portal',
      'HTTP/1.1 302 Found\r\nlocation: http://portal/\r\n\r\n',
      'not_sent',
      /^proxy_http_302$/,
    ],
    ['is a portal that says yes', 'HTTP/1.1 200 OK\r\n\r\n<html>Log in</html>', 'tls', /^ERR_SSL/],
    ['is no proxy', 'SSH-2.0-OpenSSH\r\n\r\n', 'not_sent', /^proxy_./],
    ['closes', '\r\n', 'not_sent', /^proxy_./],
  ])('that %s shows that the request was not sent', async (_what, text, phase, reason) => {
    const { server, tls } = await startServer()
    const proxy = keep(await startProxy(tls.port, () => text))
    const sent = openTransport({ proxy: urlOf(proxy) })
    await expect(sent.exchange(request)).rejects.toEqual(failure(phase, reason))
    expect(server.requests).toEqual([])
    expect(proxy.asked).toEqual(['rapyd.example:443'])
  })

  it('that says nothing has as long as a connection has, and then the request was not sent', async () => {
    const { server, tls } = await startServer()
    const proxy: Proxy = keep(await startProxy(tls.port, () => ''))
    const sent = openTransport({ proxy: urlOf(proxy), connectTimeoutMs: 100 })
    await expect(sent.exchange(request)).rejects.toEqual(
      failure('not_sent', /^proxy_UND_ERR_HEADERS_TIMEOUT$/),
    )
    expect(server.requests).toEqual([])
  })

  it('whose tunnel is silent has as long as TLS has, and then the request was not sent', async () => {
    const { server } = await startServer()
    const silent = keep(await startRawServer({}))
    const proxy = keep(await startProxy(Number(new URL(silent.origin).port)))
    const sent = openTransport({ proxy: urlOf(proxy), connectTimeoutMs: 100 })
    await expect(sent.exchange(request)).rejects.toEqual(failure('not_sent', /^UND_ERR_CONNECT_TIMEOUT$/))
    expect(server.requests).toEqual([])
  })

  it('at which nothing listens is named as the one that refuses', async () => {
    const sent = openTransport({ proxy: new URL(`http://127.0.0.1:${await closedPort()}`) })
    await expect(sent.exchange(request)).rejects.toEqual(failure('not_sent', /^proxy_ECONNREFUSED$/))
  })
})

describe('a certificate that Node does not trust', () => {
  it.each(['direct', 'tunnel'])('names who issued it, and nothing was sent (%s)', async (way) => {
    const { server, tls } = await startServer()
    const proxy = keep(await startProxy(tls.port))
    const sent = openTransport(
      way === 'direct' ? { origin: `https://127.0.0.1:${tls.port}` } : { proxy: urlOf(proxy) },
    )
    await expect(sent.exchange(request)).rejects.toEqual(
      failure('tls', new RegExp(`^UNABLE_TO_VERIFY_LEAF_SIGNATURE, issued by ${issuer}$`)),
    )
    expect(server.requests).toEqual([])
  })
})

describe('a connection with a certificate that Node trusts', () => {
  const trusted = getCACertificates('default')
  beforeAll(() => setDefaultCACertificates([...trusted, readFileSync(authority, 'utf8')]))
  afterAll(() => setDefaultCACertificates(trusted))

  it('carries requests one after another, after the proxy got its user and password, decoded', async () => {
    const { server, tls } = await startServer()
    const proxy = keep(await startProxy(tls.port))
    const sent = openTransport({ proxy: urlOf(proxy, 'me:p%40ss%23@'), connections: 1 })
    for (const path of ['/1', '/2']) await sent.exchange({ ...request, path })
    expect(server.requests.map(({ text }) => text.split(' HTTP', 1)[0])).toEqual(['POST /1', 'POST /2'])
    expect(server.requests[0]?.text).toContain('\r\nhost: rapyd.example\r\n')
    expect(server.requests[0]?.text).not.toMatch(/proxy/i)
    expect(proxy.asked).toEqual(['rapyd.example:443 me:p@ss#'])
  })

  it('that breaks within a request leaves it in doubt', async () => {
    const server = keep(await startRawServer({ onRequest: (socket) => void socket.destroy() }))
    const tls = keep(await startTls(Number(new URL(server.origin).port)))
    const proxy = keep(await startProxy(tls.port))
    const sent = openTransport({ proxy: urlOf(proxy) })
    await expect(sent.exchange(request)).rejects.toEqual(failure('ambiguous', /./))
    expect(server.requests).toHaveLength(1)
  })

  it.each(['direct', 'tunnel'])('is not used with the certificate of another host (%s)', async (way) => {
    const { server, tls } = await startServer()
    const proxy = keep(await startProxy(tls.port))
    const sent = openTransport(
      way === 'direct'
        ? { origin: `https://localhost:${tls.port}` }
        : { origin: 'https://another.example', proxy: urlOf(proxy) },
    )
    for (const each of ['first', 'again'])
      await expect(sent.exchange(request), each).rejects.toEqual(
        failure('tls', new RegExp(`^ERR_TLS_CERT_ALTNAME_INVALID, issued by ${issuer}$`)),
      )
    expect(server.requests).toEqual([])
  })
})
