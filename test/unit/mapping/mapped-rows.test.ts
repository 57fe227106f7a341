import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import type { CellRules } from '../../../src/mapping/cells.ts'
import { matchHeader } from '../../../src/mapping/headers.ts'
import { createColumnsOf } from '../../../src/mapping/input-columns.ts'
import { parseMapping } from '../../../src/mapping/mapping-file.ts'
import { compileRows } from '../../../src/mapping/rows.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const clear: CellRules = { blank: 'clear', nullValues: new Set(), literals: new Set() }
const place = { row: 1, line: 2, offset: 0, length: 0 }

async function csv(map: string, header: string[], cells: string[], rules = clear, ignore: string[] = []) {
  const mapping = await parseMapping(map, 'm')
  return compileRows(
    createColumnsOf(header, ignore, mapping),
    mapping,
    rules,
  )({ kind: 'csv', ...place, cells })
}

async function ndjson(map: string, record: JsonObject, rules = clear, ignore: string[] = []) {
  const mapping = await parseMapping(map, 'm')
  const columnsOf = createColumnsOf(undefined, ignore, mapping)
  return compileRows(columnsOf, mapping, rules)({ kind: 'ndjson', ...place, record })
}

/** A list whose first address is left out: it keeps its number until it is sent. */
const onlySecond = (address: object) => Object.assign([], { 1: address })

const codes = (mapped: object) =>
  'problems' in mapped && Array.isArray(mapped.problems) ? mapped.problems.map(({ code }) => code) : []

describe('CSV rows under a mapping', () => {
  it('take their fields, id and constants from it, and other columns by their own name', async () => {
    const map = `
customer: Rapyd ID
columns:
  Full Name: [name, 'addresses[0].name']
  Note: ignore
constants: { metadata.source: { b: 1, a: [true] }, invoice_prefix: ACME- }`
    const row = await csv(map, ['Full Name', 'E-Mail', 'Rapyd ID', 'Note'], ['Jo', 'a@b.co', id, 'x'])
    expect(row).toMatchObject({
      customerId: id,
      fields: ['name', 'addresses[0].name', 'email', 'invoice_prefix', 'metadata.source'],
      cleared: [],
    })
    expect(JSON.stringify('patch' in row && row.patch)).toBe(
      `{"name":"Jo","addresses":[{"name":"Jo"}],"email":"a@b.co","invoice_prefix":"ACME-","metadata":{"source":{"a":[true],"b":1}}}`,
    )
  })

  it('match a name that is written just so before one that is only nearly so', async () => {
    const map = 'columns: { Mail: description, MAIL: name, my mail: email }'
    const row = await csv(map, ['customer', 'MAIL', 'Mail', 'My-Mail'], [id, 'A', 'B', 'a@b.co'])
    expect(row).toMatchObject({ patch: { name: 'A', description: 'B', email: 'a@b.co' } })
  })

  it('may use a column called id for something else', async () => {
    const row = await csv('columns: { ID: metadata.crm }', ['id', 'customer_id'], ['7', id])
    expect(row).toMatchObject({ customerId: id, patch: { metadata: { crm: '7' } } })
  })

  it.each([
    ['clear', '', { patch: { name: '' }, cleared: ['name'] }],
    ['keep', '', { patch: {}, fields: [], cleared: [] }],
    ['{ clear_with: none }', '', { patch: { name: 'none' }, cleared: ['name'] }],
    ['{ clear_with: none }', '-', { patch: { name: 'none' }, cleared: ['name'] }],
    ['keep', 'Jo', { patch: { name: 'Jo' }, cleared: [] }],
  ])('have the rule of their column for blanks: %s makes of %j %j', async (blank, cell, result) => {
    const rules: CellRules = { ...clear, blank: 'reject', nullValues: new Set(['-']) }
    const row = await csv(
      `columns: { A: { field: name, blank: ${blank} } }`,
      ['customer', 'A'],
      [id, cell],
      rules,
    )
    expect(row).toMatchObject(result)
  })

  it('have the rule of the run where the mapping does not say', async () => {
    const rules: CellRules = { ...clear, blank: 'reject' }
    expect(codes(await csv('columns: { A: name }', ['customer', 'A'], [id, ''], rules))).toEqual(['E_BLANK'])
    const map = 'columns: { A: { field: name, blank: reject } }'
    expect(codes(await csv(map, ['customer', 'A'], [id, '']))).toEqual(['E_BLANK'])
  })

  it.each([
    ['digits', 'none'],
    ['trim', '  '],
    ['trim', ' NULL '],
    ['trim', ' - '],
    ['{ replace: { x: "-" } }', 'x'],
    ['uppercase', 'null'],
  ])('are never blanked by a transform: %s of %j', async (transform, cell) => {
    const rules: CellRules = { ...clear, nullValues: new Set(['-']), literals: new Set(['']) }
    const map = `columns: { A: { field: name, transform: ${transform} } }`
    expect(codes(await csv(map, ['customer', 'A'], [id, cell], rules))).toEqual(['E_SUSPECT_BLANK'])
  })

  it('look at blanks and literals before transforms, and at the field after them', async () => {
    const map = 'columns: { A: { field: email, transform: [trim, lowercase] } }'
    const rules: CellRules = { ...clear, nullValues: new Set(['(NONE)']), literals: new Set(['N/A']) }
    const run = async (cell: string) => csv(map, ['customer', 'A'], [id, cell], rules)
    expect(await run('(NONE)')).toMatchObject({ patch: { email: '' } })
    expect(await run(' JO@B.CO ')).toMatchObject({ patch: { email: 'jo@b.co' } })
    expect(codes(await run('nobody'))).toEqual(['E_EMAIL'])
    expect(codes(await run('jo@b.co\u0000'))).toEqual(['E_CONTROL_CHAR'])
    const phone = 'columns: { A: { field: phone_number, transform: { phone: US } } }'
    expect(codes(await csv(phone, ['customer', 'A'], [id, 'call me']))).toEqual(['E_PHONE'])
  })

  it('keep what a transform would hide', async () => {
    const map = 'columns: { A: { field: metadata.a, transform: digits } }'
    expect(codes(await csv(map, ['customer', 'A'], [id, '12\u00003']))).toEqual(['E_CONTROL_CHAR'])
    expect(codes(await csv(map, ['customer', 'A'], [id, '#N/A']))).toEqual(['E_SUSPECT_BLANK'])
  })

  it('carry values that are not text into metadata and addresses', async () => {
    const map = `
columns:
  Age: { field: metadata.age, transform: [trim, number] }
  VIP: { field: metadata.vip, transform: [{ replace: { Yes: 'true' } }, boolean] }
  Tags: { field: 'addresses[0].metadata.tags', transform: json }`
    const header = ['customer', 'Age', 'VIP', 'Tags']
    expect(await csv(map, header, [id, ' 41 ', 'Yes', '["a"]'])).toMatchObject({
      patch: { metadata: { age: 41, vip: true }, addresses: [{ metadata: { tags: ['a'] } }] },
    })
    expect(codes(await csv(map, header, [id, 'x', 'No', '[']))).toEqual([
      'E_TRANSFORM',
      'E_TRANSFORM',
      'E_TRANSFORM',
    ])
    const whole = 'columns: { A: addresses, B: { field: metadata, transform: json } }'
    const cells = [id, '[{"city":"Bonn"}]', '{"a":1}']
    expect(await csv(whole, ['customer', 'A', 'B'], cells)).toMatchObject({
      patch: { addresses: [{ city: 'Bonn' }], metadata: { a: 1 } },
    })
    expect(codes(await csv(whole, ['customer', 'A', 'B'], [id, '[{"street":"x"}]', '[1]']))).toEqual([
      'E_UNKNOWN_FIELD',
      'E_TYPE',
    ])
  })

  it('leave out addresses whose cells are all blank, with what the mapping adds to them', async () => {
    const map = `
columns:
  A: { field: 'addresses[0].city', blank: keep }
  B: 'addresses[1].city'
  C: { field: 'addresses[1].state', blank: { clear_with: '-' } }
constants: { 'addresses[0].country': DE, 'addresses[1].country': DE }`
    const read = async (...cells: string[]) => csv(map, ['customer', 'A', 'B', 'C'], [id, ...cells])
    expect(await read('', 'Ulm', '')).toMatchObject({
      patch: { addresses: onlySecond({ city: 'Ulm', state: '-', country: 'DE' }) },
      fields: ['addresses[1].city', 'addresses[1].state', 'addresses[1].country'],
      cleared: ['addresses[1].state'],
    })
    expect(await read('Bonn', '', '')).toMatchObject({
      patch: { addresses: [{ city: 'Bonn', country: 'DE' }] },
      fields: ['addresses[0].city', 'addresses[0].country'],
      cleared: [],
    })
    expect(await read('', '', '')).toMatchObject({ patch: {}, fields: [], cleared: [] })
    expect(await read('Bonn', 'Ulm', 'BW')).toMatchObject({
      patch: { addresses: [{ city: 'Bonn' }, { city: 'Ulm', state: 'BW' }] },
    })
  })

  it('send an address that is made of constants alone', async () => {
    const map = `{ columns: { A: 'addresses[0].city' }, constants: { 'addresses[1].city': Ulm } }`
    expect(await csv(map, ['customer', 'A'], [id, ''])).toMatchObject({
      patch: { addresses: onlySecond({ city: 'Ulm' }) },
    })
  })

  it('clear with a constant that is blank, and say so', async () => {
    expect(await csv('constants: { coupon: "" }', ['customer'], [id])).toMatchObject({
      patch: { coupon: '' },
      cleared: ['coupon'],
    })
  })
})

describe('a header under a mapping', () => {
  const map = 'columns: { Full Name: name, Note: ignore }'

  it.each([
    [map, ['customer', 'Ful Name'], 'E_HEADER_MISSING_COLUMN', '(m:1:12)', 'Did you mean "Ful Name"?'],
    [map, ['customer', 'Full Name', 'emial'], 'E_HEADER_UNKNOWN_COLUMN', 'emial', '"emial": ignore'],
    [map, ['customer', 'Full Name', 'name'], 'E_HEADER_DUPLICATE', 'column 2 ("Full Name") and column 3', ''],
    [map, ['customer', 'full name', 'Full-Name'], 'E_HEADER_DUPLICATE', '"Full Name" of the mapping', ''],
    [map, ['customer', 'Full Name', 'Full Name'], 'E_HEADER_DUPLICATE', '"Full Name" of the mapping', ''],
    ['columns: { A b: name, a-B: email }', ['customer', 'AB'], 'E_HEADER_DUPLICATE', '"A b" and "a-B"', ''],
    ['constants: { email: a@b.co }', ['customer', 'E-mail'], 'E_HEADER_DUPLICATE', 'constant email', ''],
    ['constants: { metadata: {} }', ['customer', 'metadata.a'], 'E_HEADER_DUPLICATE', 'metadata', ''],
    ['customer: Rapyd ID', ['Rapid ID'], 'E_HEADER_NO_ID', '(m:1:11)', 'Did you mean "Rapid ID"?'],
    ['customer: Rapyd ID', ['Rapyd ID', 'customer'], 'E_HEADER_UNKNOWN_COLUMN', 'customer', ''],
    ['columns: { A: "addresses[1].city" }', ['customer', 'A'], 'E_HEADER_ADDRESSES', 'addresses[0]', ''],
  ])('%s refuses %j', async (text, header, code, message, remedy) => {
    const mapping = await parseMapping(text, 'm')
    expect(() => matchHeader(header, [], mapping)).toThrow(
      expect.objectContaining({
        kind: 'INPUT',
        code,
        message: expect.stringContaining(message),
        remedy: expect.stringContaining(remedy),
      }),
    )
  })

  it('may lack what is set aside, or have it several times', async () => {
    const mapping = await parseMapping(map, 'm')
    const names = (header: string[], ignore: string[]) =>
      matchHeader(header, ignore, mapping).flatMap(({ name, assignments }) =>
        assignments.length === 0 ? [] : name,
      )
    expect(names(['customer', 'Full Name'], [])).toEqual(['Full Name'])
    expect(names(['Note', 'customer', 'Full Name', 'Note', 'rapyd_bulk_row'], [])).toEqual(['Full Name'])
    expect(names(['customer', 'email', 'full name'], ['Full Name'])).toEqual(['email'])
    expect(names(['customer', 'email'], ['Full Name'])).toEqual(['email'])
  })
})

describe('NDJSON rows under a mapping', () => {
  const map = `
customer: rapydId
columns:
  mail: { field: email, transform: lowercase }
  level: { field: metadata.level, transform: number }
  extra: metadata.extra
  note: ignore
constants: { invoice_prefix: A- }`

  it('leave absent keys alone, clear with null, and match keys as headers are matched', async () => {
    expect(await ndjson(map, { rapyd_id: id, MAIL: 'A@B.CO', name: null, note: 5 })).toMatchObject({
      customerId: id,
      patch: { email: 'a@b.co', name: '', invoice_prefix: 'A-' },
      fields: ['email', 'name', 'invoice_prefix'],
      cleared: ['name'],
    })
  })

  it('take values that are already what a transform makes', async () => {
    expect(await ndjson(map, { rapydId: id, level: 3, extra: { a: [1] } })).toMatchObject({
      patch: { metadata: { level: 3, extra: { a: [1] } } },
    })
    expect(await ndjson(map, { rapydId: id, level: '3' })).toMatchObject({
      patch: { metadata: { level: 3 } },
    })
  })

  it.each<[JsonObject, string[]]>([
    [{ rapydId: id, mail: 5 }, ['E_TYPE']],
    [{ rapydId: id, level: true }, ['E_TYPE']],
    [{ rapydId: id, name: {} }, ['E_TYPE']],
    [{ rapydId: id, mail: 'a@b.co', email: 'a@b.co' }, ['E_DUPLICATE_KEY']],
    [{ rapydId: id, mail: 'a@b.co', Mail: 'a@b.co' }, ['E_DUPLICATE_KEY']],
    [{ rapydId: id, extra: 1, metadata: {} }, ['E_DUPLICATE_KEY']],
    [{ rapydId: id, invoice_prefix: 'B' }, ['E_DUPLICATE_KEY']],
    [{ rapydId: id, emial: 'a@b.co' }, ['E_UNKNOWN_FIELD']],
    [{ rapydId: id, customer: id }, ['E_UNKNOWN_FIELD']],
    [{ customer: id, mail: 'a@b.co' }, ['E_ID', 'E_UNKNOWN_FIELD']],
  ])('refuse %j', async (record, expected) => {
    expect(codes(await ndjson(map, record))).toEqual(expected)
  })

  it('may use a key called id for something else, and set keys aside by option', async () => {
    const row = await ndjson('columns: { ID: metadata.crm }', { id: 7, customer_id: id, x: 1 }, clear, ['X'])
    expect(row).toMatchObject({ customerId: id, patch: { metadata: { crm: 7 } } })
    const unnamed = await ndjson('columns: { ID: metadata.crm }', { id })
    expect(codes(unnamed)).toEqual(['E_ID'])
  })

  it('never send a hole in the list of addresses', async () => {
    const two = 'columns: { a: "addresses[0].city", b: "addresses[1].city" }'
    expect(codes(await ndjson(two, { customer: id, b: 'Ulm' }))).toEqual(['E_ADDRESS_GAP'])
    expect(await ndjson(two, { customer: id, a: null, b: 'Ulm' })).toMatchObject({
      patch: { addresses: onlySecond({ city: 'Ulm' }) },
      fields: ['addresses[1].city'],
    })
  })

  it('reach inside with flat keys of their own, and find the id however it is spelt', async () => {
    const record = { 'Customer ID': id, 'metadata.tier': { a: 1 }, 'addresses[0].city': 'Ulm' }
    expect(await ndjson('columns: { mail: email }', record)).toMatchObject({
      customerId: id,
      patch: { metadata: { tier: { a: 1 } }, addresses: [{ city: 'Ulm' }] },
    })
    expect(codes(await ndjson(map, { rapydId: id, 'metadata.level': 5, level: 5 }))).toEqual([
      'E_DUPLICATE_KEY',
    ])
    expect(codes(await ndjson(map, { rapyd_id: id, 'rapyd-id': id }))).toEqual(['E_DUPLICATE_KEY'])
  })

  it('say which key the id is missing from', async () => {
    expect(await ndjson(map, { mail: 'a@b.co' })).toMatchObject({
      problems: [
        { code: 'E_ID', message: 'no key is called "rapydId", which the mapping names as the customer id' },
      ],
    })
    expect(await ndjson('columns: { mail: email }', { mail: 'a@b.co' })).toMatchObject({
      problems: [{ message: 'no key is called customer, customer_id or id' }],
    })
  })
})
