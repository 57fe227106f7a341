import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemCode } from '../../../src/model/errors.ts'
import type { Simulator } from '../../../src/simulator/server.ts'
import { signedHeaders, startSimulator } from './signed-request.ts'

interface Ending {
  readonly bytes: string
  /** `closed` in order, or the code of the socket's error. */
  readonly end: string
}

/** Sends one update over a bare socket and returns how the connection ended. */
function exchange(simulator: Simulator): Promise<Ending> {
  const path = '/v1/customers/cus_1'
  const body = '{"name":"A"}'
  const headers = Object.entries(signedHeaders(simulator, 'POST', path, body))
  const lines = [
    `POST ${path} HTTP/1.1`,
    'host: localhost',
    'connection: close',
    `content-length: ${body.length}`,
  ]
  const head = [...lines, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\r\n')
  return new Promise((resolve) => {
    let bytes = ''
    let end = 'closed'
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1')
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (bytes += chunk))
    socket.on('error', (error) => (end = systemCode(error)))
    socket.on('close', () => resolve({ bytes, end }))
    socket.write(`${head}\r\n\r\n${body}`)
  })
}

/** How many bytes of the announced body are missing. */
function missing(bytes: string): number {
  const [head = '', body = ''] = bytes.split('\r\n\r\n')
  return Number(/content-length: (\d+)/i.exec(head)?.[1] ?? body.length) - body.length
}

describe('on the wire', () => {
  it('a refused connection is closed in order, without a byte', async () => {
    const simulator = await startSimulator({ faults: 'refuse' })
    expect(await exchange(simulator)).toEqual({ bytes: '', end: 'closed' })
  })

  it.each(['reset-before', 'reset-after', 'reset-body'])('%s ends in a reset', async (faults) => {
    const simulator = await startSimulator({ faults })
    expect((await exchange(simulator)).end).toBe('ECONNRESET')
  })

  it('truncated announces more than it sends, and closes in order', async () => {
    const simulator = await startSimulator({ faults: 'truncated' })
    const { bytes, end } = await exchange(simulator)
    expect([bytes.startsWith('HTTP/1.1 200 OK\r\n'), end]).toEqual([true, 'closed'])
    expect(missing(bytes)).toBeGreaterThan(100)
  })

  it('cut-json announces nothing and closes in order', async () => {
    const simulator = await startSimulator({ faults: 'cut-json' })
    const { bytes, end } = await exchange(simulator)
    expect([/content-length|chunked/i.test(bytes), end]).toEqual([false, 'closed'])
    expect(bytes).toContain('"status":"SUCCESS"')
  })

  it('drip and an answer without any fault are whole', async () => {
    const simulator = await startSimulator({ faults: 'drip(1ms)@1' })
    const endings = [await exchange(simulator), await exchange(simulator)]
    expect(endings.map(({ bytes, end }) => [missing(bytes), end])).toEqual([
      [0, 'closed'],
      [0, 'closed'],
    ])
  })
})
