import { describe, expect, it } from 'vitest'
import { envelope, retrieve, send, startSimulator, update, verdict } from './signed-request.ts'

describe('update and retrieve', () => {
  it('change only the named fields, clear with a blank and keep their state', async () => {
    const simulator = await startSimulator()
    await update(simulator, 'cus_1', { name: 'Ann', description: 'first', phone_number: '+15551234567' })
    const reply = await update(simulator, 'cus_1', { description: '' })
    expect(envelope(reply).data).toMatchObject({ id: 'cus_1', name: 'Ann', description: '' })
    expect(envelope(await retrieve(simulator, 'cus_1')).data).toEqual(envelope(reply).data)
    expect(simulator.customer('cus_1')).toEqual(envelope(reply).data)
    expect(simulator.updatesOf('cus_1')).toBe(2)
  })

  it('show every documented field of a customer', async () => {
    const simulator = await startSimulator()
    const { data } = envelope(await retrieve(simulator, 'cus_1'))
    expect(Object.keys(data)).toEqual(
      expect.arrayContaining(['id', 'delinquent', 'discount', 'email', 'addresses', 'payment_methods']),
    )
    expect(data).toMatchObject({ metadata: {}, business_vat_id: '', ewallet: '', subscriptions: null })
  })

  it('keep text byte for byte', async () => {
    const simulator = await startSimulator()
    const name = 'José 東京 😀 \u200F a/b & <c> "q"'
    expect(envelope(await update(simulator, 'cus_1', { name })).data['name']).toBe(name)
  })

  it('know only the given customers if a list is given', async () => {
    const simulator = await startSimulator({ customers: [{ id: 'cus_1', name: 'Ann' }] })
    expect(envelope(await retrieve(simulator, 'cus_1')).data).toMatchObject({ name: 'Ann', email: '' })
    expect(verdict(await update(simulator, 'cus_2', { name: 'B' }))).toBe('400 INVALID_CUSTOMER_ID')
    expect(verdict(await retrieve(simulator, 'cus_2'))).toBe('400 ERROR_GET_CUSTOMER')
    expect(simulator.customer('cus_2')).toBeUndefined()
  })

  it('refuse an id that is not well formed', async () => {
    const simulator = await startSimulator()
    expect(verdict(await update(simulator, 'cust_1', { name: 'A' }))).toBe('400 INVALID_CUSTOMER_ID')
    expect(verdict(await retrieve(simulator, 'cus_%31'))).toBe('400 ERROR_GET_CUSTOMER')
  })
})

describe('fields with rules of their own', () => {
  it('metadata merges by key, and a blank empties it', async () => {
    const simulator = await startSimulator()
    await update(simulator, 'cus_1', { metadata: { a: 1, b: 'x' } })
    const merged = await update(simulator, 'cus_1', { metadata: { b: 'y', c: [true] } })
    expect(envelope(merged).data['metadata']).toEqual({ a: 1, b: 'y', c: [true] })
    const emptied = await update(simulator, 'cus_1', { metadata: '' })
    expect(envelope(emptied).data['metadata']).toEqual({})
  })

  it('metadata replaces all keys, if the options say so', async () => {
    const simulator = await startSimulator({ metadata: 'replace' })
    await update(simulator, 'cus_1', { metadata: { a: 1, b: 'x' } })
    const replaced = await update(simulator, 'cus_1', { metadata: { b: 'y' } })
    expect(envelope(replaced).data['metadata']).toEqual({ b: 'y' })
  })

  it.each([
    ['append', 2],
    ['replace', 1],
  ] as const)('addresses %s, each with an id of its own', async (addresses, count) => {
    const simulator = await startSimulator({ addresses })
    const patch = { addresses: [{ name: 'Home', line_1: '1 Main Street' }] }
    await update(simulator, 'cus_1', patch)
    await update(simulator, 'cus_1', patch)
    const kept = JSON.stringify(simulator.customer('cus_1')?.['addresses'])
    expect(new Set(kept.match(/address_[0-9a-f]{32}/g)).size).toBe(count)
    await update(simulator, 'cus_1', { addresses: '' })
    expect(simulator.customer('cus_1')?.['addresses']).toEqual([])
  })

  it('a coupon makes a new discount every time, and Delete Discount takes it away once', async () => {
    const simulator = await startSimulator()
    const first = envelope(await update(simulator, 'cus_1', { coupon: 'SPRING' })).data['discount']
    const second = envelope(await update(simulator, 'cus_1', { coupon: 'SPRING' })).data['discount']
    expect(first).toMatchObject({ coupon: { id: 'SPRING' }, end: -1 })
    expect(second).not.toEqual(first)
    const gone = await send(simulator, 'DELETE', '/v1/customers/cus_1/discount')
    expect(envelope(gone).data).toMatchObject({ deleted: true })
    const again = await send(simulator, 'DELETE', '/v1/customers/cus_1/discount')
    expect(verdict(again)).toBe('400 ERROR_DELETE_CUSTOMER_DISCOUNT')
    expect(simulator.customer('cus_1')?.['discount']).toBeNull()
  })

  it.each([
    ['clears', '200', null],
    ['ignored', '200', { coupon: { id: 'SPRING' } }],
    ['refused', '400 ERROR_GET_COUPON', { coupon: { id: 'SPRING' } }],
  ] as const)('a blank coupon is %s, if the options say so', async (blankCoupon, answer, discount) => {
    const simulator = await startSimulator({ blankCoupon })
    await update(simulator, 'cus_1', { coupon: 'SPRING', description: 'before' })
    const reply = await update(simulator, 'cus_1', { coupon: '', description: 'after' })
    expect(verdict(reply)).toBe(answer)
    const held = discount === null ? { discount } : { discount: expect.objectContaining(discount) }
    const description = answer === '200' ? 'after' : 'before'
    expect(simulator.customer('cus_1')).toMatchObject({ ...held, description })
    const gone = await send(simulator, 'DELETE', '/v1/customers/cus_1/discount')
    expect(verdict(gone)).toBe(discount === null ? '400 ERROR_DELETE_CUSTOMER_DISCOUNT' : '200')
  })

  it('Delete Discount of a customer that does not exist is refused, and so is one with no discount', async () => {
    const simulator = await startSimulator({ customers: [{ id: 'cus_1' }] })
    const remove = async (id: string) =>
      verdict(await send(simulator, 'DELETE', `/v1/customers/${id}/discount`))
    expect(await remove('cus_2')).toBe('400 INVALID_CUSTOMER_ID')
    expect(await remove('cus_1')).toBe('400 ERROR_DELETE_CUSTOMER_DISCOUNT')
    expect(simulator.appliedCount).toBe(0)
  })

  it('a wallet belongs to one customer, and a customer has one wallet', async () => {
    const simulator = await startSimulator()
    const set = async (id: string, ewallet: string) => verdict(await update(simulator, id, { ewallet }))
    expect(await set('cus_1', 'ewallet_a')).toBe('200')
    expect(await set('cus_1', 'ewallet_a')).toBe('200')
    expect(await set('cus_1', 'ewallet_b')).toBe('400 CUSTOMER_ALREADY_ASSIGNED_TO_EWALLET')
    expect(await set('cus_2', 'ewallet_a')).toBe('400 ERROR_CREATE_CUSTOMER_EWALLET_ALREADY_IN_USE')
    expect(await set('cus_1', '')).toBe('200')
    expect(await set('cus_2', 'ewallet_a')).toBe('200')
  })
})

describe('a refused update', () => {
  it.each([
    [{ email: 'nobody' }, 'INVALID_CUSTOMER_EMAIL'],
    [{ email: `${'a'.repeat(512)}@example.com` }, 'INVALID_CUSTOMER_EMAIL'],
    [{ phone_number: '0171 23' }, 'INVALID_CUSTOMER_PHONE_NUMBER'],
    [{ addresses: { line_1: 'x' } }, 'INVALID_ADDRESSES_FORMAT'],
    [{ addresses: [{ line_1: 'x' }] }, 'INVALID_ADDRESS_NAME'],
    [{ addresses: [{ name: 'x' }] }, 'INVALID_ADDRESS_LINE_1'],
    [{ addresses: [{ name: 'x', line_1: 'y', phone_number: 'z' }] }, 'INVALID_ADDRESS_PHONE_NUMBER'],
    [{ addresses: [{ name: 'x', line_1: 'y', planet: 'z' }] }, 'INVALID_FIELDS - [PLANET]'],
    [{ default_payment_method: '4111' }, 'ERROR_GET_PAYMENT_METHOD'],
    [{ ewallet: 'wallet' }, 'ERROR_GET_EWALLET'],
    [{ ewallet: 'ewallet_NO_SUCH_1' }, 'ERROR_GET_EWALLET'],
    [{ coupon: 'NO_SUCH_COUPON' }, 'ERROR_GET_COUPON'],
    [{ nickname: 'x' }, 'INVALID_FIELDS - [NICKNAME]'],
    [{ ['__proto__']: 'x' }, 'INVALID_FIELDS - [__PROTO__]'],
    [{ name: 5 }, 'INVALID_FIELDS - [NAME]'],
    [{ name: null }, 'INVALID_FIELDS - [NAME]'],
    [{ metadata: [] }, 'INVALID_FIELDS - [METADATA]'],
    [{ nationality: 'Germany' }, 'INVALID_FIELDS - [NATIONALITY]'],
    [{ occupation: 'x'.repeat(36) }, 'INVALID_FIELDS - [OCCUPATION]'],
    [{ date_of_birth: '1990-01-31' }, 'INVALID_FIELDS - [DATE_OF_BIRTH]'],
    [[], 'MISSING_INVALID_PARAMETERS'],
  ])('%j is 400 %s and changes nothing', async (patch, code) => {
    const simulator = await startSimulator()
    const before = simulator.customer('cus_1')
    const body = Array.isArray(patch) ? patch : { description: 'changed', ...patch }
    const reply = await update(simulator, 'cus_1', body)
    expect(verdict(reply)).toBe(`400 ${code}`)
    expect(envelope(reply).status.error_code).toBe(code.split(' - ')[0])
    expect(simulator.customer('cus_1')).toEqual(before)
    expect(simulator.calls[0]).toMatchObject({ status: 400, applied: false })
  })

  it('with malformed JSON is a bare string', async () => {
    const simulator = await startSimulator()
    const reply = await send(simulator, 'POST', '/v1/customers/cus_1', '{"name":')
    expect([reply.status, typeof JSON.parse(reply.body)]).toEqual([400, 'string'])
  })

  it('of more than 1 MiB is 413', async () => {
    const simulator = await startSimulator()
    const reply = await update(simulator, 'cus_1', { description: 'x'.repeat(2 ** 20) })
    expect(reply.status).toBe(413)
  })
})

describe('list', () => {
  const ids = Array.from({ length: 25 }, (_, index) => `cus_${index + 1}`)
  const customers = ids.map((id) => ({ id }))

  it.each([
    ['', ids.slice(0, 10)],
    ['?limit=3', ['cus_1', 'cus_2', 'cus_3']],
    ['?limit=2&starting_after=cus_3', ['cus_4', 'cus_5']],
    ['?limit=2&ending_before=cus_24', ['cus_22', 'cus_23']],
    ['?starting_after=cus_25', []],
    ['?limit=100', ids],
  ])('with %j', async (query, expected) => {
    const simulator = await startSimulator({ customers })
    const { data } = envelope(await send(simulator, 'GET', `/v1/customers${query}`))
    expect(Object.values(data)).toEqual(expected.map((id) => expect.objectContaining({ id })))
  })

  it.each([
    ['?limit=0', 'INVALID_LIMIT'],
    ['?limit=101', 'INVALID_LIMIT'],
    ['?limit=ten', 'INVALID_LIMIT'],
    ['?starting_after=cus_99', 'ERROR_GET_CUSTOMER'],
  ])('refuses %j', async (query, code) => {
    const simulator = await startSimulator({ customers })
    expect(verdict(await send(simulator, 'GET', `/v1/customers${query}`))).toBe(`400 ${code}`)
  })
})

describe('every other route', () => {
  it.each([
    ['POST', '/v1/customers/'],
    ['POST', '/v1/customers'],
    ['GET', '/v1/customers/'],
    ['PUT', '/v1/customers/cus_1'],
    ['DELETE', '/v1/customers/cus_1'],
    ['POST', '/v1/customers/cus_1/discount'],
    ['GET', '/v1/payments'],
    ['POST', '/'],
  ])('%s %s is 401 with an empty message', async (method, path) => {
    const simulator = await startSimulator()
    const reply = await send(simulator, method, path)
    expect(verdict(reply)).toBe('401 UNAUTHORIZED_API_CALL')
    expect(envelope(reply).status.message).toBe('')
  })
})
