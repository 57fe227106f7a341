import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createCalls, type CallParts } from '../../../src/http/call.ts'
import type { ApiResponse } from '../../../src/model/ports.ts'
import { response, updateOf } from '../../support/rig.ts'

/** Calls that note what they do, in order; intents come to disk, and answers from the server, by hand. */
function createStage(hasWindows: boolean, owner?: NonNullable<CallParts['owner']>) {
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
      isOpen: true,
      close: () => Promise.resolve(),
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
    owner,
    concurrency: 1,
    hasWindows,
  })
  const stopping = new AbortController()
  return {
    steps,
    async update(row = 1) {
      const request = { ...updateOf({ name: 'Jo' }), row }
      await calls.enter(request, stopping.signal)
      return calls.update(request, stopping.signal)
    },
    read: () => calls.read('/v1/customers/cus_1', stopping.signal),
    probe: () => calls.list(stopping.signal),
    async commit() {
      intent.resolve()
      await turn()
    },
    async answer() {
      answers.shift()?.()
      await turn()
    },
    stop() {
      stopping.abort(new Error('stopped'))
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
    expect(stage.steps.slice(0, 4)).toEqual(['intend', 'intend', 'acquire', 'acquire'])
    expect(stage.steps.filter((step) => step === 'release')).toHaveLength(2)
  })

  it('has no intent any more where the run stops first', async () => {
    const stage = createStage(false)
    stage.stop()
    await expect(stage.update()).rejects.toThrow('stopped')
    expect(stage.steps).toEqual([])
  })
})

describe('a place in flight', () => {
  it('is waited for by reads as well', async () => {
    const stage = createStage(true)
    const both = [stage.read(), stage.read()]
    await turn()
    expect(stage.steps).toEqual(['acquire', 'acquire', 'sign', 'exchange'])
    await stage.answer()
    await stage.answer()
    await Promise.all(both)
  })

  it('is not waited for by a probe', async () => {
    const stage = createStage(true)
    const read = stage.read()
    const probe = stage.probe()
    await turn()
    expect(stage.steps.filter((step) => step === 'exchange')).toHaveLength(2)
    await stage.answer()
    await stage.answer()
    await Promise.all([read, probe])
  })
})

describe('a process that stood still', () => {
  it('confirms that it still has the run before it signs', async () => {
    const stage = createStage(true, {
      isFresh: false,
      renew: async () => void stage.steps.push('renew'),
    })
    const answered = stage.update()
    await stage.commit()
    await stage.answer()
    await answered
    expect(stage.steps).toEqual(['acquire', 'intend', 'renew', 'sign', 'exchange', 'release'])
  })

  it('sends nothing if another process has the run', async () => {
    const stage = createStage(true, {
      isFresh: false,
      renew: () => Promise.reject(new Error('taken over')),
    })
    const failed = expect(stage.update()).rejects.toThrow('taken over')
    await stage.commit()
    await failed
    expect(stage.steps).toEqual(['acquire', 'intend', 'release'])
  })
})

function createPairStage() {
  let [acquired, released] = [0, 0]
  const limiter = {
    isOpen: true,
    acquire(_signal: AbortSignal, { permits = 1 } = {}) {
      acquired += permits
      const permit = { answered() {}, failed() {}, release: () => void released++ }
      return Promise.resolve(permits === 2 ? { ...permit, second: permit } : permit)
    },
    pause() {},
    setProbesOnly() {},
    allowConcurrency() {},
    pausedForMs: 0,
    close: () => Promise.resolve(),
  }
  const calls = createCalls({
    limiter,
    signer: { sign: (request) => ({ ...request, headers: {} }), correctClock: () => undefined },
    transport: {
      exchange: () => Promise.resolve(response(200, '{}')),
      close: () => Promise.resolve(),
    },
    intend: () => undefined,
    concurrency: 4,
    hasWindows: true,
  })
  return { calls, limiter, permits: () => [acquired, released] }
}

describe('the permit of an update', () => {
  const path = updateOf({}).path
  const { signal } = new AbortController()

  it('is taken together with that of the read before it', async () => {
    const { calls, permits } = createPairStage()
    await calls.read(path, signal, true)
    expect(permits()).toEqual([2, 1])
    await calls.update(updateOf({}), signal)
    expect(permits()).toEqual([2, 2])
    await calls.update(updateOf({}), signal)
    expect(permits()).toEqual([3, 3])
  })

  it('is given back if there is no update, and not used during a pause', async () => {
    const { calls, limiter, permits } = createPairStage()
    await calls.read(path, signal, true)
    calls.giveBack(path)
    calls.giveBack(path)
    expect(permits()).toEqual([2, 2])
    await calls.read(path, signal, true)
    limiter.isOpen = false
    await calls.update(updateOf({}), signal)
    expect(permits()).toEqual([5, 5])
  })

  it('is given back, and no intent is made, if the update is not usable any more', async () => {
    const { calls, permits } = createPairStage()
    await calls.read(path, signal, true)
    const found = await calls.update(updateOf({}), signal, { isUsable: () => false })
    expect(found).toMatchObject({ phase: 'not_sent' })
    expect(permits()).toEqual([2, 2])
  })
})
