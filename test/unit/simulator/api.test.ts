import { describe, expect, it } from 'vitest'
import { createFirewall } from '../../../src/simulator/api.ts'
import { createMemory } from '../../../src/simulator/authentication.ts'
import { documentedWindows } from '../../../src/simulator/options.ts'
import { envelope, send, startSimulator, update } from './signed-request.ts'

/** The first request that is refused, counted from 1, when one comes every `everyMs`. */
function firstRefused(everyMs: number, most: number): number {
  const firewall = createFirewall(documentedWindows)
  for (let nth = 1; nth <= most; nth++) if (firewall((nth - 1) * everyMs) > 0) return nth
  return 0
}

describe('the documented windows', () => {
  it('let 200 through in a minute and refuse the 201st', () => {
    expect(firstRefused(1, 300)).toBe(201)
    expect(firstRefused(299, 300)).toBe(201)
  })

  it('refuse the 1,001st in five minutes even if the minute allows it', () => {
    expect(firstRefused(299.9, 2000)).toBe(201)
    const firewall = createFirewall([{ limit: 1000, perMs: 300_000, blockMs: 300_000 }])
    const refused = Array.from({ length: 1001 }, (_, nth) => firewall(nth * 299) > 0)
    expect(refused.indexOf(true)).toBe(1000)
  })

  it('never refuse a client that keeps them', () => {
    expect(firstRefused(300, 5000)).toBe(0)
  })
})

describe('a window', () => {
  it('counts over any such time, not from minute to minute', () => {
    const firewall = createFirewall([{ limit: 2, perMs: 100, blockMs: 50 }])
    expect([90, 95, 105].map((at) => firewall(at) > 0)).toEqual([false, false, true])
    const gentle = createFirewall([{ limit: 2, perMs: 100, blockMs: 50 }])
    expect([0, 90, 100, 190].map((at) => gentle(at) > 0)).toEqual([false, false, false, false])
  })

  it('blocks for its own time from the crossing, then lets through again', () => {
    const firewall = createFirewall([{ limit: 1, perMs: 100, blockMs: 1000 }])
    expect([0, 10, 500, 1009, 1010].map((at) => firewall(at))).toEqual([0, 1000, 510, 1, 0])
  })

  it('blocks to the end of the fixed window, counted from the first request', () => {
    const firewall = createFirewall([{ limit: 1, perMs: 100, blockMs: 'window' }])
    expect([1000, 1030, 1099, 1100, 1150].map((at) => firewall(at))).toEqual([0, 70, 1, 0, 50])
  })

  it('counts the requests that another window refuses', () => {
    const firewall = createFirewall([
      { limit: 1, perMs: 10, blockMs: 10 },
      { limit: 3, perMs: 1000, blockMs: 500 },
    ])
    expect([0, 1, 2, 20].map((at) => firewall(at))).toEqual([0, 10, 9, 500])
  })
})

describe('no windows', () => {
  it('refuse nothing', () => {
    const firewall = createFirewall([])
    expect(Array.from({ length: 500 }, () => firewall(0)).every((blocked) => blocked === 0)).toBe(true)
  })
})

describe('idempotency', () => {
  it('is off for customers unless it is switched on: a repeat is applied again', async () => {
    const simulator = await startSimulator()
    await update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })
    await update(simulator, 'cus_1', { name: 'B' }, { idempotency: 'key' })
    expect(simulator.updatesOf('cus_1')).toBe(2)
    expect(simulator.customer('cus_1')?.['name']).toBe('B')
  })

  it('replays the first answer with its operation id and ignores the new body', async () => {
    const simulator = await startSimulator({ idempotency: 'all-post' })
    const first = await update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })
    const second = await update(simulator, 'cus_2', { name: 'B' }, { idempotency: 'key' })
    expect(second.body).toBe(first.body)
    expect(envelope(second).status.operation_id).toBe(envelope(first).status.operation_id)
    expect(simulator.calls.map(({ applied, replayed }) => [applied, replayed])).toEqual([
      [true, false],
      [false, true],
    ])
    expect(simulator.updatesOf('cus_2')).toBe(0)
  })

  it('is only for POST: a read with a known key reads', async () => {
    const simulator = await startSimulator({ idempotency: 'all-post' })
    const read = () => send(simulator, 'GET', '/v1/customers/cus_1', '', { idempotency: 'key' })
    const before = envelope(await read()).data['name']
    await update(simulator, 'cus_1', { name: 'A' })
    expect([before, envelope(await read()).data['name']]).toEqual(['Customer 1', 'A'])
  })

  it('gives the answer that got lost on the wire', async () => {
    const simulator = await startSimulator({ idempotency: 'all-post', faults: 'reset-after:x1' })
    await expect(update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })).rejects.toThrow()
    const again = await update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })
    expect(envelope(again).data['name']).toBe('A')
    expect(simulator.updatesOf('cus_1')).toBe(1)
  })

  it('replays a kept server error with the same operation id', async () => {
    const simulator = await startSimulator({ idempotency: 'all-post', faults: '500-kept:x1' })
    const first = await update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })
    const second = await update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })
    expect([first.status, second.status]).toEqual([500, 500])
    expect(second.body).toBe(first.body)
  })
})

describe('a memory', () => {
  it('keeps the newest values for its time', () => {
    const memory = createMemory<string>(1000, 2)
    memory.remember('a', 'first', 0)
    expect(memory.recall('a', 999)).toBe('first')
    expect(memory.recall('a', 1000)).toBeUndefined()
    for (const key of ['b', 'c', 'd']) memory.remember(key, key, 1000)
    expect(['b', 'c', 'd'].map((key) => memory.recall(key, 1001))).toEqual([undefined, 'c', 'd'])
  })
})
