import { describe, expect, it } from 'vitest'
import { compareWith, createReadBack, createReadCustomer } from '../../../src/http/read-customer.ts'
import type { JsonObject } from '../../../src/model/json.ts'
import { createRig, lost, refusal, response, success, times, updateOf, type Step } from '../../support/rig.ts'

const address = { name: 'Jo', line_1: 'Main 1' }
const kept = { ...address, id: 'address_1', created_at: 1, line_2: '' }
const discount = (id: string) => ({ discount: { id: 'dis_1', coupon: { id } } })

describe('reading back', () => {
  it.each<[string, JsonObject, JsonObject, string]>([
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
    ['metadata with another value', { metadata: { a: 1 } }, { metadata: { a: 2 } }, 'different'],
    ['metadata whose number is a text', { metadata: { a: 1 } }, { metadata: { a: '1' } }, 'applied'],
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
    ['a coupon whose discount is not shown', { coupon: 'SPRING', name: 'a' }, { name: 'a' }, 'cannot_tell'],
    ['a discount without its coupon', { coupon: 'SPRING' }, { discount: { id: 'dis_1' } }, 'cannot_tell'],
    [
      'a coupon that holds, next to a field that differs, which may be a part that was taken',
      { coupon: 'SPRING', name: 'a' },
      { ...discount('SPRING'), name: 'b' },
      'cannot_tell',
    ],
    ['a coupon that was taken away', { coupon: '' }, { discount: null }, 'applied'],
    ['a coupon that was taken away, if the discount is not shown', { coupon: '' }, {}, 'cannot_tell'],
    ['a coupon that is still there', { coupon: '' }, discount('SPRING'), 'different'],
  ])('finds %s', (_what, patch, customer, finding) => {
    expect(compareWith(updateOf(patch), customer)).toBe(finding)
  })

  it.each<[string, readonly Step[], string]>([
    ['the customer', [success({ name: 'Jo' })], 'applied'],
    ['a refusal', [refusal(400, 'ERROR_GET_CUSTOMER')], 'cannot_tell'],
    ['a key that may not read', [refusal(403, 'NOT_ALLOWED')], 'cannot_tell'],
    ['errors of the server alone', times(5, response(500, '')), 'unanswered'],
    ['pages alone', times(5, response(200, '<html>')), 'unanswered'],
    ['connections that break, then the customer', [lost, lost, success({ name: 'Jo' })], 'applied'],
  ])('makes of %s what it proves', async (_what, reads, finding) => {
    const { parts, unused } = createRig({ reads })
    const readBack = createReadBack(createReadCustomer(parts))
    expect(await readBack(updateOf({ name: 'Jo' }), new AbortController().signal)).toBe(finding)
    expect(unused()).toEqual([])
  })

  it.each<[string, JsonObject, string]>([
    ['was applied over it', { name: 'Al' }, 'overtaken'],
    ['was not applied', { name: 'Before' }, 'different'],
    ['is not needed, because it is there itself', { name: 'Jo' }, 'applied'],
  ])('finds of a row whose later row %s', async (_what, customer, finding) => {
    const { parts } = createRig({ reads: [success(customer)] })
    const readBack = createReadBack(createReadCustomer(parts), async () => [updateOf({ name: 'Al' })])
    expect(await readBack(updateOf({ name: 'Jo' }), new AbortController().signal)).toBe(finding)
  })
})
