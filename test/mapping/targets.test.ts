import { describe, expect, it } from 'vitest'
import { nearestField, targetOf } from '../../src/mapping/targets.ts'
import { customerFields } from '../../src/rapyd/customer-fields.ts'

describe('a target', () => {
  it.each(customerFields.map(({ name }) => name))('is every field by its own name: %s', (name) => {
    expect(targetOf(name)).toMatchObject({ kind: 'field', path: name, field: { name } })
  })

  it.each([
    ['E-Mail', 'field', 'email'],
    ['  PHONE number ', 'field', 'phone_number'],
    ['addresses[0].line_1', 'address', 'addresses[0].line_1'],
    ['Addresses[19].Line-1', 'address', 'addresses[19].line_1'],
    ['addresses[007].city', 'address', 'addresses[7].city'],
    ['addresses[0].metadata.Floor', 'address', 'addresses[0].metadata.Floor'],
    ['metadata.Tier', 'metadata', 'metadata.Tier'],
    ['METADATA.a.b.c', 'metadata', 'metadata.a.b.c'],
  ])('is found for %j', (name, kind, path) => {
    expect(targetOf(name)).toMatchObject({ kind, path })
  })

  it.each([
    '',
    'emial',
    'name.first',
    'addresses[0]',
    'addresses[0].street',
    'addresses[0].city.x',
    'addresses[0].metadata',
    'addresses[20].city',
    'addresses[-1].city',
    'addresses[1000].city',
    'addresses[].city',
    'addresses.city',
    'metadata.',
    'metadata.a..b',
    'metadata.__proto__',
    'addresses[0].metadata.__proto__.x',
  ])('is not found for %j', (name) => expect(targetOf(name)).toBeUndefined())
})

describe('the nearest field', () => {
  it.each([
    ['emial', 'email'],
    ['e_mails', 'email'],
    ['phone', 'phone_number'],
    ['phone_nmber', 'phone_number'],
    ['vat_id', undefined],
    ['custmer', 'customer'],
    ['birthdate', undefined],
    ['nationalty', 'nationality'],
    ['shoe size', undefined],
    ['', undefined],
  ])('to %j is %s', (name, field) => expect(nearestField(name)).toBe(field))
})
