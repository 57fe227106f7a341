import { describe, expect, it } from 'vitest'
import {
  reduceCall,
  rejected,
  startCall,
  toOutcome,
  type CallState,
  type ReadingVerdict,
  type RequestVerdict,
} from '../../../src/http/call-state.ts'
import { noBlocks } from '../../../src/http/retry.ts'
import { lost, notSent, response, success, updateOf } from '../../support/rig.ts'

const named = updateOf({ name: 'Jo' })
const coupon = updateOf({ coupon: 'SPRING' })
const broken: RequestVerdict = { kind: 'lost', error: lost, at: 1_000 }
const refused: RequestVerdict = {
  kind: 'final',
  response: response(400, ''),
  result: rejected('E_API', 'refused'),
}
const serverError = (status: number, operationId = ''): RequestVerdict => ({
  kind: 'ambiguous',
  response: response(status, ''),
  operationId,
  code: 'E_SERVER',
  reason: `http_${status}`,
  leastMs: 0,
  at: 2_000,
  blocks: noBlocks,
})
const readBack = (found: ReadingVerdict['found'], after: 'attempt' | 'refusal'): ReadingVerdict => ({
  kind: 'read_back',
  found,
  after,
})

/** The state after these verdicts. None of them may change a state that was there before. */
function play(verdicts: readonly (RequestVerdict | ReadingVerdict)[], request = named): CallState {
  return verdicts.reduce((state, verdict) => reduceCall(Object.freeze(state), verdict), startCall(request))
}

const after = (found: ReadingVerdict['found'], request = named) =>
  play([broken, readBack(found, 'attempt')], request).next
const afterRefusal = (found: ReadingVerdict['found']) =>
  play([broken, refused, readBack(found, 'refusal')]).next

describe('the state of a call', () => {
  it('is only in doubt after a request that may have been applied', () => {
    expect(play([{ kind: 'lost', error: notSent, at: 0 }])).toMatchObject({ inDoubt: false, attempts: 1 })
    expect(play([broken])).toMatchObject({ inDoubt: true, doubts: 1, doubtAt: 1_000 })
    expect(play([serverError(500)])).toMatchObject({ inDoubt: true, doubts: 1, doubtAt: 2_000 })
    expect(play([broken, readBack('different', 'attempt')])).toMatchObject({ inDoubt: false, doubts: 1 })
  })

  it('allows three attempts without a clear answer', () => {
    const again = [broken, readBack('different', 'attempt')]
    expect(play([...again, broken]).next).toMatchObject({ kind: 'again' })
    expect(play([...again, ...again, serverError(504)]).next).toEqual({ kind: 'settle_last' })
  })

  it('asks for a reading before a refusal counts that follows a lost answer', () => {
    expect(play([refused]).next).toMatchObject({ kind: 'end', result: { code: 'E_API' } })
    expect(play([broken, refused]).next).toMatchObject({ kind: 'check_refusal' })
    expect(afterRefusal('applied')).toMatchObject({ result: { outcome: 'updated' } })
    expect(afterRefusal('different')).toMatchObject({ result: { outcome: 'rejected' } })
    expect(afterRefusal('cannot_tell')).toMatchObject({ result: { outcome: 'unknown', code: 'E_IN_DOUBT' } })
  })

  it('sends again after a reading, but not unread, and never what may do harm twice', () => {
    expect(after('different')).toEqual({ kind: 'send' })
    expect(after('cannot_tell')).toEqual({ kind: 'send' })
    expect(after('unanswered')).toMatchObject({ kind: 'again', reason: 'unread' })
    expect(after('different', coupon)).toEqual({ kind: 'send' })
    expect(after('cannot_tell', coupon)).toMatchObject({ result: { code: 'E_NOT_IDEMPOTENT' } })
  })

  it('takes an answer that Rapyd repeats for the key for no refusal', () => {
    const state = play([serverError(500, 'op'), serverError(500, 'op')])
    expect(state).toMatchObject({ next: { kind: 'settle_last' }, code: 'E_SERVER_REPLAYED' })
  })

  it('counts no attempt that was throttled or signed again', () => {
    const throttled = {
      kind: 'throttled',
      response: response(429, ''),
      blocks: noBlocks,
    } as const
    const resigned = { kind: 'resigned', response: response(401, ''), reason: 'salt' } as const
    const state = play([throttled, resigned])
    expect(state).toMatchObject({ attempts: 0, retries: ['throttled', 'resigned_salt'] })
    expect(state.next).toMatchObject({ kind: 'again', isFree: true })
  })

  it('becomes the outcome, failed if no attempt was sent', () => {
    const updated = { outcome: 'updated', code: '', message: '' } as const
    const state = play([broken, { kind: 'final', response: success(), operationId: 'op', result: updated }])
    expect(toOutcome(named, state, 5)).toMatchObject({
      row: 7,
      outcome: 'updated',
      attempts: 2,
      httpStatus: 200,
      operationId: 'op',
      latencyMs: 12,
      retries: 'econnreset',
      finishedAt: 5,
    })
    const failed = play([{ kind: 'lost', error: notSent, at: 0 }])
    expect(toOutcome(named, failed, 5)).toMatchObject({ outcome: 'failed', errorCode: 'E_NETWORK' })
  })
})
