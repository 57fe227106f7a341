import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import { expect, it } from 'vitest'
import { findFix } from '../../../src/mapping/fixes.ts'
import { hasTrunkZero } from '../../../src/mapping/trunk-zero.ts'
import { phoneRule } from '../../../src/rapyd/customer-fields.ts'

it.each([
  ['+49030123456', true],
  ['+4930123456', false],
  ['+4402079460958', true],
  ['+330612345678', true],
  ['+3606201234567', true],
  ['+97105012345', true],
  ['+480512345678', true],
  ['+709123456789', true],
  ['+390612345678', false],
  ['+2250712345678', false],
  ['+12025550123', false],
  ['+78121234567', false],
  ['+9990123456', false],
  ['+784951234567', true],
  ['+77771234567', false],
  ['+3758172123456', true],
  ['+114155550100', true],
  ['+370861234567', true],
  ['', false],
])('%j has a trunk zero: %s', (phone, expected) => {
  expect(hasTrunkZero(phone)).toBe(expected)
})

it('a zero in front of an example of each country is one, unless the plan knows such numbers', () => {
  const wrong = getCountries().filter((country) => {
    const phone = `+${getCountryCallingCode(country)}0${examples[country]}`
    const number = parsePhoneNumberFromString(phone, { extract: false })
    return hasTrunkZero(phone) === (number?.number === phone && number.isValid())
  })
  expect(wrong).toEqual([])
})

it('(0) after a country code is named, and no fix makes a trunk zero of it', () => {
  const defect = phoneRule('+49 (0)30 123456')
  expect(defect).toEqual({ code: 'E_PHONE', message: 'a phone number with (0) after its country code' })
  for (const [cell, text] of [
    ['+49 (0)30 123456', undefined],
    ['+49 030 123456', undefined],
    ['+39 06 12345678', '+390612345678'],
    ['+49 30 123456', '+4930123456'],
    ['+49 30/123456', '+4930123456'],
    ['+49 (30) 123456', '+4930123456'],
    ['+49 30 123456 / 78', undefined],
    ['+49 30 123456 (78)', undefined],
    ['+44 20 7183 8750-51', undefined],
  ] as const)
    expect(findFix({ code: 'E_PHONE', field: '', message: '' }, cell)?.text).toBe(text)
})
