import { iso31661 } from 'iso-3166'
import { describe, expect, it } from 'vitest'
import type { Patch } from '../../../src/model/row.ts'
import codes from '../../../src/rapyd/countries.json' with { type: 'json' }
import { rowWarnings } from '../../../src/rapyd/customer-fields.ts'

it('the codes of countries are those of ISO 3166-1', () => {
  expect(codes).toEqual(iso31661.map(({ alpha2 }) => alpha2))
})

function warningsAbout(patch: Patch, cleared: readonly string[]): readonly string[] {
  const warned: string[] = []
  const row = { row: 1, line: 2, offset: 0, length: 0, customerId: 'cus_1', fields: cleared, cleared, patch }
  rowWarnings.clears(row, (code, field) => warned.push(`${code} ${field}`))
  return warned
}

describe('a clear has a warning', () => {
  it('if Rapyd does not document it, for a whole field and for a part of one', () => {
    const patch = { ewallet: '', metadata: { tier: '' }, addresses: [{ city: '' }] }
    expect(warningsAbout(patch, ['ewallet', 'metadata.tier', 'addresses[0].city'])).toEqual([
      'W_DOUBTFUL_CLEAR ewallet',
      'W_DOUBTFUL_CLEAR metadata.tier',
      'W_DOUBTFUL_CLEAR addresses[0].city',
    ])
  })

  it('not if it is documented', () =>
    expect(warningsAbout({ email: '', coupon: '' }, ['email', 'coupon'])).toEqual([]))

  it('not if the mapping clears with a value of its own', () =>
    expect(warningsAbout({ metadata: { tier: 'none' } }, ['metadata.tier'])).toEqual([]))
})

describe('an id is unusual', () => {
  const usual = `cus_${'0'.repeat(31)}1`

  it.each([
    [usual, false],
    [`cus_${'0123456789abcdef'.repeat(2)}`, false],
    ['cus_1', true],
    [usual.replace('1', 'A'), true],
    [usual.replace('1', 'g'), true],
    [usual.replace('1', '`'), true],
    [usual.replace('0', '/'), true],
    [usual.replace('0', '\u0130'), true],
    [`${usual}0`, true],
  ])('%s: %s', (id, isUnusual) => {
    const warned: string[] = []
    rowWarnings.unusualId(id, (code) => warned.push(code))
    expect(warned).toEqual(isUnusual ? ['W_UNUSUAL_ID'] : [])
  })
})
