import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createIntentFirst } from '../../src/client/intent-first.ts'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { UpdateRequest } from '../../src/domain/request.ts'
import { systemClock } from '../../src/client/clock.ts'
import { updateOf } from '../support/rig.ts'

const rowOf = (row: number): UpdateRequest => ({ ...updateOf({ name: 'Jo' }), row })

/** A journal whose groups are committed by hand, and calls that end by hand. */
function createStage(places: number, inDoubt: readonly number[] = [], durable: readonly number[] = []) {
  const controller = new AbortController()
  let group = Promise.withResolvers<void>()
  let nap = Promise.withResolvers<void>()
  const [intents, withdrawn, begun]: [number[], number[], number[]] = [[], [], []]
  const ends = new Map<number, (outcome: Outcome | undefined) => void>()
  const first = createIntentFirst({
    journal: {
      intend({ row }) {
        if (durable.includes(row)) return undefined
        intents.push(row)
        return group.promise
      },
      withdraw({ row }) {
        withdrawn.push(row)
        return group.promise
      },
    },
    isInDoubt: (row) => inDoubt.includes(row),
    places,
    clock: { ...systemClock, sleep: () => nap.promise },
  })
  const deliver = first.around(({ row }) => {
    begun.push(row)
    return new Promise((resolve) => ends.set(row, resolve))
  })
  return {
    intents,
    withdrawn,
    begun,
    clock: first.clock,
    abort: () => controller.abort(),
    send: (...rows: readonly number[]) =>
      Promise.all(rows.map((row) => deliver(rowOf(row), controller.signal))),
    async commit() {
      group.resolve()
      group = Promise.withResolvers()
      await turn()
    },
    async fail() {
      group.reject(new Error('full'))
      await turn()
    },
    async end(row: number) {
      ends.get(row)?.(undefined)
      await turn()
    },
    async wake() {
      nap.resolve()
      nap = Promise.withResolvers()
      await turn()
    },
  }
}

describe('calls whose intents come first', () => {
  it('begin once their intents are on disk, as many as there are places, in order', async () => {
    const stage = createStage(2)
    void stage.send(1, 2, 3, 4)
    await turn()
    expect(stage.intents).toEqual([1, 2, 3, 4])
    expect(stage.begun).toEqual([])
    await stage.commit()
    expect(stage.begun).toEqual([1, 2])
    await stage.end(2)
    expect(stage.begun).toEqual([1, 2, 3])
    await stage.end(1)
    await stage.end(3)
    expect(stage.begun).toEqual([1, 2, 3, 4])
    expect(stage.withdrawn).toEqual([])
  })

  it('wait for their place, too, where the intent is on disk already', async () => {
    const stage = createStage(2, [], [1, 2, 3])
    void stage.send(1, 2, 3)
    expect([stage.intents, stage.begun]).toEqual([[], [1, 2]])
    await stage.end(1)
    expect(stage.begun).toEqual([1, 2, 3])
  })

  it('leave their place while they sleep', async () => {
    const stage = createStage(1)
    void stage.send(1, 2, 3)
    await stage.commit()
    const slept = stage.clock.sleep(1_000)
    expect(stage.begun).toEqual([1, 2])
    await stage.wake()
    await slept
    // The first is awake again and the second still at work: one of the two ends, and there is still no place.
    await stage.end(2)
    expect(stage.begun).toEqual([1, 2])
    await stage.end(1)
    expect(stage.begun).toEqual([1, 2, 3])
  })

  it('have no intent before they are looked up, where they are in doubt', async () => {
    const stage = createStage(1, [1])
    void stage.send(1)
    await turn()
    expect(stage.intents).toEqual([])
    expect(stage.begun).toEqual([1])
  })

  it('give all intents back at once when the run stops before they begin', async () => {
    const stage = createStage(1)
    const fates = stage.send(1, 2, 3, 4)
    await stage.commit()
    stage.abort()
    // The first may take long.
    expect(stage.withdrawn).toEqual([2, 3, 4])
    await stage.end(1)
    await stage.commit()
    expect(await fates).toEqual([undefined, undefined, undefined, undefined])
    expect(stage.begun).toEqual([1])
  })

  it('give up by the thousands', async () => {
    const stage = createStage(1_000)
    const rows = Array.from({ length: 20_000 }, (_, at) => at + 1)
    const fates = stage.send(...rows)
    await stage.commit()
    stage.abort()
    for (const row of stage.begun) void stage.end(row)
    await stage.commit()
    expect(await fates).toHaveLength(20_000)
    expect(stage.withdrawn).toHaveLength(19_000)
  })

  it('give an intent back that comes to disk behind the stop, and make none any more', async () => {
    const stage = createStage(1)
    const first = stage.send(1)
    stage.abort()
    await stage.commit()
    const second = stage.send(2)
    await stage.commit()
    expect([await first, await second]).toEqual([[undefined], [undefined]])
    expect([stage.intents, stage.withdrawn, stage.begun]).toEqual([[1], [1], []])
  })

  it('do not begin without an intent on disk', async () => {
    const stage = createStage(1)
    const fate = stage.send(1)
    const failed = expect(fate).rejects.toThrow('full')
    await stage.fail()
    await failed
    expect(stage.begun).toEqual([])
  })
})
