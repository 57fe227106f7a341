import { describe, expect, it } from 'vitest'
import { createReadBack, createReadCustomer, withoutReading } from '../../../src/http/read-customer.ts'
import { unsentOutcome } from '../../../src/engine/all-outcomes.ts'
import type { UpdateRequest, Outcome } from '../../../src/model/row.ts'
import { createSender, type SenderParts } from '../../../src/http/sender.ts'
import type { Doubt } from '../../../src/http/settling.ts'
import { sleepUntil } from '../../../src/http/clock.ts'
import { envelope } from '../../acceptance/support/rapyd-server.ts'
import {
  badCertificate,
  createRig,
  customerId,
  lost,
  notSent,
  refusal,
  response,
  success,
  times,
  updateOf,
  type Script,
} from '../../support/rig.ts'

const named = updateOf({ name: 'Jo' })
const coupon = updateOf({ coupon: 'SPRING' })
const running = new AbortController().signal

function senderOn(
  script: Script,
  inDoubt: readonly number[] = [],
  ageMs = 10_000,
  canRead = true,
  isAsked = false,
  settleAfterMs = 2_000,
  more: Partial<SenderParts> = {},
) {
  const rig = createRig(script)
  const cancelled: number[] = []
  const stops: Error[] = []
  const settling: number[] = []
  const held = new Map<string, number>()
  const kept: (readonly [number, Doubt])[] = []
  const sender = createSender({
    ...rig.parts,
    isSentAgain: () => isAsked,
    inDoubt: new Map(inDoubt.map((row) => [row, { at: -ageMs, attempts: 1 }])),
    settleAfterMs: () => settleAfterMs,
    held: {
      until: (customer) => held.get(customer) ?? 0,
      hold: (customer, until) => void held.set(customer, until),
    },
    async waitFor(_customer, time, signal) {
      settling.push(1)
      await sleepUntil(rig.parts.clock, time, signal)
      settling.push(-1)
    },
    readBack: canRead ? createReadBack(createReadCustomer(rig.parts)) : withoutReading,
    cancelIntent(request) {
      cancelled.push(request.row)
      return Promise.resolve()
    },
    keepDoubt: (row, doubt) => void kept.push([row, doubt]),
    stop: (error) => stops.push(error),
    ...more,
  })
  return { ...rig, sender, cancelled, stops, settling, kept }
}

const down = response(500, '')
const busy = (seconds: string) => response(503, '', { 'retry-after': seconds })
const page = response(429, '<html>slow down</html>')
const firewall = response(403, '<html>blocked</html>')
const unavailable = response(503, '<html>unavailable</html>')
/** A look that is answered and shows nothing. */
const hidden = refusal(403, 'NOT_ALLOWED')
const hasName = success({ name: 'Jo' })
const otherName = success({ name: 'Old' })
const hasCoupon = success({ discount: { id: 'dis_1', coupon: { id: 'SPRING' } } })
const noCoupon = success({ discount: null })
const clockMessage = 'timestamp header is out of allowed range'
/** Refuses our time, which is this much behind the server's. */
const late = (ms: number) => {
  const date = new Date(1_700_000_000_000 + ms).toUTCString()
  return { ...refusal(401, 'UNAUTHENTICATED_API_CALL', clockMessage), headers: { date } }
}
const saltUsed = refusal(401, 'UNAUTHENTICATED_API_CALL', 'salt header value is not valid, same value used')
const badSignature = refusal(401, 'UNAUTHENTICATED_API_CALL', 'the signature does not match')

const refusedKey = refusal(401, 'UNAUTHENTICATED_API_CALL', 'access_key header is not valid')
/** The same answer of the same operation, as Rapyd repeats it for a key. */
const repeated = response(500, envelope('ERROR', 'INTERNAL', undefined, ''))

interface Case {
  readonly title: string
  readonly request?: typeof named
  readonly updates?: Script['updates']
  readonly reads?: Script['reads']
  readonly inDoubt?: readonly number[]
  /** Another row was updated before. */
  readonly hasUpdated?: boolean
  /** outcome, code, attempts, reads, retries */
  readonly ends: readonly [string, string, number, number, string]
}

const cases: readonly Case[] = [
  { title: 'a confirmation', updates: [success()], ends: ['updated', '', 1, 0, ''] },
  {
    title: 'a server error without a change, then a confirmation',
    updates: [down, success()],
    reads: [otherName],
    ends: ['updated', '', 2, 1, 'http_500'],
  },
  {
    title: 'a lost answer without a change, then a confirmation',
    updates: [lost, success()],
    reads: [otherName],
    ends: ['updated', '', 2, 1, 'econnreset'],
  },
  {
    title: 'a lost answer to an update that was applied: not sent again',
    updates: [lost],
    reads: [hasName],
    ends: ['updated', '', 1, 1, 'econnreset'],
  },
  {
    title: 'a server error behind which the change was applied: not sent again',
    updates: [down],
    reads: [hasName],
    ends: ['updated', '', 1, 1, 'http_500'],
  },
  {
    title: 'a refusal',
    updates: [refusal(400, 'INVALID_CUSTOMER_EMAIL')],
    ends: ['rejected', 'E_API', 1, 0, ''],
  },
  {
    title: 'an unknown customer',
    updates: [refusal(400, 'INVALID_CUSTOMER_ID')],
    ends: ['rejected', 'E_CUSTOMER_NOT_FOUND', 1, 0, ''],
  },
  {
    title: 'no connection six times',
    updates: times(6, notSent),
    ends: ['failed', 'E_NETWORK', 6, 0, times(6, 'econnrefused').join(';')],
  },
  {
    title: 'three server errors and no change: one may still be applied',
    updates: times(3, down),
    reads: times(3, otherName),
    ends: ['unknown', 'E_SERVER', 3, 3, times(3, 'http_500').join(';')],
  },
  {
    title: 'three server errors and the change is there',
    updates: times(3, down),
    reads: [otherName, otherName, hasName],
    ends: ['updated', '', 3, 3, times(3, 'http_500').join(';')],
  },
  {
    title: 'three lost answers and no change: one may still be applied',
    updates: times(3, lost),
    reads: times(3, otherName),
    ends: ['unknown', 'E_NETWORK', 3, 3, times(3, 'econnreset').join(';')],
  },
  {
    title: 'three lost answers and the change is there',
    updates: times(3, lost),
    reads: [otherName, otherName, hasName],
    ends: ['updated', '', 3, 3, times(3, 'econnreset').join(';')],
  },
  {
    title: 'a lost answer and no look that is answered: it is not sent again unseen',
    updates: [lost],
    reads: times(20, down),
    ends: ['unknown', 'E_NETWORK', 1, 20, ['econnreset', ...times(5, 'unread')].join(';')],
  },
  {
    title: 'a lost answer and a look that is answered late',
    updates: [lost],
    reads: [...times(7, down), hasName],
    ends: ['updated', '', 1, 8, 'econnreset;unread;unread'],
  },
  {
    title: 'three lost answers and reads that tell nothing',
    updates: times(3, lost),
    reads: times(3, hidden),
    ends: ['unknown', 'E_NETWORK', 3, 3, times(3, 'econnreset').join(';')],
  },
  {
    title: 'a lost answer and a lost look',
    updates: [lost],
    reads: [lost, hasName],
    ends: ['updated', '', 1, 2, 'econnreset'],
  },
  {
    title: 'one lost answer that was not applied, then refused connections',
    updates: [lost, ...times(5, notSent)],
    reads: [otherName],
    ends: ['failed', 'E_NETWORK', 6, 1, ['econnreset', ...times(5, 'econnrefused')].join(';')],
  },
  {
    title: 'a refusal behind a lost answer that was applied',
    updates: [lost, refusal(400, 'CUSTOMER_ALREADY_ASSIGNED_TO_EWALLET')],
    reads: [hidden, hasName],
    ends: ['updated', '', 2, 2, 'econnreset'],
  },
  {
    title: 'a refusal after a lost answer that was not applied',
    updates: [lost, refusal(400, 'INVALID_CUSTOMER_ID')],
    reads: [otherName],
    ends: ['rejected', 'E_CUSTOMER_NOT_FOUND', 2, 1, 'econnreset'],
  },
  {
    title: 'a refusal behind a lost answer, of which looks tell nothing',
    updates: [lost, refusal(400, 'CUSTOMER_ALREADY_ASSIGNED_TO_EWALLET')],
    reads: [hidden, hidden],
    ends: ['unknown', 'E_IN_DOUBT', 2, 2, 'econnreset'],
  },
  {
    title: 'a server error that Rapyd repeats for the key, which is no refusal',
    updates: [repeated, repeated],
    reads: [otherName, otherName],
    ends: ['unknown', 'E_SERVER_REPLAYED', 2, 2, 'http_500'],
  },
  {
    title: 'throttling, which costs no attempt',
    updates: [page, page, success()],
    ends: ['updated', '', 1, 0, 'throttled;throttled'],
  },
  {
    title: 'a 429 however often, which says nothing about one row',
    updates: [...times(20, page), success()],
    ends: ['updated', '', 1, 0, times(20, 'throttled').join(';')],
  },
  {
    title: 'pages of a firewall for this row alone, which nothing ends',
    hasUpdated: true,
    updates: times(4, firewall),
    reads: times(2, success()),
    ends: ['rejected', 'E_BLOCKED', 1, 2, times(4, 'throttled').join(';')],
  },
  {
    title: 'pages of a firewall before any row was updated: they may be for all of them',
    updates: [...times(8, firewall), success()],
    ends: ['updated', '', 1, 0, times(8, 'throttled').join(';')],
  },
  {
    title: 'a lost answer that was not applied, and then pages of a firewall for this row alone',
    hasUpdated: true,
    updates: [lost, ...times(4, firewall)],
    reads: [otherName, success(), success()],
    ends: ['rejected', 'E_BLOCKED', 2, 3, `econnreset;${times(4, 'throttled').join(';')}`],
  },
  {
    title: 'a page with 503 behind which the change was applied: not sent again',
    updates: [unavailable],
    reads: [hasName],
    ends: ['updated', '', 1, 1, 'http_503'],
  },
  {
    title: 'three pages with 503 and no change: one may still be applied',
    updates: times(3, unavailable),
    reads: times(3, otherName),
    ends: ['unknown', 'E_SERVER', 3, 3, times(3, 'http_503').join(';')],
  },
  {
    title: 'three pages with 503 for this row alone, and no change when the last one is settled',
    hasUpdated: true,
    updates: times(3, unavailable),
    reads: [otherName, success(), otherName, success(), otherName],
    ends: ['rejected', 'E_BLOCKED', 3, 5, times(3, 'http_503').join(';')],
  },
  {
    title: 'three pages with 503 for this row alone, the last of which was applied',
    hasUpdated: true,
    updates: times(3, unavailable),
    reads: [otherName, success(), otherName, success(), hasName],
    ends: ['updated', '', 3, 5, times(3, 'http_503').join(';')],
  },
  {
    title: 'an answer that was lost, and reads of this customer that alone are refused by a firewall',
    updates: [lost, success()],
    reads: [firewall, firewall, firewall, success(), firewall, success()],
    ends: ['updated', '', 2, 6, 'econnreset'],
  },
  {
    title: 'a clock that is a minute behind',
    updates: [late(60_000), success()],
    ends: ['updated', '', 1, 0, 'resigned_clock'],
  },
  {
    title: 'a salt that was used before',
    updates: [saltUsed, success()],
    ends: ['updated', '', 1, 0, 'resigned_salt'],
  },
  {
    title: 'a signature refused once',
    updates: [badSignature, success()],
    ends: ['updated', '', 1, 0, 'resigned_signature'],
  },
  {
    title: 'a coupon with a lost answer that was applied',
    request: coupon,
    updates: [lost],
    reads: [hasCoupon],
    ends: ['updated', '', 1, 1, 'econnreset'],
  },
  {
    title: 'a coupon with a lost answer that was not applied',
    request: coupon,
    updates: [lost, success()],
    reads: [noCoupon],
    ends: ['updated', '', 2, 1, 'econnreset'],
  },
  {
    title: 'a coupon in doubt that cannot be read',
    request: coupon,
    updates: [lost],
    reads: times(5, down),
    ends: ['unknown', 'E_NOT_IDEMPOTENT', 1, 5, 'econnreset'],
  },
  {
    title: 'a coupon behind a server error',
    request: coupon,
    updates: [down],
    reads: [hasCoupon],
    ends: ['updated', '', 1, 1, 'http_500'],
  },
  {
    title: 'a coupon that never left',
    request: coupon,
    updates: [notSent, success()],
    ends: ['updated', '', 2, 0, 'econnrefused'],
  },
  {
    title: 'a row in doubt that was applied',
    inDoubt: [7],
    reads: [hasName],
    ends: ['updated', '', 0, 1, ''],
  },
  {
    title: 'a row in doubt that was not applied',
    inDoubt: [7],
    reads: [otherName],
    updates: [success()],
    ends: ['updated', '', 1, 1, ''],
  },
  {
    title: 'a coupon in doubt that was applied',
    request: coupon,
    inDoubt: [7],
    reads: [hasCoupon],
    ends: ['updated', '', 0, 1, ''],
  },
  { title: 'another row in doubt', inDoubt: [6], updates: [success()], ends: ['updated', '', 1, 0, ''] },
  {
    title: 'reads that fail before one that does not',
    inDoubt: [7],
    reads: [page, down, lost, hasName],
    ends: ['updated', '', 0, 4, ''],
  },
]

describe('the sender settles', () => {
  it.each(cases)('$title', async ({ request = named, updates, reads, inDoubt, hasUpdated, ends }) => {
    const { sender, of, unused, parts } = senderOn({ updates: updates ?? [], reads: reads ?? [] }, inDoubt)
    if (hasUpdated === true) parts.access.updated()
    const outcome = await sender(request, running)
    expect([
      outcome?.outcome,
      outcome?.errorCode,
      outcome?.attempts,
      of('get').length,
      outcome?.retries,
    ]).toEqual(ends)
    expect(unused()).toEqual([])
    expect(outcome).toMatchObject({
      row: 7,
      line: 8,
      offset: 100,
      length: 20,
      customerId,
      fields: request.fields,
    })
  })
})

describe('a row in doubt from an earlier session', () => {
  it('is read back only when nothing of that session can be under way any more', async () => {
    const { sender, clock, sent } = senderOn({ reads: [hasName] }, [7], 0)
    await clock.sleep(500)
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 0 })
    expect(clock.sleeps).toEqual([500, 1_500])
    expect(sent).toHaveLength(1)
  })

  it('is unknown where it reads differently after so long that others may have written', async () => {
    const { sender, of } = senderOn({ reads: [otherName] }, [7], 16 * 60_000)
    expect(await sender(named, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_IN_DOUBT' })
    expect(of('post')).toEqual([])
  })

  it('waits out only what is left of its settle time, which does not count for that', async () => {
    const script = { reads: [otherName, otherName], updates: [success()] }
    const { sender, of } = senderOn(script, [7], 80_000, true, false, 90_000)
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect(of('post').map(({ at }) => at)).toEqual([10_000])
    const older = senderOn(script, [7], 19 * 60_000, true, false, 5 * 60_000)
    expect(await older.sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
  })

  it.each([
    ['reads differently', otherName],
    ['cannot be read', hidden],
  ])('is not sent again after three attempts without a clear answer, if it %s', async (_, read) => {
    const { sender, of } = senderOn({ reads: [read] }, [7], 10_000, true, false, 2_000, {
      inDoubt: new Map([[7, { at: -10_000, attempts: 3 }]]),
    })
    expect(await sender(named, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_IN_DOUBT' })
    expect(of('post')).toEqual([])
  })

  it('is sent however old its doubt is where the user has asked for that', async () => {
    const { sender, of, clock } = senderOn(
      { reads: [otherName], updates: [success()] },
      [7],
      16 * 60_000,
      true,
      true,
    )
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect(of('get')).toHaveLength(1)
    // What another run gave up long ago is not under way any more.
    expect(clock.sleeps).toEqual([])
  })

  it('waits from the time at which the attempts of its earlier session count as ended', async () => {
    const script = { reads: [otherName], updates: [success()] }
    const { sender, of } = senderOn(script, [7], -35_000)
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect([of('get'), of('post')].map(([first]) => first?.at)).toEqual([37_000, 37_000])
  })

  it('is unknown and not sent again if another run has sent to its customer since', async () => {
    const asked: number[] = []
    const isOvertaken = (row: number) => Promise.resolve(asked.push(row) > 0)
    const { sender, sent, cancelled } = senderOn({}, [7], 10_000, true, false, 2_000, { isOvertaken })
    expect(await sender(named, running)).toMatchObject({
      outcome: 'unknown',
      errorCode: 'E_IN_DOUBT',
      message: expect.stringContaining('another run has sent'),
      attempts: 0,
    })
    expect([sent, cancelled, asked]).toEqual([[], [], [7]])
  })

  it('is unknown and not sent again if another run has sent to its customer before it was read', async () => {
    const asked: number[] = []
    const isOvertaken = (row: number) => Promise.resolve(asked.push(row) > 1)
    const script = { reads: [otherName] }
    const { sender, of } = senderOn(script, [7], 10_000, true, false, 2_000, { isOvertaken })
    expect(await sender(named, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_IN_DOUBT' })
    expect([of('get').length, of('post'), asked]).toEqual([1, [], [7, 7]])
  })

  it('is unknown after an attempt without an answer if another run has sent to its customer since', async () => {
    const script = { updates: [lost], reads: [otherName] }
    const overtaken = { isOvertaken: () => Promise.resolve(true) }
    const { sender, of } = senderOn(script, [], 10_000, true, false, 2_000, overtaken)
    expect(await sender(named, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_IN_DOUBT' })
    expect(of('post')).toHaveLength(1)
  })

  it('that is not in doubt does not ask if another run has sent to its customer', async () => {
    const asked: number[] = []
    const isOvertaken = (row: number) => Promise.resolve(asked.push(row) > 0)
    const script = { updates: [success()] }
    const { sender } = senderOn(script, [], 10_000, true, false, 2_000, { isOvertaken })
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated' })
    expect(asked).toEqual([])
  })

  it('that cannot be read is sent again where that does no harm, and says so', async () => {
    const { sender, of } = senderOn({ updates: [success()] }, [7], 10_000, false)
    expect(await sender(named, running)).toMatchObject({
      outcome: 'updated',
      message: expect.stringContaining('may have been applied twice'),
    })
    expect(of('get')).toEqual([])
  })

  it('that cannot be read and holds a coupon is never sent again', async () => {
    const { sender, sent } = senderOn({}, [7], 10_000, false)
    expect(await sender(coupon, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_NOT_IDEMPOTENT' })
    expect(sent).toEqual([])
  })
})

const readAfter = async (request: typeof named, updates: Script['updates'], reads: Script['reads']) => {
  const { sender, of } = senderOn({ updates: updates ?? [], reads: reads ?? [] })
  const outcome = await sender(request, running)
  return { outcome: outcome?.outcome, reads: of('get').map(({ at }) => at), posts: of('post').length }
}

describe('a call that nobody answered', () => {
  it('is read back and sent again only when it cannot be applied any more', async () => {
    expect(await readAfter(named, [lost, success()], [otherName])).toEqual({
      outcome: 'updated',
      reads: [2_000],
      posts: 2,
    })
  })

  it('is read back only when it cannot be under way any more where a second time would harm', async () => {
    expect(await readAfter(coupon, [lost], [hasCoupon])).toEqual({
      outcome: 'updated',
      reads: [2_000],
      posts: 1,
    })
  })

  it('waits anew behind the next attempt that nobody answers', async () => {
    const { reads } = await readAfter(coupon, [lost, lost, success()], [noCoupon, noCoupon])
    expect(reads).toEqual([2_000, 4_000])
  })

  it('waits also after the last attempt, and after any answer that is not clear', async () => {
    const gateway = response(504, '<html>')
    const { outcome, reads } = await readAfter(coupon, times(3, gateway), [noCoupon, noCoupon, hasCoupon])
    expect(outcome).toBe('updated')
    expect(reads).toEqual([2_000, 4_000, 6_000])
    expect((await readAfter(coupon, [down, success()], [noCoupon])).reads).toEqual([2_000])
  })
})

const minutes = (script: Script) => senderOn(script, [], 10_000, true, false, 90_000)

describe('a row that waits for its settle time of 90 seconds', () => {
  const next = { ...updateOf({ name: 'Ann' }), row: 8 }

  it('is read after 5 and 30 seconds and at the end, and only then sent again', async () => {
    const { sender, of, settling } = minutes({ updates: [lost, success()], reads: times(3, otherName) })
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 2 })
    expect(of('get').map(({ at }) => at)).toEqual([5_000, 30_000, 90_000])
    expect(of('post').map(({ at }) => at)).toEqual([0, 90_000])
    // It also waits before its next attempt, which is not made at once.
    expect(settling).toEqual([1, -1, 1, -1, 1, -1, 1, -1])
  })

  it('is settled early by a reading that shows the value; a later row of the customer waits all the same', async () => {
    const { sender, of, clock } = minutes({ updates: [lost, success()], reads: [hasName] })
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect(clock.now()).toBe(5_000)
    expect(await sender(next, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect(of('post').map(({ at }) => at)).toEqual([0, 90_000])
  })

  it('lets a later row go at once if a reading showed another value before', async () => {
    const { sender, of } = minutes({ updates: [lost, success()], reads: [otherName, hasName] })
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect(await sender(next, running)).toMatchObject({ outcome: 'updated' })
    expect(of('post').map(({ at }) => at)).toEqual([0, 30_000])
  })

  it('waits however long it is told, which is more than a timer can', async () => {
    const script = { updates: [lost, success()], reads: times(3, otherName) }
    const { sender, of, clock } = senderOn(script, [], 10_000, true, false, 600 * 3_600_000)
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated' })
    expect(of('post').map(({ at }) => at)).toEqual([0, 600 * 3_600_000])
    expect(Math.max(...clock.sleeps)).toBeLessThan(2 ** 31)
  })

  it('is not waited for twice, if an earlier session has left the doubt and reading tells nothing', async () => {
    const script = { updates: [refusal(400, 'CUSTOMER_ALREADY_ASSIGNED_TO_EWALLET')] }
    const { sender, clock } = senderOn(script, [7], 0, false, false, 90_000)
    expect(await sender(named, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_IN_DOUBT' })
    expect(clock.now()).toBe(90_000)
  })

  it('gives up waiting when the run stops, and stays in doubt', async () => {
    const stopping = new AbortController()
    const { sender, clock, of, cancelled, kept } = minutes({ updates: [lost] })
    const sleep = clock.sleep.bind(clock)
    clock.sleep = (ms, signal) => {
      if (ms > 1_000) stopping.abort(new Error('stopped'))
      return sleep(ms, signal)
    }
    expect(await sender(named, stopping.signal)).toBeUndefined()
    expect([of('get'), cancelled, kept]).toEqual([[], [], [[7, { at: 0, attempts: 1 }]]])
  })
})

describe('a row that is sent again although nobody could tell what became of it', () => {
  it('says that it may have been applied twice', async () => {
    const { sender } = senderOn({ updates: [lost, success()], reads: [hidden] })
    expect(await sender(named, running)).toMatchObject({
      outcome: 'updated',
      message: expect.stringContaining('may have been applied twice'),
    })
  })
})

describe('the sender stops the run', () => {
  it.each([
    ['a redirect', [response(302, '')], 'E_REDIRECT'],
    ['a refused key', [refusal(401, 'UNAUTHENTICATED_API_CALL', 'access_key header is not valid')], 'E_AUTH'],
    ['a certificate that cannot be trusted', [badCertificate], 'E_TLS'],
    ['a clock that is ten minutes off', [late(600_000)], 'E_CLOCK'],
    [
      'a refused time without a Date header',
      [refusal(401, 'UNAUTHENTICATED_API_CALL', clockMessage)],
      'E_CLOCK',
    ],
    ['a time that is refused twice', [late(60_000), late(60_000)], 'E_CLOCK'],
    ['a salt that is refused twice', [saltUsed, saltUsed], 'E_AUTH'],
    ['a signature that is refused twice before anything was updated', [badSignature, badSignature], 'E_AUTH'],
  ])('on %s', async (_what, updates, code) => {
    const { sender, unused, cancelled } = senderOn({ updates })
    await expect(sender(named, running)).rejects.toMatchObject({ code })
    expect(unused()).toEqual([])
    // Nothing was applied, so the row is not in doubt.
    expect(cancelled).toEqual([7])
  })

  it('on an answer about another customer, whose row is unknown', async () => {
    const { sender, stops, cancelled } = senderOn({ updates: [success({ id: 'cus_other' })] })
    expect(await sender(named, running)).toMatchObject({ outcome: 'unknown', errorCode: 'E_WRONG_CUSTOMER' })
    expect(stops).toMatchObject([{ code: 'E_WRONG_CUSTOMER' }])
    expect(cancelled).toEqual([])
  })

  it('on keys that worked before, once one read is refused as well', async () => {
    const { sender, of } = senderOn({ updates: [success(), refusedKey], reads: [refusedKey] })
    await sender(named, running)
    await expect(sender(named, running)).rejects.toMatchObject({ code: 'E_AUTH' })
    expect(of('get')).toHaveLength(1)
  })

  it('but not on keys that are refused for one row alone', async () => {
    const { sender } = senderOn({ updates: [success(), refusedKey], reads: [hasName] })
    await sender(named, running)
    expect(await sender(named, running)).toMatchObject({ outcome: 'rejected', errorCode: 'E_AUTH' })
  })

  it('on five signatures in a row that are refused, once one read is refused as well', async () => {
    const { sender } = senderOn({ updates: [success(), ...times(10, badSignature)], reads: [badSignature] })
    await sender(named, running)
    for (let row = 0; row < 4; row++)
      expect(await sender(named, running)).toMatchObject({ errorCode: 'E_SIGNATURE_ROW' })
    await expect(sender(named, running)).rejects.toMatchObject({ code: 'E_AUTH' })
  })

  it('on ten customers of another account, asked one at a time', async () => {
    const { sender, of } = senderOn({ updates: times(10, refusal(401, 'UNAUTHORIZED_API_CALL')) })
    const ends = await Promise.allSettled(times(10, named).map(async (row) => sender(row, running)))
    expect(ends.map(({ status }) => status)).toEqual([...times(9, 'fulfilled'), 'rejected'])
    expect(ends[9]).toMatchObject({ reason: { code: 'E_AUTH' } })
    expect(of('post')).toHaveLength(10)
  })

  it('but not on customers of another account behind one that was updated', async () => {
    const { sender } = senderOn({
      updates: [success(), ...times(12, refusal(401, 'UNAUTHORIZED_API_CALL'))],
    })
    await sender(named, running)
    for (let row = 0; row < 12; row++)
      expect(await sender(named, running)).toMatchObject({ errorCode: 'E_CUSTOMER_NOT_HERE' })
  })

  it('on something else that answers, such as ten times 404', async () => {
    const { sender } = senderOn({ updates: times(10, refusal(404, 'NOT_FOUND')) })
    for (let row = 0; row < 9; row++) await sender(named, running)
    await expect(sender(named, running)).rejects.toMatchObject({ code: 'E_NOT_API' })
  })

  it('but not on the signature of one row, when others were updated', async () => {
    const { sender } = senderOn({ updates: [success(), badSignature, badSignature] })
    await sender(named, running)
    expect(await sender(named, running)).toMatchObject({ outcome: 'rejected', errorCode: 'E_SIGNATURE_ROW' })
  })
})

describe('every attempt', () => {
  it('has the same body and key, a new salt, and an intent before it', async () => {
    const { sender, of, intents } = senderOn({
      updates: [down, lost, success()],
      reads: times(2, otherName),
    })
    await sender(named, running)
    const requests = of('post')
    expect(new Set(requests.map(({ request }) => request.body))).toEqual(new Set([named.body]))
    expect(new Set(requests.map(({ request }) => request.headers['idempotency']))).toEqual(
      new Set([named.idempotencyKey]),
    )
    expect(new Set(requests.map(({ request }) => request.headers['salt'])).size).toBe(3)
    expect(intents).toEqual([7, 7, 7])
  })

  it('is signed at the moment it goes out, on the server’s clock once that is known', async () => {
    const { sender, of } = senderOn({
      updates: [late(60_000), down, success()],
      reads: [otherName],
    })
    await sender(named, running)
    const stamps = of('post').map(
      ({ at, request }) => Number(request.headers['timestamp']) - Math.floor(at / 1000),
    )
    expect(stamps).toEqual([1_700_000_000, 1_700_000_060, 1_700_000_060])
  })

  it('keeps its clock if the Date header of a refused signature is years off', async () => {
    const headers = { date: 'Wed, 21 Oct 2037 07:28:00 GMT' }
    const { sender, of } = senderOn({ updates: [{ ...badSignature, headers }, success()] })
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated' })
    expect(of('post').map(({ request }) => request.headers['timestamp'])).toEqual(times(2, '1700000000'))
  })

  it('waits at least as long as the server asks for, but not for a day', async () => {
    const { sender, clock } = senderOn({
      updates: [busy('7'), busy('86400'), success()],
      reads: times(2, otherName),
    })
    expect(await sender(named, running)).toMatchObject({ outcome: 'updated', attempts: 3 })
    expect(clock.sleeps).toEqual([7_000, 300_000])
  })

  it('waits longer than the one before, under full jitter', async () => {
    const { sender, clock } = senderOn({ updates: times(6, notSent) })
    await sender(named, running)
    expect(clock.sleeps).toEqual([250, 500, 1_000, 2_000, 4_000])
  })
})

describe('throttling', () => {
  it('stops everyone for the shorter window, then for the longer one', async () => {
    const { sender, of, throttled } = senderOn({ updates: [page, page, success()] })
    expect(await sender(named, running)).toMatchObject({ httpStatus: 200, latencyMs: 12 })
    expect(of('post').map(({ at }) => at)).toEqual([0, 60_000, 360_000])
    expect(throttled()).toBe(2)
  })

  it('stops for as long as Retry-After says', async () => {
    const { sender, of } = senderOn({ updates: [response(429, '', { 'retry-after': '7' }), success()] })
    await sender(named, running)
    expect(of('post').map(({ at }) => at)).toEqual([0, 7_000])
  })
})

describe('a stop', () => {
  it('cancels the intent of a row that was never sent', async () => {
    const stop = new AbortController()
    const { sender, clock, cancelled } = senderOn({ updates: [notSent] })
    clock.sleep = () => {
      stop.abort(new Error('stop'))
      return Promise.resolve()
    }
    expect(await sender(named, stop.signal)).toBeUndefined()
    expect(cancelled).toEqual([7])
  })

  it('leaves a row that was not taken up without an outcome and without a request', async () => {
    const { sender, sent } = senderOn({})
    expect(await sender(named, AbortSignal.abort('SIGINT'))).toBeUndefined()
    expect(sent).toEqual([])
  })

  it('leaves a row that waits for its permit without an outcome', async () => {
    const { sender, parts, sent } = senderOn({})
    const stop = new AbortController()
    // The clock jumps over every wait, so the permit is made to depend on a request that does not end.
    const permit = await parts.limiter.acquire(running)
    const waiting = sender(named, stop.signal)
    stop.abort(new Error('stop'))
    expect(await waiting).toBeUndefined()
    expect(sent).toEqual([])
    permit.release()
  })

  it('leaves a row between two attempts in doubt: no outcome, no further request', async () => {
    const stop = new AbortController()
    const { sender, clock, sent, cancelled } = senderOn({ updates: [lost] })
    clock.sleep = () => {
      stop.abort(new Error('stop'))
      return Promise.resolve()
    }
    expect(await sender(named, stop.signal)).toBeUndefined()
    expect(sent).toHaveLength(1)
    expect(cancelled).toEqual([])
  })
})

const patch = '{"metadata":{"tier":"gold"}}'
const made = (at: number, more: object = { region: 'eu' }): UpdateRequest => ({
  ...updateOf({ metadata: { ...more, tier: 'gold' } }),
  reading: { patch, at },
})

/** A sender whose customer has changed to `next` when it is read again. */
function readingSender(script: Script, next: UpdateRequest | Outcome, inDoubt: readonly number[] = []) {
  const again: boolean[] = []
  const sending = senderOn(script, inDoubt, 10_000, true, false, 2_000, {
    readAgain(_request, isInDoubt) {
      again.push(isInDoubt)
      return Promise.resolve(next)
    },
  })
  return { ...sending, again, bodies: () => sending.of('post').map(({ request }) => request.body) }
}

describe('a body that was made of a reading', () => {
  it('is sent as it is while the reading is recent', async () => {
    const { sender, again, bodies } = readingSender({ updates: [success()] }, made(0, {}))
    await sender(made(0), running)
    expect([again, bodies()]).toEqual([[], [made(0).body]])
  })

  it('is made again, once, if the reading is old when it could be sent', async () => {
    const { sender, again, bodies, parts, intents } = readingSender({ updates: [success()] }, made(0, {}))
    parts.limiter.pause(10_001)
    expect(await sender(made(0), running)).toMatchObject({ outcome: 'updated', attempts: 1 })
    expect([again, bodies(), intents]).toEqual([[false], [made(0, {}).body], [7]])
  })

  it('is made again after a doubt was settled, and not sent if the customer forbids it', async () => {
    const known = unsentOutcome(made(0), { code: 'E_METADATA_NUMBER', message: 'm' })
    const refused: Outcome = { ...known, outcome: 'invalid' }
    const script = { updates: [lost], reads: [success({ metadata: {} })] }
    const { sender, again, bodies } = readingSender(script, refused)
    expect(await sender(made(0), running)).toMatchObject({
      outcome: 'invalid',
      errorCode: 'E_METADATA_NUMBER',
      attempts: 1,
    })
    expect([again, bodies()]).toEqual([[true], [made(0).body]])
  })

  it('counts as applied if the customer holds what the row itself changes', async () => {
    const script = { reads: [success({ metadata: { tier: 'gold', region: 'us' } })] }
    const { sender, again } = readingSender(script, made(0), [7])
    expect(await sender(made(-Infinity), running)).toMatchObject({ outcome: 'updated', attempts: 0 })
    expect(again).toEqual([])
  })
})
