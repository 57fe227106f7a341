import { describe, expect, it } from 'vitest'
import { createKeyedQueue } from '../../../src/engine/keyed-queue.ts'

function deferred() {
  return Promise.withResolvers<void>()
}

describe('lanes', () => {
  it('run the tasks of one key one after another and keys side by side', async () => {
    const lanes = createKeyedQueue(() => 10)
    const events: string[] = []
    const gates = { a1: deferred(), a2: deferred(), b1: deferred() }
    const task = (name: keyof typeof gates) => async () => {
      events.push(`${name} starts`)
      await gates[name].promise
      events.push(`${name} ends`)
    }
    lanes.add('a', task('a1'))
    lanes.add('a', task('a2'))
    lanes.add('b', task('b1'))
    expect(events).toEqual(['a1 starts', 'b1 starts'])
    gates.b1.resolve()
    gates.a2.resolve()
    gates.a1.resolve()
    await lanes.idle()
    expect(events.indexOf('a2 starts')).toBeGreaterThan(events.indexOf('a1 ends'))
  })

  it('are full at their window and have room when a task ends', async () => {
    const lanes = createKeyedQueue(() => 2)
    const gate = deferred()
    lanes.add('a', () => gate.promise)
    expect(lanes.full).toBe(false)
    lanes.add('a', async () => {})
    expect(lanes.full).toBe(true)
    gate.resolve()
    await lanes.room()
    await lanes.idle()
    expect(lanes.full).toBe(false)
  })

  it('start nothing more once a task has failed, and say so', async () => {
    const lanes = createKeyedQueue(() => 10)
    let started = false
    lanes.add('a', () => Promise.reject(new Error('disk')))
    lanes.add('a', () => {
      started = true
      return Promise.resolve()
    })
    await expect(lanes.idle()).rejects.toThrow('disk')
    expect(started).toBe(false)
  })

  it('say so only when what ran beside it has ended', async () => {
    const lanes = createKeyedQueue(() => 2)
    const gate = deferred()
    let ended = false
    lanes.add('a', async () => {
      await gate.promise
      ended = true
    })
    lanes.add('b', () => Promise.reject(new Error('disk')))
    const room = lanes.room().catch((error: unknown) => [error, ended])
    gate.resolve()
    expect(await room).toEqual([new Error('disk'), true])
    await expect(lanes.room()).rejects.toThrow('disk')
  })

  it('have room for other keys while a task waits for a time, also if many are queued behind it', async () => {
    const lanes = createKeyedQueue(() => 2, undefined, 5)
    const gate = deferred()
    lanes.add('a', () => gate.promise)
    lanes.add('a', async () => {})
    let hasRoom = false
    const room = lanes.room().then(() => (hasRoom = true))
    await Promise.resolve()
    expect([lanes.full, hasRoom]).toEqual([true, false])
    lanes.waits('a', true)
    await room
    lanes.add('a', async () => {})
    lanes.add('b', () => gate.promise)
    expect(lanes.full).toBe(false)
    lanes.add('a', async () => {})
    // All tasks together have a bound too.
    expect(lanes.full).toBe(true)
    lanes.waits('a', false)
    gate.resolve()
    await lanes.idle()
    expect(lanes.full).toBe(false)
  })

  it('count the tasks of a key again when its wait is over', async () => {
    const lanes = createKeyedQueue(() => 2)
    const gate = deferred()
    lanes.add('a', () => gate.promise)
    lanes.add('a', async () => {})
    lanes.waits('a', true)
    lanes.waits('a', true)
    expect(lanes.full).toBe(false)
    lanes.waits('a', false)
    expect(lanes.full).toBe(true)
    lanes.waits('b', true)
    expect(lanes.full).toBe(true)
    gate.resolve()
    await lanes.idle()
  })
})
