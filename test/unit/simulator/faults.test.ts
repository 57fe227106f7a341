import { describe, expect, it } from 'vitest'
import { createFaultPlan, faultNames, parseFaults } from '../../../src/simulator/faults.ts'
import { createSimulator } from '../../../src/simulator/server.ts'
import { systemCode } from '../../../src/model/errors.ts'
import { envelope, retrieve, startSimulator, update, verdict } from './signed-request.ts'

function struck(spec: string, requests: readonly (readonly [string, string])[], seed = 1): string[] {
  const plan = createFaultPlan(parseFaults(spec), seed)
  return requests.map(([method, id]) => plan(method, id).name)
}

describe('a specification', () => {
  const every = {
    argumentMs: 0,
    share: 1,
    from: 1,
    to: Infinity,
    times: Infinity,
    customerId: '',
    method: '',
  } as const

  it.each([
    ['500', { name: '500' }],
    ['reset-before:3%', { name: 'reset-before', share: 0.03 }],
    ['slow(2s):0.5%', { name: 'slow', argumentMs: 2000, share: 0.005 }],
    ['drip(150ms)', { name: 'drip', argumentMs: 150 }],
    ['429', { name: '429' }],
    ['429(7s)@3', { name: '429', argumentMs: 7000, from: 3, to: 3 }],
    ['500@3-5', { name: '500', from: 3, to: 5 }],
    ['500@3-', { name: '500', from: 3 }],
    ['500=cus_x2', { name: '500', customerId: 'cus_x2' }],
    ['500=cus_1:x2', { name: '500', customerId: 'cus_1', times: 2 }],
    ['500x2', { name: '500', times: 2 }],
    ['500 x2', { name: '500', times: 2 }],
    ['500:2%x3', { name: '500', share: 0.02, times: 3 }],
    [
      'reset-after/post=cus_1@2',
      { name: 'reset-after', method: 'POST', customerId: 'cus_1', from: 2, to: 2 },
    ],
    ['clock(-90s)', { name: 'clock', argumentMs: -90_000 }],
    ['clock(+1.5m)/get', { name: 'clock', argumentMs: 90_000, method: 'GET' }],
    ['hang/delete', { name: 'hang', method: 'DELETE' }],
  ])('%s is read', (spec, expected) => {
    expect(parseFaults(spec)).toEqual([{ ...every, ...expected }])
  })

  it('is a list, and blank means none', () => {
    expect(parseFaults(' 500:1% , hang@2,').map(({ name }) => name)).toEqual(['500', 'hang'])
    expect(parseFaults('')).toEqual([])
  })

  it.each([
    ['reset-befor:3%', 'there is no fault "reset-befor"', 'reset-before'],
    ['501', 'there is no fault "501"', '"500"'],
    ['constructor', 'there is no fault "constructor"', 'Faults: 429, 500, '],
    ['slow', 'the fault "slow" needs a duration', 'slow(2s)'],
    ['slow(2)', 'the fault "slow" needs a duration', 'slow(2s)'],
    ['slow(-2s)', 'the fault "slow" needs a duration', 'slow(2s)'],
    ['500(2s)', 'the fault "500" takes no argument', '500'],
    ['500:101%', 'cannot read where the fault "500" strikes: ":101%"', '500:2%'],
    ['500:3', 'cannot read where the fault "500" strikes: ":3"', '500@3'],
    ['500@0', 'cannot read where the fault "500" strikes: "@0"', '500@3'],
    ['500@5-3', 'cannot read where the fault "500" strikes: "@5-3"', '500@3'],
    ['500@3zzz', 'cannot read where the fault "500" strikes: "@3zzz"', '500@3'],
  ])('%s is refused with what is wrong and what to write', (spec, message, tip) => {
    const problem = expect.objectContaining({ message, remedy: expect.stringContaining(tip) })
    expect(() => parseFaults(spec)).toThrow(problem)
  })

  it('that cannot be read keeps the simulator from starting', async () => {
    const starting = createSimulator({ faults: 'sloow' })
    await expect(starting).rejects.toMatchObject({ kind: 'USAGE', code: 'E_FAULTS' })
  })
})

function posts(count: number) {
  return Array.from({ length: count }, () => ['POST', 'cus_1'] as const)
}

describe('where faults strike', () => {
  it('the nth requests, so many times', () => {
    expect(struck('500@3', posts(4))).toEqual(['', '', '500', ''])
    expect(struck('500@2-3', posts(4))).toEqual(['', '500', '500', ''])
    expect(struck('500:x2', posts(4))).toEqual(['500', '500', '', ''])
  })

  it('one customer, one method, counting only their requests', () => {
    const requests = [
      ['POST', 'cus_2'],
      ['GET', 'cus_1'],
      ['POST', 'cus_1'],
      ['POST', 'cus_1'],
    ] as const
    expect(struck('hang/post=cus_1@2', requests)).toEqual(['', '', '', 'hang'])
    expect(struck('hang/get', requests)).toEqual(['', 'hang', '', ''])
  })

  it('the first that strikes wins; slow and clock add themselves', () => {
    const plan = createFaultPlan(parseFaults('slow(1s),clock(+2s),500,hang'), 1)
    expect(plan('POST', 'cus_1')).toMatchObject({ fault: { name: '500' }, delayMs: 1000, skewMs: 2000 })
    const counted = createFaultPlan(parseFaults('500@1,hang:x1'), 1)
    expect([1, 2, 3].map(() => counted('POST', 'cus_1').name)).toEqual(['500', 'hang', ''])
  })

  it('a share of the requests, close to what was asked', () => {
    const requests = Array.from({ length: 20_000 }, (_, index) => ['POST', `cus_${index}`] as const)
    const hits = struck('500:3%', requests).filter((name) => name !== '').length
    expect(hits).toBeGreaterThan(500)
    expect(hits).toBeLessThan(700)
  })

  it('gives every customer the same fate in any order, and another one with another seed', () => {
    const requests = Array.from({ length: 400 }, (_, index) => ['POST', `cus_${index}`] as const)
    const forward = struck('500:20%,hang:20%', requests)
    const backward = struck('500:20%,hang:20%', requests.toReversed()).toReversed()
    expect(backward).toEqual(forward)
    expect(struck('500:20%,hang:20%', requests, 2)).not.toEqual(forward)
  })
})

describe('what arrives', () => {
  const patch = { name: 'After' }
  const answered: readonly (readonly [string, number, string, boolean])[] = [
    ['empty-200', 200, '', true],
    ['odd-200', 200, '{"result":"ok"}', true],
    ['huge-200', 200, 'xxxx', true],
    ['wrong-id', 200, 'cus_00000000', true],
    ['drip(1ms)', 200, 'SUCCESS', true],
    ['429', 429, '<html>', false],
    ['403-html', 403, '<html>', false],
    ['500', 500, '', false],
    ['500-after', 500, '', true],
    ['500-json', 500, 'ERROR', false],
    ['500-kept', 500, 'ERROR', false],
    ['502-html', 502, '<html>', false],
    ['502-after', 502, '<html>', true],
    ['503-html', 503, '<html>', false],
    ['html-200', 200, '<html>', false],
    ['error-200', 200, '"status":"ERROR"', false],
    ['bare-string', 400, '"Bad Request"', false],
    ['redirect', 302, '', false],
    ['not-found', 400, 'INVALID_CUSTOMER_ID', false],
    ['coupon-spent', 400, 'ERROR_COUPON_WAS_USED_OR_OUT_OF_DATE', false],
    ['not-here-401', 401, 'UNAUTHORIZED_API_CALL', false],
    ['key-401', 401, 'access_key', false],
    ['signature-401', 401, 'signature', false],
    ['timestamp-401', 401, 'timestamp', false],
    ['salt-401', 401, 'salt', false],
    ['slow(1ms)', 200, 'SUCCESS', true],
    ['clock(+90s)', 200, 'SUCCESS', true],
  ]
  const cut: readonly (readonly [string, string, boolean])[] = [
    ['refuse', 'ECONNRESET', false],
    ['reset-before', 'ECONNRESET', false],
    ['reset-after', 'ECONNRESET', true],
    ['reset-body', 'ECONNRESET', true],
    ['truncated', 'ECONNRESET', true],
    ['garbage', 'HPE_INVALID_CONSTANT', true],
  ]

  it.each(answered)('%s: status %i, applied or not', async (spec, status, part, applied) => {
    const simulator = await startSimulator({ faults: spec })
    const reply = await update(simulator, 'cus_1', patch)
    expect(reply.status).toBe(status)
    expect(reply.body).toContain(part)
    if (part === '' && status !== 302) expect(reply.body).toBe('')
    expect(simulator.updatesOf('cus_1')).toBe(applied ? 1 : 0)
    expect(simulator.calls[0]).toMatchObject({ applied, fault: spec.replace(/\(.*/, '') })
  })

  it.each(cut)('%s: no answer but %s', async (spec, code, applied) => {
    const simulator = await startSimulator({ faults: spec })
    const error: unknown = await update(simulator, 'cus_1', patch).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(systemCode(error)).toBe(code)
    expect(simulator.updatesOf('cus_1')).toBe(applied ? 1 : 0)
    expect(simulator.calls[0]).toMatchObject({ status: 0, applied, fault: spec })
  })

  it('cut-json: a 200 that ends in the middle without any error', async () => {
    const simulator = await startSimulator({ faults: 'cut-json' })
    const reply = await update(simulator, 'cus_1', patch)
    expect(reply.status).toBe(200)
    expect(() => JSON.parse(reply.body)).toThrow(SyntaxError)
    expect(simulator.updatesOf('cus_1')).toBe(1)
  })

  it.each([
    ['hang', 0],
    ['hang-after', 1],
  ])('%s: silence until the simulator ends', async (spec, updates) => {
    const simulator = await createSimulator({ faults: spec })
    const waiting = update(simulator, 'cus_1', patch)
    waiting.catch(() => undefined)
    await expect.poll(() => simulator.calls[0]?.fault).toBe(spec)
    expect([simulator.inFlight, simulator.updatesOf('cus_1')]).toEqual([1, updates])
    await simulator.close()
    await expect(waiting).rejects.toThrow()
  })

  it('every name in the table is one of these', () => {
    const tried = [...answered.map(([spec]) => spec), ...cut.map(([spec]) => spec)]
    const names = [...tried.map((spec) => spec.replace(/\(.*/, '')), 'cut-json', 'hang', 'hang-after']
    expect(names.toSorted()).toEqual(Object.keys(faultNames).toSorted())
  })

  it.each(['html', 'json'] as const)(
    '429 with an argument says when to come back, in %s',
    async (limitBody) => {
      const simulator = await startSimulator({ faults: '429(7s)', limitBody })
      expect((await update(simulator, 'cus_1', patch)).headers['retry-after']).toBe('7')
    },
  )

  it('a wrong clock shows in Date and in what timestamps are allowed', async () => {
    const simulator = await startSimulator({ faults: 'clock(+90s)', timestamps: 'documented' })
    const reply = await update(simulator, 'cus_1', patch)
    expect(envelope(reply).status.message).toContain('timestamp header')
    const ahead = Date.parse(reply.headers.date ?? '') - Date.now()
    expect(ahead).toBeGreaterThan(60_000)
    const timestamp = String(Math.floor(Date.now() / 1000) + 90)
    expect(verdict(await update(simulator, 'cus_1', patch, { timestamp }))).toBe('200')
  })

  it('a request that a fault stopped has not spent its salt', async () => {
    const simulator = await startSimulator({ faults: '502-html:x1' })
    expect((await update(simulator, 'cus_1', patch, { salt: 'same' })).status).toBe(502)
    expect((await update(simulator, 'cus_1', patch, { salt: 'same' })).status).toBe(200)
  })

  it('other faults can be set at any time', async () => {
    const simulator = await startSimulator({ faults: '500' })
    expect((await retrieve(simulator, 'cus_1')).status).toBe(500)
    simulator.setFaults('')
    expect((await retrieve(simulator, 'cus_1')).status).toBe(200)
    expect(() => simulator.setFaults('zzz')).toThrow('there is no fault')
    expect((await retrieve(simulator, 'cus_1')).status).toBe(200)
  })
})
