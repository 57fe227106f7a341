import { describe, expect, it } from 'vitest'
import { compareAnswer, onlyNotTaken, pathsWithin, takenPatch } from '../../../src/rapyd/taken.ts'

const found = (
  patch: object,
  customer: Parameters<typeof compareAnswer>[1],
  fields = Object.keys(patch).join(';'),
) => Object.fromEntries(compareAnswer({ body: JSON.stringify(patch), fields, cleared: '' }, customer))

describe('an answer that is compared with the update', () => {
  it.each([
    ['the same text in another normal form', { name: 'Zo\u00eb' }, { name: ' Zoe\u0308' }, 'taken'],
    ['another text', { name: 'Zo\u00eb' }, { name: 'Zoe' }, 'not_taken'],
    ['an e-mail address in capitals', { email: 'a@b.co' }, { email: 'A@B.CO' }, 'taken'],
    ['a name in capitals', { name: 'Jo' }, { name: 'JO' }, 'not_taken'],
    ['the digits of a phone number', { phone_number: '+49 30 1' }, { phone_number: '49301' }, 'taken'],
    ['a value of null', { name: 'Jo' }, { name: null }, 'not_taken'],
    ['no such member', { name: 'Jo' }, {}, 'unproved'],
    ['a blank where it was cleared', { name: '' }, { name: '' }, 'taken'],
    ['null where it was cleared', { name: '' }, { name: null }, 'taken'],
    ['no member where it was cleared', { occupation: '' }, {}, 'taken'],
    ['a value where it was cleared', { name: '' }, { name: 'Jo' }, 'not_cleared'],
    ['no discount member', { coupon: 'A' }, {}, 'unproved'],
    ['no discount', { coupon: 'A' }, { discount: null }, 'not_taken'],
    ['the discount of the coupon', { coupon: 'A' }, { discount: { coupon: { id: 'A' } } }, 'taken'],
    ['the discount of another coupon', { coupon: 'A' }, { discount: { coupon: { id: 'B' } } }, 'not_taken'],
    ['a discount where it was cleared', { coupon: '' }, { discount: { coupon: { id: 'B' } } }, 'not_cleared'],
    [
      'an address with more members',
      { addresses: [{ line_1: 'a', phone_number: '+491' }] },
      { addresses: [{ line_1: 'x' }, { id: '1', line_1: 'a ', phone_number: '491', city: '' }] },
      'taken',
    ],
    ['another address', { addresses: [{ line_1: 'a' }] }, { addresses: [{ line_1: 'b' }] }, 'not_taken'],
    ['no metadata member', { metadata: { a: 1 } }, {}, 'unproved'],
    ['keys where metadata was cleared', { metadata: '' }, { metadata: { a: 1 } }, 'not_cleared'],
  ] as const)('finds %s', (_what, patch, customer, finding) => {
    expect(Object.values(found(patch, customer))).toEqual([finding])
  })

  it('compares metadata by key: scalars as texts, objects and lists by value, and only what the row names', () => {
    const sent = { n: 5, flag: true, list: [1, { a: 2 }], other: [1, 2], gone: '', left: '', kept: 'x' }
    const held = { n: '5', flag: 'true', list: [1, { a: 2 }], other: [2, 1], left: 'y', kept: 'z' }
    const fields = 'metadata.n;metadata.flag;metadata.list;metadata.other;metadata.gone;metadata.left'
    expect(found({ metadata: sent }, { metadata: held }, fields)).toEqual({
      'metadata.n': 'taken',
      'metadata.flag': 'taken',
      'metadata.list': 'taken',
      'metadata.other': 'not_taken',
      'metadata.gone': 'taken',
      'metadata.left': 'not_cleared',
    })
  })
})

it('names the paths of a row, and a key inside a path by itself', () => {
  const fields = 'name;addresses[0].city;addresses[0].zip;metadata.a.b;metadata.c;d'
  expect(pathsWithin(fields, ['addresses', 'metadata.a', 'metadata.c;d'])).toEqual([
    'addresses[0].city',
    'addresses[0].zip',
    'metadata.a.b',
    'metadata.c;d',
  ])
  expect(pathsWithin('metadata', ['metadata.tier'])).toEqual(['metadata.tier'])
})

it('splits a row into what was taken and what was not', () => {
  const patch = { name: 'A', email: '', addresses: [{ city: 'B' }], metadata: { a: 1, b: '', '__x;y': 2 } }
  const notTaken = 'email;metadata.b;metadata.__x;y'
  expect(takenPatch(patch, notTaken)).toEqual({
    name: 'A',
    addresses: [{ city: 'B' }],
    metadata: { a: 1 },
  })
  const row = {
    row: 1,
    line: 2,
    offset: 0,
    length: 1,
    customerId: 'cus_1',
    patch,
    fields: ['name', 'email', 'addresses[0].city', 'metadata'],
    cleared: ['email'],
  }
  expect(onlyNotTaken(row, notTaken)).toMatchObject({
    patch: { email: '', metadata: { b: '', '__x;y': 2 } },
    fields: ['email', 'metadata'],
    cleared: ['email'],
  })
  expect(takenPatch(patch, '')).toBe(patch)
})
