import { describe, expect, it } from 'vitest'
import { createKeyedQueue } from '../../../src/engine/keyed-queue.ts'

function deferred() {
  return Promise.withResolvers<void>()
}

describe('queues per key', () => {
  it('run the tasks of one key one after another and keys side by side', async () => {
    const queues = createKeyedQueue(() => 10)
    const events: string[] = []
    const gates = { a1: deferred(), a2: deferred(), b1: deferred() }
    const task = (name: keyof typeof gates) => async () => {
      events.push(`${name} starts`)
      await gates[name].promise
      events.push(`${name} ends`)
    }
    queues.add('a', task('a1'))
    queues.add('a', task('a2'))
    queues.add('b', task('b1'))
    expect(events).toEqual(['a1 starts', 'b1 starts'])
    gates.b1.resolve()
    gates.a2.resolve()
    gates.a1.resolve()
    await queues.idle()
    expect(events.indexOf('a2 starts')).toBeGreaterThan(events.indexOf('a1 ends'))
  })

  it('are full at their window and have room when a task ends', async () => {
    const queues = createKeyedQueue(() => 2)
    const gate = deferred()
    queues.add('a', () => gate.promise)
    expect(queues.full).toBe(false)
    queues.add('a', async () => {})
    expect(queues.full).toBe(true)
    gate.resolve()
    await queues.room()
    await queues.idle()
    expect(queues.full).toBe(false)
  })

  it('start nothing more once a task has failed, and say so', async () => {
    const queues = createKeyedQueue(() => 10)
    let started = false
    queues.add('a', () => Promise.reject(new Error('disk')))
    queues.add('a', () => {
      started = true
      return Promise.resolve()
    })
    await expect(queues.idle()).rejects.toThrow('disk')
    expect(started).toBe(false)
  })

  it('say so only when what ran beside it has ended', async () => {
    const queues = createKeyedQueue(() => 2)
    const gate = deferred()
    let ended = false
    queues.add('a', async () => {
      await gate.promise
      ended = true
    })
    queues.add('b', () => Promise.reject(new Error('disk')))
    const room = queues.room().catch((error: unknown) => [error, ended])
    gate.resolve()
    expect(await room).toEqual([new Error('disk'), true])
    await expect(queues.room()).rejects.toThrow('disk')
  })

  it('have room for other keys while a task waits for a time, also if many are queued behind it', async () => {
    const queues = createKeyedQueue(() => 2, undefined, 5)
    const gate = deferred()
    queues.add('a', () => gate.promise)
    queues.add('a', async () => {})
    let hasRoom = false
    const room = queues.room().then(() => (hasRoom = true))
    await Promise.resolve()
    expect([queues.full, hasRoom]).toEqual([true, false])
    queues.waits('a', true)
    await room
    queues.add('a', async () => {})
    queues.add('b', () => gate.promise)
    expect(queues.full).toBe(false)
    queues.add('a', async () => {})
    // All tasks together have a bound too.
    expect(queues.full).toBe(true)
    queues.waits('a', false)
    gate.resolve()
    await queues.idle()
    expect(queues.full).toBe(false)
  })

  it('count the tasks of a key again when its wait is over', async () => {
    const queues = createKeyedQueue(() => 2)
    const gate = deferred()
    queues.add('a', () => gate.promise)
    queues.add('a', async () => {})
    queues.waits('a', true)
    queues.waits('a', true)
    expect(queues.full).toBe(false)
    queues.waits('a', false)
    expect(queues.full).toBe(true)
    queues.waits('b', true)
    expect(queues.full).toBe(true)
    gate.resolve()
    await queues.idle()
  })
})
