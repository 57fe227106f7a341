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

  const members =
    'id delinquent discount name default_payment_method description email phone_number invoice_prefix addresses ' +
    'payment_methods subscriptions created_at metadata business_vat_id ewallet'

  it('show the documented members of a customer, in their order, with their empty values', async () => {
    const simulator = await startSimulator({ customers: [{ id: 'cus_1' }] })
    const { data } = envelope(await retrieve(simulator, 'cus_1'))
    expect(Object.keys(data).join(' ')).toBe(members)
    expect(data).toEqual({
      id: 'cus_1',
      delinquent: false,
      discount: null,
      name: '',
      default_payment_method: '',
      description: '',
      email: '',
      phone_number: '',
      invoice_prefix: '',
      addresses: [],
      payment_methods: {
        data: [],
        has_more: false,
        total_count: 0,
        url: '/v1/customers/cus_1/payment_methods',
      },
      subscriptions: null,
      created_at: expect.any(Number),
      metadata: {},
      business_vat_id: '',
      ewallet: '',
    })
  })

  it('show the members in the same order after any update, and undocumented ones only while they are set', async () => {
    const simulator = await startSimulator()
    const patch = { ewallet: 'ewallet_1', occupation: 'Baker', name: 'Ann', coupon: 'SPRING' }
    const set = envelope(await update(simulator, 'cus_1', patch)).data
    expect(Object.keys(set).join(' ')).toBe(`${members} occupation`)
    const cleared = envelope(await update(simulator, 'cus_1', { occupation: '', description: '' })).data
    expect(Object.keys(cleared).join(' ')).toBe(members)
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
    // The second is also a part of the path.
    for (const id of ['cus_%31', 'cus'])
      expect(verdict(await retrieve(simulator, id))).toBe('400 ERROR_GET_CUSTOMER')
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
    const description = answer === '200' ? 'after' : 'before'
    expect(simulator.customer('cus_1')).toMatchObject({ discount, description })
    const gone = await send(simulator, 'DELETE', '/v1/customers/cus_1/discount')
    expect(verdict(gone)).toBe(discount === null ? '400 ERROR_DELETE_CUSTOMER_DISCOUNT' : '200')
  })

  it('a discount has all members of its coupon, which counts its customers', async () => {
    const simulator = await startSimulator()
    await update(simulator, 'cus_1', { coupon: 'SPRING' })
    const { discount } = envelope(await update(simulator, 'cus_2', { coupon: 'SPRING' })).data
    expect(JSON.stringify(discount).replaceAll(/"dis_[0-9a-f]{32}"|\d{10}/g, '0')).toBe(
      '{"id":0,"coupon":{"id":"SPRING","amount_off":0,"created":0,"currency":"","duration":"forever",' +
        '"duration_in_months":0,"max_redemptions":0,"metadata":{},"percent_off":10,"redeem_by":0,"times_redeemed":2,' +
        '"discount_valid_until":0,"discount_validity_in_months":0,"discount_duration_in_uses":0,"description":"",' +
        '"valid":true},"start":0,"end":-1,"subscription":"","number_of_uses":0,"valid":true}',
    )
  })

  it('a payment method belongs to the customer that names it first, who then shows it', async () => {
    const simulator = await startSimulator()
    const set = (id: string, method: string) => update(simulator, id, { default_payment_method: method })
    for (const method of ['card_a', 'other_b', 'card_a'])
      expect(verdict(await set('cus_1', method))).toBe('200')
    expect(simulator.customer('cus_1')).toMatchObject({
      default_payment_method: 'card_a',
      payment_methods: {
        data: [
          { id: 'card_a', category: 'card', name: 'Customer 1', last4: '1111' },
          { id: 'other_b', category: 'bank_transfer' },
        ],
        has_more: false,
        total_count: 2,
      },
    })
    expect(verdict(await set('cus_2', 'card_a'))).toBe(
      '400 ERROR_DEFAULT_PAYMENT_METHOD_BELONGS_TO_DIFFERENT_CUSTOMER',
    )
    expect(verdict(await set('cus_2', 'card_NO_SUCH_1'))).toBe('400 ERROR_GET_PAYMENT_METHOD')
    for (const method of ['card_c', 'card_d']) await set('cus_1', method)
    const { payment_methods: shown } = envelope(await set('cus_1', '')).data
    expect(shown).toMatchObject({
      data: [{ id: 'other_b' }, { id: 'card_c' }, { id: 'card_d' }],
      has_more: true,
      total_count: 4,
    })
  })

  it('a given customer has only its own payment methods', async () => {
    const methods = { data: [{ id: 'card_a' }], has_more: false, total_count: 1, url: '' }
    const customers = [
      { id: 'cus_1', payment_methods: methods },
      { id: 'cus_2', default_payment_method: 'card_b' },
    ]
    const simulator = await startSimulator({ customers })
    const set = async (id: string, method: string) =>
      verdict(await update(simulator, id, { default_payment_method: method }))
    expect(await set('cus_1', 'card_a')).toBe('200')
    expect(await set('cus_2', 'card_b')).toBe('200')
    expect(await set('cus_1', 'card_b')).toBe(
      '400 ERROR_DEFAULT_PAYMENT_METHOD_BELONGS_TO_DIFFERENT_CUSTOMER',
    )
    expect(await set('cus_1', 'card_c')).toBe('400 ERROR_CUSTOMER_PAYMENT_METHOD_NOT_FOUND')
    expect(simulator.customer('cus_1')).toMatchObject({ payment_methods: methods })
  })

  it('blanks change nothing anywhere, if the options say so', async () => {
    const simulator = await startSimulator({ blanks: 'ignore' })
    const address = { name: 'Home', line_1: '1 Main Street' }
    const set = {
      description: 'x',
      metadata: { a: 1 },
      addresses: [address],
      coupon: 'SPRING',
      ewallet: 'ewallet_1',
    }
    const { data: before } = envelope(await update(simulator, 'cus_1', set))
    const blank = { description: '', metadata: { a: '' }, addresses: '', coupon: '', ewallet: '', name: '' }
    const { data: after } = envelope(await update(simulator, 'cus_1', blank))
    expect(after).toEqual(before)
    const { data } = envelope(await update(simulator, 'cus_1', { metadata: '', description: 'y' }))
    expect(data).toEqual({ ...before, description: 'y' })
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
    [{ coupon: 'SPRING_OUT_OF_DATE' }, 'ERROR_COUPON_WAS_USED_OR_OUT_OF_DATE'],
    [{ coupon: 'USED_UP_1' }, 'ERROR_COUPON_WAS_USED_OR_OUT_OF_DATE'],
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
