import { assert, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskCell } from '../../src/validation/findings.ts'

describe('an example', () => {
  it.each([
    ['jo.doe+x@example.com', 'aa.aaa+a@aaaaaaa.aaa'],
    ['+49 (151) 12', '+99 (999) 99'],
    ['0049151', '0099999'],
    ['4.91E+11', '9.99E+99'],
    ['cus_AB12', 'cus_AA99'],
    ['Zoë 東京 😀', 'Aaa aa ·'],
    ['#DIV/0!', '#DIV/0!'],
    ['(null)', '(null)'],
    ['nil', 'nil'],
    ['Nils', 'Aaaa'],
    ['x'.repeat(50), `${'a'.repeat(40)}…`],
  ])('of %j is %j', (text, mask) => expect(maskCell(text)).toBe(mask))

  it('holds no letter, digit or symbol of the text but what says nothing', () => {
    assert(
      property(string({ unit: 'grapheme', minLength: 10 }), (text) => {
        expect(maskCell(`!${text}`)).not.toMatch(/[b-zB-Z1-8]|(?![<=>+$~^`|\ufffd·…aA09])[\p{L}\p{N}\p{S}]/u)
      }),
    )
  })
})
