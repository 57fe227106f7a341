import { describe, expect, it } from 'vitest'
import { compareWith } from '../../src/client/read-back.ts'
import { customerId, refusal, response, success, updateOf } from '../support/rig.ts'

const address = { name: 'Jo', line_1: 'Main 1' }
const kept = { ...address, id: 'address_1', created_at: 1, line_2: '' }
const discount = (id: string) => ({ discount: { id: 'dis_1', coupon: { id } } })

describe('reading back', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
    ['the same text', { name: 'José' }, { name: 'José' }, 'applied'],
    ['another text', { name: 'José' }, { name: 'Jose' }, 'different'],
    ['a field that the answer does not show', { occupation: 'x' }, { name: 'x' }, 'cannot_tell'],
    ['one equal and one different field', { name: 'a', email: 'b' }, { name: 'a', email: 'c' }, 'different'],
    ['a different and a missing field', { name: 'a', email: 'b' }, { name: 'c' }, 'cannot_tell'],
    ['fields that were not sent', { name: 'a' }, { name: 'a', email: 'other' }, 'applied'],
    ['a cleared field that is empty', { name: '' }, { name: '' }, 'applied'],
    ['a cleared field that is null', { name: '' }, { name: null }, 'applied'],
    ['a cleared field that is not shown', { name: '' }, {}, 'applied'],
    ['a cleared field that Rapyd need not show', { occupation: '' }, { name: 'a' }, 'cannot_tell'],
    ['a cleared field that Rapyd shows empty', { occupation: '' }, { occupation: '' }, 'applied'],
    ['a cleared field that is still set', { name: '' }, { name: 'a' }, 'different'],
    ['cleared metadata', { metadata: '' }, { metadata: {} }, 'applied'],
    ['cleared addresses', { addresses: '' }, { addresses: [] }, 'applied'],
    [
      'metadata among older keys',
      { metadata: { a: { b: [1] } } },
      { metadata: { old: 1, a: { b: [1], c: 2 } } },
      'applied',
    ],
    ['metadata with another value', { metadata: { a: 1 } }, { metadata: { a: '1' } }, 'different'],
    ['metadata with a cleared key that is gone', { metadata: { a: '' } }, { metadata: {} }, 'applied'],
    [
      'cleared keys that bear the names of what every object has',
      { metadata: { toString: '', constructor: '' } },
      { metadata: {} },
      'applied',
    ],
    ['a field with such a name', { constructor: 'x' }, { name: 'x' }, 'cannot_tell'],
    ['such a key with its value', { metadata: { valueOf: 'x' } }, { metadata: { valueOf: 'x' } }, 'applied'],
    [
      'an address among older ones, with what Rapyd adds',
      { addresses: [address] },
      { addresses: [{ name: 'Old' }, kept] },
      'applied',
    ],
    [
      'an address that is not there',
      { addresses: [address] },
      { addresses: [{ ...kept, line_1: 'Main 2' }] },
      'different',
    ],
    [
      'addresses in another order',
      { addresses: [address, { name: 'B' }] },
      { addresses: [{ name: 'B' }, kept] },
      'applied',
    ],
    ['a coupon in its discount', { coupon: 'SPRING' }, discount('SPRING'), 'applied'],
    ['another coupon', { coupon: 'SPRING' }, discount('AUTUMN'), 'different'],
    ['no discount', { coupon: 'SPRING' }, { discount: null }, 'different'],
    ['a discount without its coupon', { coupon: 'SPRING' }, { discount: { id: 'dis_1' } }, 'cannot_tell'],
    ['a coupon that was taken away', { coupon: '' }, { discount: null }, 'applied'],
    ['a coupon that is still there', { coupon: '' }, discount('SPRING'), 'different'],
  ])('finds %s', (_what, patch, customer, finding) => {
    expect(compareWith(updateOf(patch), success(customer))).toBe(finding)
  })

  it.each([
    ['a refusal', refusal(400, 'ERROR_GET_CUSTOMER')],
    ['a page', response(200, '<html>')],
    ['another customer', success({ id: 'cus_other', name: 'Jo' })],
    ['another success status', { ...success({ name: 'Jo' }), status: 206 }],
  ])('cannot tell from %s', (_what, answer) => {
    expect(compareWith(updateOf({ name: 'Jo' }), answer)).toBe('cannot_tell')
  })

  it('is about the customer that was sent', () => {
    expect(compareWith(updateOf({ name: 'Jo' }), success({ id: customerId, name: 'Jo' }))).toBe('applied')
  })
})
