import { describe, expect, it } from 'vitest'
import { createSimulator } from '../../../src/simulator/server.ts'
import { retrieve, send, startSimulator, update, verdict } from './signed-request.ts'

/** Other tests share the machine. */
const soon = { timeout: 30_000 }

const minute = { limit: 2, perMs: 60_000, blockMs: 'window' } as const

describe('the rate limit', () => {
  it('is applied before everything else, like a firewall', async () => {
    const simulator = await startSimulator({ windows: [minute] })
    await retrieve(simulator, 'cus_1')
    await update(simulator, 'cus_1', {}, { secretKey: 'wrong' })
    const reply = await update(simulator, 'cus_1', {}, { without: ['salt'] })
    expect([reply.status, reply.headers['content-type']]).toEqual([429, 'text/html; charset=utf-8'])
    expect(reply.headers['retry-after']).toBeUndefined()
    expect(simulator.overLimit).toBe(1)
  })

  it('answers in JSON, if the options say so', async () => {
    const simulator = await startSimulator({ windows: [minute], limitBody: 'json' })
    for (const id of ['cus_1', 'cus_2']) await retrieve(simulator, id)
    expect(verdict(await retrieve(simulator, 'cus_3'))).toBe('429 TOO_MANY_REQUESTS')
  })

  it('is 200 a minute unless other windows are given', async () => {
    const simulator = await createSimulator()
    try {
      const replies = await Promise.all(Array.from({ length: 210 }, () => retrieve(simulator, 'cus_1')))
      expect(replies.filter(({ status }) => status === 429)).toHaveLength(10)
      expect(simulator.overLimit).toBe(10)
    } finally {
      await simulator.close()
    }
  })

  it('does not count connections that were refused, but counts those that were reset', async () => {
    const simulator = await startSimulator({ windows: [minute], faults: 'refuse@1-2,reset-before@3' })
    for (let nth = 1; nth <= 3; nth++) await expect(retrieve(simulator, 'cus_1')).rejects.toThrow()
    const replies = [await retrieve(simulator, 'cus_1'), await retrieve(simulator, 'cus_1')]
    expect(replies.map(({ status }) => status)).toEqual([200, 429])
  })
})

describe('the call log', () => {
  it('says what was asked, what was applied and what was answered', async () => {
    const simulator = await startSimulator({ faults: 'reset-after@2' })
    const signing = { salt: 'salt', timestamp: String(Math.floor(Date.now() / 1000)), idempotency: 'key' }
    await update(simulator, 'cus_1', { name: 'A' }, signing)
    await expect(update(simulator, 'cus_1', { name: 'B' })).rejects.toThrow()
    await send(simulator, 'POST', '/v1/customers/cus_1', '{"email":"x"}')
    expect(simulator.calls[0]).toEqual({
      at: expect.any(Number),
      method: 'POST',
      path: '/v1/customers/cus_1',
      customerId: 'cus_1',
      body: '{"name":"A"}',
      headers: signing,
      status: 200,
      applied: true,
      replayed: false,
      errorCode: '',
      fault: '',
    })
    expect(simulator.calls.slice(1)).toMatchObject([
      { status: 0, applied: true, fault: 'reset-after', errorCode: '' },
      { status: 400, applied: false, fault: '', errorCode: 'INVALID_CUSTOMER_EMAIL' },
    ])
    expect([simulator.callCount, simulator.appliedCount]).toEqual([3, 2])
  })

  it('keeps only the given number of the newest calls, and counts all', async () => {
    const simulator = await startSimulator({ keepCalls: 2 })
    for (const id of ['cus_1', 'cus_2', 'cus_3']) await retrieve(simulator, id)
    expect(simulator.calls.map(({ customerId }) => customerId)).toEqual(['cus_2', 'cus_3'])
    expect(simulator.callCount).toBe(3)
  })

  it('sees two calls for one customer in flight at once', async () => {
    const simulator = await startSimulator({ faults: 'hang' })
    const waiting = [1, 2].map(() => update(simulator, 'cus_1', {}).catch(() => undefined))
    await expect.poll(() => simulator.inFlightPerCustomerMax).toBe(2)
    expect(simulator.inFlight).toBe(2)
    await simulator.close()
    await Promise.all(waiting)
    await expect.poll(() => simulator.inFlight).toBe(0)
  })

  it('sees one call at a time if each waits for the one before it, and many customers at once', async () => {
    const simulator = await startSimulator({ latencyMs: 1 })
    const lane = async (id: string) => {
      for (let nth = 0; nth < 20; nth++) await update(simulator, id, { name: String(nth) })
    }
    await Promise.all(['cus_1', 'cus_2', 'cus_3', 'cus_4'].map(lane))
    expect(simulator.inFlightPerCustomerMax).toBe(1)
    expect(simulator.inFlightMax).toBeGreaterThan(1)
    expect(simulator.inFlight).toBe(0)
  })
})

describe('each call', () => {
  it('is reported once, with its answer or without one', async () => {
    const lines: string[] = []
    const simulator = await startSimulator({
      faults: 'reset-after@2,hang@3',
      onCall: ({ method, path, status, fault }) => lines.push([method, path, status, fault].join(' ')),
    })
    await retrieve(simulator, 'cus_1')
    await expect(update(simulator, 'cus_1', { name: 'A' })).rejects.toThrow()
    const waiting = retrieve(simulator, 'cus_2').catch(() => undefined)
    await expect.poll(() => simulator.callCount, soon).toBe(3)
    await simulator.close()
    await waiting
    await expect
      .poll(() => lines, soon)
      .toEqual([
        'GET /v1/customers/cus_1 200 ',
        'POST /v1/customers/cus_1 0 reset-after',
        'GET /v1/customers/cus_2 0 hang',
      ])
  })

  it('with a larger body than allowed is 413', async () => {
    const simulator = await startSimulator({ maxBody: 12 })
    const status = async (name: string) => (await update(simulator, 'cus_1', { name })).status
    expect([await status('A'), await status('AB')]).toEqual([200, 413])
    expect(simulator.updatesOf('cus_1')).toBe(1)
  })
})

describe('the server', () => {
  it('listens on loopback, with keys of its own', async () => {
    const [one, other] = [await startSimulator(), await startSimulator()]
    expect(one.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(one.secretKey).not.toBe(other.secretKey)
    expect(one.accessKey).not.toBe('')
  })

  it('says which port it cannot have', async () => {
    const taken = await startSimulator()
    const port = Number(new URL(taken.url).port)
    await expect(createSimulator({ port })).rejects.toMatchObject({ kind: 'USAGE', code: 'E_SIMULATOR_PORT' })
  })

  it('ends although answers are still due, and ends twice without harm', async () => {
    const simulator = await createSimulator({ faults: 'slow(1h)' })
    const waiting = retrieve(simulator, 'cus_1').catch(() => 'cut')
    await expect.poll(() => simulator.callCount).toBe(1)
    await Promise.all([simulator.close(), simulator.close()])
    expect(await waiting).toBe('cut')
    await simulator.close()
  })
})
