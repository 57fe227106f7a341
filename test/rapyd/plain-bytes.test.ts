import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { made } from '../../src/domain/raw-record.ts'
import { dateRule, emailRule, phoneRule } from '../../src/rapyd/field-rules.ts'
import { isPlainDate, isPlainEmail, isPlainPhone } from '../../src/rapyd/plain-bytes.ts'

const isEmail = (text: string) => isPlainEmail(Buffer.from(`,${text},`), 1, Buffer.byteLength(text) + 1)
const isDate = (text: string) => isPlainDate(Buffer.from(text), 0, Buffer.byteLength(text), 1900, 2020)
const isPhone = (text: string) =>
  isPlainPhone(
    Buffer.from(text),
    0,
    Buffer.byteLength(text),
    /^[+\d]+$/.test(text) ? made.plus | made.digit : 0,
  )

/** Texts of a few characters, so that many of them nearly hold to a rule. */
const textOf = (characters: string, maxLength: number) =>
  fc.array(fc.constantFrom(...characters.split('')), { maxLength }).map((list) => list.join(''))

describe('bytes that surely hold to a rule', () => {
  it('hold to it', () => {
    fc.assert(
      fc.property(
        textOf('ab9.@-_+@.,ä', 12),
        textOf('0123456789+ ', 18),
        textOf('0123/9', 10),
        (email, phone, date) => {
          if (isEmail(email)) expect(emailRule(email)).toBeUndefined()
          if (isPhone(phone)) expect(phoneRule(phone)).toBeUndefined()
          if (isDate(date)) expect(dateRule(date)).toBeUndefined()
        },
      ),
      { numRuns: 5_000 },
    )
  })

  it('are those of nearly every cell', () => {
    expect(['ann.lee@example.com', 'a+b_c@x-y.co.uk', "o'neil@a.io"].map(isEmail)).toEqual([true, true, true])
    expect(['+4915112345678', '+1234567', '+123456789012345'].map(isPhone)).toEqual([true, true, true])
    expect(['01/01/1980', '28/02/2020', '15/12/1900'].map(isDate)).toEqual([true, true, true])
  })

  it('are not those of what a rule refuses', () => {
    const emails = [
      '@b.c',
      'a@',
      'a@b',
      'a@.c',
      'a@b.',
      'a@b..c',
      'a@b@c.d',
      'a b@c.d',
      `${'a'.repeat(509)}@b.c`,
    ]
    expect(emails.filter(isEmail)).toEqual([])
    const phones = ['+0123456789', '+123456', '+1234567890123456', '1234567890', '+123+45678', '++12345678']
    expect(phones.filter(isPhone)).toEqual([])
    const dates = [
      '00/01/1980',
      '01/00/1980',
      '01/13/1980',
      '01/01/1899',
      '01/01/2021',
      '1/01/19800',
      '01-01-1980',
    ]
    expect(dates.filter(isDate)).toEqual([])
  })
})
