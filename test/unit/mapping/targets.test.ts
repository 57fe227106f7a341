import { describe, expect, it } from 'vitest'
import { nearestPath, targetOf } from '../../../src/mapping/targets.ts'
import { customerFields } from '../../../src/rapyd/customer-fields.ts'

describe('a target', () => {
  it.each(customerFields.map(({ name }) => name))('is every field by its own name: %s', (name) => {
    expect(targetOf(name)).toMatchObject({ path: name, keys: [name] })
  })

  it.each([
    ['E-Mail', 'text', 'email'],
    ['  PHONE number ', 'text', 'phone_number'],
    ['addresses[0].line_1', 'text', 'addresses[0].line_1'],
    ['Addresses[19].Line-1', 'text', 'addresses[19].line_1'],
    ['addresses[007].city', 'text', 'addresses[7].city'],
    ['addresses[0].metadata.Floor', 'any', 'addresses[0].metadata.Floor'],
    ['metadata.Tier', 'any', 'metadata.Tier'],
    ['METADATA.a.b.c', 'any', 'metadata.a.b.c'],
  ])('is found for %j', (name, holds, path) => {
    expect(targetOf(name)).toMatchObject({ holds, path })
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
    ['metadata.no.', 'metadata.no'],
    ['metdata.a..b', 'metadata.a.b'],
    ['', undefined],
  ])('to %j is %s', (name, field) => expect(nearestPath(name)).toBe(field))
})
