import { describe, expect, it } from 'vitest'
import { matchHeader as matchUnder } from '../../../src/mapping/headers.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'
import { BulkUpdateError } from '../../../src/model/errors.ts'
import { isOurColumn } from '../../../src/mapping/column-names.ts'

const matchHeader = (header: readonly string[], ignore: readonly string[]) =>
  matchUnder(header, ignore, defaultMapping)
const paths = (header: readonly string[], ignore: readonly string[] = []) =>
  matchHeader(header, ignore).flatMap(({ assignments }, index) =>
    assignments.map(({ target }) => [index, target.path] as const),
  )
const refused = (code: string, message: string | RegExp) =>
  expect.objectContaining({ kind: 'INPUT', code, message: expect.stringMatching(message) })

describe('the customer id', () => {
  it.each([
    [['customer', 'name'], 0],
    [['name', 'Customer ID'], 1],
    [['name', 'CUSTOMER_ID'], 1],
    [['name', ' Id '], 1],
    [['name', 'Customer-Id', 'email'], 1],
  ])('is in a column of %j', (header, index) => {
    expect(matchHeader(header, []).findIndex(({ isId }) => isId)).toBe(index)
  })

  it('keeps the name that its column has, for messages', () => {
    expect(matchHeader(['Customer ID'], [])).toMatchObject([{ name: 'Customer ID', isId: true }])
  })

  it('is asked for with a hint at the delimiter where only one column was seen', () => {
    expect(() => matchHeader(['customer;name'], [])).toThrow(
      expect.objectContaining({ code: 'E_HEADER_NO_ID', remedy: expect.stringContaining('--delimiter') }),
    )
  })

  it('is not found in a column that is set aside', () => {
    expect(() => matchHeader(['customer', 'name'], ['Customer'])).toThrow(refused('E_HEADER_NO_ID', ''))
  })
})

describe('a name of thousands of characters', () => {
  const long = 'Zz'.repeat(3_000)
  it.each([
    [['customer', long]],
    [['customer', ...Array.from({ length: 30 }, (_, number) => `${long}${number}`)]],
    [['customer', `metadata.${long}`, `metadata.${long}`]],
    [[`customer number ${long}`, 'name']],
  ])('is in no message about a header', (header) => {
    try {
      matchHeader(header, [])
      expect.unreachable()
    } catch (error) {
      if (!(error instanceof BulkUpdateError)) throw error
      expect(error.message + error.remedy).not.toContain('Zz'.repeat(64))
      expect(error.message.length + error.remedy.length).toBeLessThan(4_000)
    }
  })
})

describe('the columns', () => {
  it('stand for fields, places inside addresses, and keys of metadata, in their order', () => {
    expect(paths(['E-Mail', 'customer', 'Addresses[0].Line 1', 'metadata.Tier', 'Phone Number'])).toEqual([
      [0, 'email'],
      [2, 'addresses[0].line_1'],
      [3, 'metadata.Tier'],
      [4, 'phone_number'],
    ])
  })

  it('of ours and those that are set aside are ignored by name', () => {
    const header = ['customer', 'Note', 'rapyd_bulk_row', 'Rapyd_Bulk_Tip', 'name']
    expect(paths(header, ['NOTE'])).toEqual([[4, 'name']])
  })

  it.each([
    ['rapyd_bulk_row', true],
    [' RAPYD_BULK_anything', true],
    ['my_rapyd_bulk_row', false],
    ['rapyd', false],
  ])('%j is ours: %s', (name, ours) => expect(isOurColumn(name)).toBe(ours))

  it.each<[readonly string[], string, RegExp]>([
    [['customer', 'name', 'Name '], 'E_HEADER_DUPLICATE', /2 .*"name".*3 .*"Name "/],
    [['customer', 'customer'], 'E_HEADER_DUPLICATE', /1 .*2 /],
    [['customer', 'metadata.a', 'metadata.a.b'], 'E_HEADER_DUPLICATE', /metadata\.a/],
    [
      ['customer', 'metadata.a.b', 'metadata.a.c', 'metadata'],
      'E_HEADER_DUPLICATE',
      /^column 2 .* column 4 .*metadata$/,
    ],
    [['customer', 'addresses', 'addresses[0].city'], 'E_HEADER_DUPLICATE', /addresses/],
    [['customer', 'emial'], 'E_HEADER_UNKNOWN_COLUMN', /2 .*"emial"/],
    [['customer', 'id'], 'E_HEADER_UNKNOWN_COLUMN', /2 .*"id"/],
    [['customer', 'addresses[0].city', 'addresses[2].city'], 'E_HEADER_ADDRESSES', /addresses\[1\]/],
  ])('%j are refused, with names and numbers', (header, code, message) => {
    expect(() => matchHeader(header, [])).toThrow(refused(code, message))
  })

  it('that are no fields are all named, with what they may mean and one option for all', () => {
    expect(() => matchHeader(['customer', 'emial', 'Foo', 'name'], [])).toThrow(
      expect.objectContaining({
        code: 'E_HEADER_UNKNOWN_COLUMN',
        message: 'column 2 ("emial"), column 3 ("Foo") are no fields of Update Customer',
        remedy: expect.stringMatching(/"emial", did you mean email\?.*--ignore-columns=emial,Foo, or .*init/),
      }),
    )
  })

  it('that are no fields run nothing if the option is copied into a shell', () => {
    expect(() => matchHeader(['customer', "$(touch a)'; rm b"], [])).toThrow(
      expect.objectContaining({
        remedy: expect.stringContaining(String.raw`--ignore-columns='$(touch a)'\''; rm b'`),
      }),
    )
  })

  it('without a usual name of the ids: the likely column is named, and the preset if the file looks like one', () => {
    for (const [header, remedy] of [
      [['Rapyd Customer ID', 'Name'], /If column 1 \("Rapyd Customer ID"\).*`rapyd-bulk init`/],
      [['Old Rapyd No.', 'Rapyd Customer ID', 'Email'], /If column 2/],
      [['First Name', 'Rapyd Customer ID', 'Last Name', 'Email'], /--map hubspot/],
      [['Rapyd Customer ID;Name'], /^Only one column was seen.*--delimiter ";"/],
      [['Company', 'Email'], /^Name the column/],
      [['cus_0123456789abcdef0123456789abcdef', 'Ann'], /^The header holds a customer id, as a row does/],
    ] as const)
      expect(() => matchHeader(header, [])).toThrow(
        expect.objectContaining({ code: 'E_HEADER_NO_ID', remedy: expect.stringMatching(remedy) }),
      )
  })

  it('that only begin alike are two', () => {
    expect(
      paths([
        'customer',
        'metadata.a',
        'metadata.ab',
        'metadata.a[0]',
        'addresses[1].zip',
        'addresses[0].zip',
      ]),
    ).toHaveLength(5)
  })

  it.each([
    'toString',
    'constructor',
    '__proto__',
    'hasOwnProperty',
    'metadata.',
    'metadata.a..b',
    `metadata.${'a.'.repeat(40)}b`,
  ])('named %j are unknown and do no harm', (name) => {
    expect(() => matchHeader(['customer', name], [])).toThrow(refused('E_HEADER_UNKNOWN_COLUMN', ''))
  })

  it('may be keys of metadata by any name but __proto__, which says why', () => {
    const header = [
      'customer',
      'metadata.constructor',
      'metadata.prototype.x',
      'addresses[0].metadata.toString',
    ]
    expect(paths(header).map(([, path]) => path)).toEqual(header.slice(1))
    for (const name of ['metadata.__proto__', 'metadata.a.__proto__.b', 'addresses[0].metadata.__proto__']) {
      expect(() => matchHeader(['customer', name], [])).toThrow(
        refused('E_HEADER_UNKNOWN_COLUMN', /__proto__ cannot be a key/),
      )
    }
  })

  it.each([
    ['customer;name;email', '--delimiter ";"'],
    ['customer\tname, first\temail', '--format tsv'],
    ['customer|name', '--delimiter "|"'],
    ['customer,name;x,email', '--delimiter ","'],
  ])('that are one name are probably cut at another character: %j', (only, option) => {
    expect(() => matchHeader([only], [])).toThrow(
      expect.objectContaining({ code: 'E_HEADER_NO_ID', remedy: expect.stringContaining(`Try ${option}.`) }),
    )
  })

  it('name no delimiter where there is none', () => {
    expect(() => matchHeader(['name'], [])).toThrow(
      expect.objectContaining({ remedy: expect.not.stringContaining('--delimiter') }),
    )
  })
})
