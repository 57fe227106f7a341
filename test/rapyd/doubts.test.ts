import { describe, expect, it } from 'vitest'
import type { Patch } from '../../src/model/row.ts'
import { doubts } from '../../src/rapyd/doubts.ts'

function doubtsAbout(patch: Patch, cleared: readonly string[]): readonly string[] {
  const told: string[] = []
  const row = { row: 1, line: 2, offset: 0, length: 0, customerId: 'cus_1', fields: cleared, cleared, patch }
  doubts.clears(row, (code, field) => told.push(`${code} ${field}`))
  return told
}

describe('a clear is doubtful', () => {
  it('where Rapyd does not document it, for a whole field and for what is inside one', () => {
    const patch = { coupon: '', metadata: { tier: '' }, addresses: [{ city: '' }] }
    expect(doubtsAbout(patch, ['coupon', 'metadata.tier', 'addresses[0].city'])).toEqual([
      'W_DOUBTFUL_CLEAR coupon',
      'W_DOUBTFUL_CLEAR metadata.tier',
      'W_DOUBTFUL_CLEAR addresses[0].city',
    ])
  })

  it('not where it is documented', () =>
    expect(doubtsAbout({ email: '', description: '' }, ['email', 'description'])).toEqual([]))

  it('not where the mapping clears with a value of its own', () =>
    expect(doubtsAbout({ metadata: { tier: 'none' } }, ['metadata.tier'])).toEqual([]))
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
    const told: string[] = []
    doubts.unusualId(id, (code) => told.push(code))
    expect(told).toEqual(isUnusual ? ['W_UNUSUAL_ID'] : [])
  })
})
