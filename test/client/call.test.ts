import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createCalls } from '../../src/client/call.ts'
import type { Health } from '../../src/client/health.ts'
import { response, updateOf } from '../support/rig.ts'

const health: Health = { answered() {}, broke() {} }

/** Calls that note what they do, in order; intents come to disk by hand. */
function createStage() {
  const steps: string[] = []
  const intent = Promise.withResolvers<void>()
  const calls = createCalls({
    limiter: {
      turn() {
        steps.push('turn')
        return Promise.resolve(() => void steps.push('over'))
      },
      pause() {},
      hold() {},
      pausedForMs: 0,
      close() {},
    },
    health,
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
        return Promise.resolve(response(200, '{}'))
      },
      close: () => Promise.resolve(),
    },
    intend() {
      steps.push('intend')
      return intent.promise
    },
    concurrency: 1,
  })
  return { calls, steps, intent }
}

describe('an update', () => {
  it('is signed and sent when its intent is on disk, which is written when it has its turn', async () => {
    const { calls, steps, intent } = createStage()
    const answer = calls.update(updateOf({ name: 'Jo' }), new AbortController().signal)
    await turn()
    expect(steps).toEqual(['turn', 'intend'])
    intent.resolve()
    await answer
    expect(steps).toEqual(['turn', 'intend', 'sign', 'exchange', 'over'])
  })

  it('is not sent when the run stops while its intent is written', async () => {
    const { calls, steps, intent } = createStage()
    const stopping = new AbortController()
    const answer = calls.update(updateOf({ name: 'Jo' }), stopping.signal)
    const failed = expect(answer).rejects.toThrow('stopped')
    await turn()
    stopping.abort(new Error('stopped'))
    intent.resolve()
    await failed
    expect(steps).toEqual(['turn', 'intend', 'over'])
  })
})
