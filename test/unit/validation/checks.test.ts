/** The checks that keep something of every row: correct, and of bounded memory. Examples are masked. */
import { describe, expect, it } from 'vitest'
import { findShift, textDamage } from '../../../src/validation/damage.ts'
import { createColumns } from '../../../src/validation/columns.ts'
import { createFindings, maskCell } from '../../../src/validation/findings.ts'
import { createSharedEmails } from '../../../src/validation/row-checks.ts'
import { assert, constantFrom, oneof, property, string } from '../../support/properties.ts'
import { isSuspectBlank } from '../../../src/mapping/suspects.ts'

const nowhere = () => undefined
const isMail = (text: string) => text.includes('@')
const isPhone = (text: string) => text.startsWith('+')
const isId = (text: string) => text.startsWith('cus_')

const distinctOf = (texts: readonly string[]) => {
  const rules = { blank: 'clear', nullValues: new Set<string>(), literals: new Set<string>() } as const
  const columns = createColumns(() => [{ name: 'a', number: 1, isId: false, assignments: [] }], rules)
  for (const text of texts) columns.add({ kind: 'csv', row: 1, line: 2, offset: 0, length: 0, cells: [text] })
  return columns.list()[0]?.distinct
}
describe('the table of e-mail addresses', () => {
  it('tells an address of another customer, whatever the case, over all its growth', () => {
    const emails = createSharedEmails()
    const found = { first: 0, other: 0, same: 0 }
    for (let row = 1; row <= 100_000; row++)
      if (emails.add(`p${row}@example.com`, `cus_${row}`)) found.first++
    for (let row = 1; row <= 100_000; row++) {
      if (emails.add(`P${row}@Example.com`, 'cus_other')) found.other++
      if (emails.add(`p${row}@example.com`, `cus_${row}`)) found.same++
    }
    expect(found).toEqual({ first: 0, other: 100_000, same: 0 })
    expect(emails.add('new@example.com', 'cus_77')).toBe(false)
  })
})

describe('the count of different texts', () => {
  const numbers = Array.from({ length: 1_000 }, (_, number) => `${number}`)

  it('is exact up to its limit, and then says that there are more', () => {
    expect(distinctOf(['a', 'b', 'a', ''])).toEqual({ count: 2, more: false })
    expect(distinctOf([...numbers, '7'])).toEqual({ count: 1_000, more: false })
    expect(distinctOf([...numbers, 'x', 'y'])).toEqual({ count: 1_000, more: true })
  })

  it('tells long texts apart', () => {
    const long = 'x'.repeat(1_000)
    expect(distinctOf([`${long}1`, `${long}1`, `${long}2`])).toEqual({ count: 2, more: false })
  })
})

describe('findings', () => {
  it('keep five rows of each kind and count further kinds together from the five hundredth on', () => {
    const findings = createFindings<'E_KEY'>(true)
    for (let row = 1; row <= 700; row++) {
      const place = { row, line: row }
      findings.add({
        code: 'E_KEY',
        field: 'same',
        message: 'm',
        place,
        columnOf: nowhere,
        exampleOf: nowhere,
      })
      findings.add({
        code: 'E_KEY',
        field: `k${row}`,
        message: 'm',
        place,
        columnOf: nowhere,
        exampleOf: nowhere,
      })
    }
    const list = findings.list()
    expect(list).toHaveLength(501)
    expect(list.slice(0, 2)).toMatchObject([
      { field: 'same', rows: 700, places: [1, 2, 3, 4, 5].map((row) => ({ row, line: row })) },
      { field: '', message: 'further ones, of many kinds', rows: 201 },
    ])
  })
})

describe('a shift', () => {
  const typed = [
    { index: 0, fits: isId },
    { index: 2, fits: isMail },
    { index: 3, fits: isPhone },
    { index: 4, fits: isPhone },
  ]
  it.each([
    [['cus_1', 'Jo', 'a@b.c', 'x'], undefined],
    [['cus_1', 'a@b.c', 'x', ''], 'left'],
    [['cus_1', 'y', 'Jo', 'a@b.c'], 'right'],
    [['cus_1', 'Jo', 'nobody', 'x'], undefined],
    [['cus_1', 'a@b.c', 'a@b.c', 'x'], undefined],
    [['', 'cus_1', 'Jo', 'a@b.c'], 'right'],
    // Some stay and some move: that is no shift of the row.
    [['cus_1', 'a@b.c', 'x', '+1', 'y', '+2'], undefined],
  ])('in %j: %s', (cells, shift) => expect(findShift(cells, typed)).toBe(shift))
})

describe('the look for damage', () => {
  it.each([
    'E+11',
    '1E5',
    '1e-7',
    'École',
    'SÃO PAULO',
    'Ângela',
    'naïve â la',
    'A-9',
    'Mar-2024',
    '5-Marks',
  ])('leaves %j alone', (text) => expect(textDamage(text, false, true)).toBeUndefined())

  it('is done with a megabyte in a moment', () => {
    const started = performance.now()
    for (const text of [
      'Ã'.repeat(1_000_000),
      'â€'.repeat(500_000),
      '1'.repeat(1_000_000),
      '-'.repeat(1_000_000),
    ])
      textDamage(text, false, true)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})

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
    ['😀'.repeat(50), '·'.repeat(41)],
    ['0', '9'],
    ['007', '099'],
    ['0000', '0099'],
    ['cus_0', 'cus_9'],
    ['0\t', '9\t'],
    ['0\u200b', '9\u200b'],
    ['?!', '··'],
    ['+', '·'],
    ['e\u0301\u{1d4a5}', 'a·A'],
    ['\ue000\u{e0041}b', '··a'],
  ])('of %j is %j', (text, mask) => expect(maskCell(text)).toBe(mask))

  it('of a short cell shows neither all of it nor half of a character', () => {
    const short = string({
      unit: oneof(
        constantFrom('0', '?', '!', '@', '-', '+', '\u0301', '\ud83d', '\u{1f600}'),
        string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ),
      maxLength: 5,
    })
    assert(
      property(short, (text) => {
        const mask = maskCell(text)
        if (isSuspectBlank(text) || /^[aA9\s]*$/.test(text)) return
        expect(mask).not.toMatch(/\p{Cs}|[1-8]/u)
        if (!/[aA9]/.test(text)) expect(mask).not.toBe(text)
      }),
    )
  })

  it('holds no letter, digit or symbol of the text but what says nothing', () => {
    assert(
      property(string({ unit: 'grapheme', minLength: 0 }), (text) => {
        expect(maskCell(`!${text}`)).not.toMatch(/[b-zB-Z1-8]|(?![<=>+$~^`|\ufffd·…aA09])[\p{L}\p{N}\p{S}]/u)
      }),
    )
  })
})
