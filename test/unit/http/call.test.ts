import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createCalls } from '../../../src/http/call.ts'
import type { ApiResponse } from '../../../src/model/ports.ts'
import { response, updateOf } from '../../support/rig.ts'

/** Calls that note what they do, in order; intents come to disk, and answers from the server, by hand. */
function createStage(hasWindows: boolean, concurrency = 1) {
  const steps: string[] = []
  const intent = Promise.withResolvers<void>()
  const intended = new Set<number>()
  const answers: (() => void)[] = []
  const calls = createCalls({
    limiter: {
      acquire() {
        steps.push('acquire')
        return Promise.resolve({ answered() {}, failed() {}, release: () => void steps.push('release') })
      },
      pause() {},
      setProbesOnly() {},
      allowConcurrency() {},
      pausedForMs: 0,
      close() {},
    },
    signer: {
      sign(request) {
        steps.push('sign')
        return { ...request, headers: {} }
      },
      correctClock: () => undefined,
    },
    transport: {
      exchange() {
        steps.push('exchange')
        return new Promise<ApiResponse>((resolve) => {
          answers.push(() => resolve(response(200, '{}')))
        })
      },
      close: () => Promise.resolve(),
    },
    intend({ row }) {
      if (intended.has(row)) return undefined
      intended.add(row)
      steps.push('intend')
      return intent.promise
    },
    concurrency,
    hasWindows,
  })
  const stopping = new AbortController()
  return {
    steps,
    async update(row = 1) {
      const request = { ...updateOf({ name: 'Jo' }), row }
      const leave = await calls.enter(request, stopping.signal)
      return calls.update(request, stopping.signal).finally(leave)
    },
    /** As `update`, but its place is kept when it is over. */
    async hold(row: number) {
      const request = { ...updateOf({ name: 'Jo' }), row }
      return { leave: await calls.enter(request, stopping.signal) }
    },
    read: () => calls.read('/v1/customers/cus_1', stopping.signal),
    async commit() {
      intent.resolve()
      await turn()
    },
    async answer() {
      answers.shift()?.()
      await turn()
    },
    stop() {
      const reason = new Error('stopped')
      stopping.abort(reason)
      calls.giveUp(reason)
    },
  }
}

describe('an update', () => {
  it('is signed and sent when its intent is on disk, which is written when it has its permit', async () => {
    const stage = createStage(true)
    const answered = stage.update()
    await turn()
    expect(stage.steps).toEqual(['acquire', 'intend'])
    await stage.commit()
    await stage.answer()
    await answered
    expect(stage.steps).toEqual(['acquire', 'intend', 'sign', 'exchange', 'release'])
  })

  it('is not sent when the run stops while its intent is written', async () => {
    const stage = createStage(true)
    const failed = expect(stage.update()).rejects.toThrow('stopped')
    await turn()
    stage.stop()
    await stage.commit()
    await failed
    expect(stage.steps).toEqual(['acquire', 'intend', 'release'])
  })
})

describe('an update without windows', () => {
  it('has its intent on disk before it waits for a place, so that rows share a commit', async () => {
    const stage = createStage(false)
    const both = [stage.update(1), stage.update(2)]
    await turn()
    expect(stage.steps).toEqual(['intend', 'intend'])
    await stage.commit()
    await stage.answer()
    await stage.answer()
    await Promise.all(both)
    const sent = ['acquire', 'sign', 'exchange', 'release']
    expect(stage.steps).toEqual(['intend', 'intend', ...sent, ...sent])
  })

  it('has no intent any more where the run stops first', async () => {
    const stage = createStage(false)
    stage.stop()
    await expect(stage.update()).rejects.toThrow('stopped')
    expect(stage.steps).toEqual([])
  })
})

describe('what waits for a place', () => {
  it('waits for reads as well, which no row has to enter for', async () => {
    const stage = createStage(true)
    const both = [stage.read(), stage.read()]
    await turn()
    expect(stage.steps).toEqual(['acquire', 'sign', 'exchange'])
    await stage.answer()
    await stage.answer()
    await Promise.all(both)
  })

  it('is let in one by one, in order, as often as it is left', async () => {
    const stage = createStage(true, 2)
    const entered: number[] = []
    const held = [1, 2, 3, 4].map((row) =>
      stage.hold(row).then(({ leave }) => {
        entered.push(row)
        return leave
      }),
    )
    await turn()
    expect(entered).toEqual([1, 2])
    const leave = await held[1]
    leave?.()
    leave?.()
    await turn()
    expect(entered).toEqual([1, 2, 3])
    ;(await held[2])?.()
    await turn()
    expect(entered).toEqual([1, 2, 3, 4])
  })

  it('gives up at once when the run stops, by the thousands, while a request is still in flight', async () => {
    const stage = createStage(false)
    const first = stage.update(0)
    const waiting = Promise.allSettled(Array.from({ length: 5_000 }, (_, at) => stage.update(at + 1)))
    await stage.commit()
    stage.stop()
    const ends = await waiting
    expect(ends.every((end) => end.status === 'rejected' && end.reason.message === 'stopped')).toBe(true)
    await stage.answer()
    expect(await first).toMatchObject({ status: 200 })
    expect(stage.steps.filter((step) => step === 'exchange')).toHaveLength(1)
  })
})
