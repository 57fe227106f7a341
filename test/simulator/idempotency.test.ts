import { describe, expect, it } from 'vitest'
import { createFirstAnswers } from '../../src/simulator/idempotency.ts'
import { plainJson } from '../../src/simulator/answers.ts'
import { envelope, send, startSimulator, update } from './signed-request.ts'

describe('idempotency', () => {
  it('is off for customers unless it is switched on: a repeat is applied again', async () => {
    const simulator = await startSimulator()
    await update(simulator, 'cus_1', { name: 'A' }, { idempotency: 'key' })
    await update(simulator, 'cus_1', { name: 'B' }, { idempotency: 'key' })
    expect(simulator.updatesOf('cus_1')).toBe(2)
    expect(simulator.customer('cus_1')?.['name']).toBe('B')
  })

  it('replays the first answer with its operation id and does not look at the new body', async () => {
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

  it('is for POST alone: a read with a known key reads', async () => {
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

describe('first answers', () => {
  it('are kept for 24 hours, the newest of them', () => {
    const answers = createFirstAnswers(2)
    const day = 24 * 60 * 60 * 1000
    answers.remember('a', plainJson(200, 'first'), 0)
    answers.remember('a', plainJson(200, 'second'), 1)
    expect(answers.recall('a', day - 1)?.body).toBe('first')
    expect(answers.recall('a', day)).toBeUndefined()
    for (const key of ['b', 'c', 'd']) answers.remember(key, plainJson(200, key), 0)
    expect(['b', 'c', 'd'].map((key) => answers.recall(key, 1)?.body)).toEqual([undefined, 'c', 'd'])
  })
})
