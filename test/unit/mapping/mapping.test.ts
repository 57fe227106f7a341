import { describe, expect, it } from 'vitest'
import { matchHeader } from '../../../src/mapping/headers.ts'
import { createColumnsOf } from '../../../src/mapping/input-columns.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'
import { compileRows } from '../../../src/mapping/rows.ts'
import type { CellRules } from '../../../src/mapping/cells.ts'
import type { JsonObject } from '../../../src/model/json.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const clear: CellRules = { blank: 'clear', nullValues: new Set(), literals: new Set() }
const place = { row: 1, line: 2, offset: 0, length: 0 }

function csv(header: string[], cells: string[], rules = clear) {
  const read = compileRows(createColumnsOf(header, [], defaultMapping), defaultMapping, rules)
  return read({ kind: 'csv', ...place, cells })
}

function ndjson(record: JsonObject, rules = clear) {
  const columnsOf = createColumnsOf(undefined, [], defaultMapping)
  return compileRows(columnsOf, defaultMapping, rules)({ kind: 'ndjson', ...place, record })
}

/** A list whose first address is left out: it keeps its number until it is sent. */
const onlySecond = (address: object) => Object.assign([], { 1: address })

const codes = (mapped: object) =>
  'problems' in mapped && Array.isArray(mapped.problems) ? mapped.problems.map(({ code }) => code) : []

describe('CSV rows', () => {
  it('match headers without regard to case, spaces, hyphens and underscores', () => {
    const row = csv(['Customer-ID', 'E-Mail', 'phone NUMBER'], [id, 'a@b.co', '+14155550100'])
    expect(row).toMatchObject({ customerId: id, patch: { email: 'a@b.co', phone_number: '+14155550100' } })
  })

  it('clear what is blank, and only that', () => {
    const row = csv(['customer', 'name', 'description'], [id, 'Jo', ''])
    expect(row).toMatchObject({
      patch: { name: 'Jo', description: '' },
      fields: ['name', 'description'],
      cleared: ['description'],
    })
  })

  it('keep or reject blanks where that is asked', () => {
    expect(csv(['customer', 'name'], [id, ''], { ...clear, blank: 'keep' })).toMatchObject({
      patch: {},
      fields: [],
    })
    expect(codes(csv(['customer', 'name'], [id, ''], { ...clear, blank: 'reject' }))).toEqual(['E_BLANK'])
  })

  it('reach inside addresses and metadata', () => {
    const header = [
      'id',
      'addresses[0].Line 1',
      'addresses[0].city',
      'addresses[1].city',
      'metadata.Tier',
      'metadata.a.b',
    ]
    expect(csv(header, [id, 'Main 1', 'Bonn', 'Ulm', 'gold', 'x'])).toMatchObject({
      patch: {
        addresses: [{ line_1: 'Main 1', city: 'Bonn' }, { city: 'Ulm' }],
        metadata: { Tier: 'gold', a: { b: 'x' } },
      },
    })
  })

  it('carry keys that every object inherits as plain data', () => {
    const header = ['customer', 'metadata.constructor', 'metadata.toString.x', 'metadata.prototype']
    const row = csv(header, [id, 'a', 'b', 'c'])
    expect(JSON.stringify('patch' in row && row.patch)).toBe(
      '{"metadata":{"constructor":"a","toString":{"x":"b"},"prototype":"c"}}',
    )
    expect(JSON.stringify(csv(header, [id, 'a', 'b', 'c']))).toBe(JSON.stringify(row))
  })

  it.each([
    ['email', 'nobody', 'E_EMAIL'],
    ['phone_number', '3.53871E+11', 'E_PHONE'],
    ['phone_number', '00353871234567', 'E_PHONE'],
    ['date_of_birth', '31/02/1990', 'E_DATE'],
    ['date_of_birth', '1990-01-31', 'E_DATE'],
    ['nationality', 'de', 'E_COUNTRY'],
    ['birth_country', 'XX', 'E_COUNTRY'],
    ['occupation', 'x'.repeat(36), 'E_TOO_LARGE'],
    ['ewallet', 'wallet_1', 'E_EWALLET'],
    ['default_payment_method', 'pm_1', 'E_PAYMENT_METHOD'],
    ['name', 'NULL', 'E_SUSPECT_BLANK'],
    ['name', '   ', 'E_SUSPECT_BLANK'],
    ['name', 'a\u0000b', 'E_CONTROL_CHAR'],
    ['name', 'a\rb', 'E_CONTROL_CHAR'],
    ['name', '\ud800', 'E_NOT_WELL_FORMED'],
    ['metadata', '[]', 'E_TYPE'],
  ])('refuse a %s that is not one', (field, cell, code) => {
    expect(codes(csv(['customer', field], [id, cell]))).toEqual([code])
  })

  it('take text that only looks like a blank where it is named', () => {
    expect(csv(['customer', 'name'], [id, 'NULL'], { ...clear, literals: new Set(['NULL']) })).toMatchObject({
      patch: { name: 'NULL' },
    })
    expect(
      csv(['customer', 'name'], [id, 'NULL'], { ...clear, nullValues: new Set(['NULL']) }),
    ).toMatchObject({ patch: { name: '' } })
  })

  it.each(['', '../x', '%2e', 'cus_1?x', ' cus_1', 'cus_1\n', `cus_${'a'.repeat(65)}`])(
    'refuse the id %j',
    (text) => {
      expect(codes(csv(['customer', 'name'], [text, 'Jo']))).toEqual(['E_ID'])
    },
  )
})

describe('addresses of blank cells', () => {
  const header = ['id', 'name', 'addresses[0].line_1', 'addresses[0].city', 'addresses[1].city']

  it('are left out, because Rapyd would append them', () => {
    expect(csv(header, [id, 'Jo', '', '', ''])).toMatchObject({
      patch: { name: 'Jo' },
      fields: ['name'],
      cleared: [],
    })
    expect(csv(header, [id, 'Jo', '', '', ''])).not.toHaveProperty('patch.addresses')
  })

  it('leave nothing to send where there is nothing else', () => {
    const row = csv(header.toSpliced(1, 1), [id, '', '', ''])
    expect(row).toMatchObject({ patch: {}, fields: [], cleared: [] })
  })

  it('leave those behind them their numbers', () => {
    const row = csv(header, [id, '', '', '', 'Ulm'])
    expect(row).toMatchObject({
      patch: { name: '', addresses: onlySecond({ city: 'Ulm' }) },
      fields: ['name', 'addresses[1].city'],
      cleared: ['name'],
    })
  })

  it('are sent as they are where one cell is filled', () => {
    expect(csv(header, [id, 'Jo', '', 'Bonn', 'Ulm'])).toMatchObject({
      patch: { addresses: [{ line_1: '', city: 'Bonn' }, { city: 'Ulm' }] },
      fields: ['name', 'addresses[0].line_1', 'addresses[0].city', 'addresses[1].city'],
      cleared: ['addresses[0].line_1'],
    })
  })

  it('count as blank by --null-values, and are left out where blanks are kept', () => {
    const nulls = { ...clear, nullValues: new Set(['-']) }
    expect(csv(header, [id, 'Jo', '-', '', '-'], nulls)).toMatchObject({ fields: ['name'] })
    const keep = { ...clear, blank: 'keep' } as const
    expect(csv(header, [id, 'Jo', '', '', 'Ulm'], keep)).toMatchObject({
      patch: { name: 'Jo', addresses: onlySecond({ city: 'Ulm' }) },
      fields: ['name', 'addresses[1].city'],
    })
    expect(csv(header, [id, 'Jo', '', '', ''], keep)).toMatchObject({
      patch: { name: 'Jo' },
      fields: ['name'],
    })
  })

  it('are refused where blanks are', () => {
    const row = csv(header, [id, 'Jo', '', '', 'Ulm'], { ...clear, blank: 'reject' })
    expect(codes(row)).toEqual(['E_BLANK', 'E_BLANK'])
  })
})

describe('headers', () => {
  it.each([
    [['name'], 'E_HEADER_NO_ID'],
    [['customer', 'name', 'Name '], 'E_HEADER_DUPLICATE'],
    [['customer', 'customer'], 'E_HEADER_DUPLICATE'],
    [['customer', 'metadata', 'metadata.tier'], 'E_HEADER_DUPLICATE'],
    [['customer', 'emial'], 'E_HEADER_UNKNOWN_COLUMN'],
    [['customer', '__proto__'], 'E_HEADER_UNKNOWN_COLUMN'],
    [['customer', 'metadata.__proto__'], 'E_HEADER_UNKNOWN_COLUMN'],
    [['customer', 'addresses[1].city'], 'E_HEADER_ADDRESSES'],
  ])('refuse %j', (header, code) => {
    expect(() => matchHeader(header, [], defaultMapping)).toThrow(expect.objectContaining({ code }))
  })

  it('name the nearest field of an unknown column', () => {
    expect(() => matchHeader(['customer', 'emial'], [], defaultMapping)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('email') }),
    )
  })

  it('set aside our own columns and those that are named', () => {
    const header = ['customer', 'rapyd_bulk_row', 'rapyd_bulk_row', 'Note']
    expect(matchHeader(header, ['note'], defaultMapping).flatMap(({ assignments }) => assignments)).toEqual(
      [],
    )
  })
})

describe('NDJSON rows', () => {
  it('leave absent keys alone and clear with null and the empty string', () => {
    const row = ndjson({ customer: id, name: null, email: '', metadata: { a: 1 } })
    expect(row).toMatchObject({
      patch: { name: '', email: '', metadata: { a: 1 } },
      cleared: ['name', 'email'],
    })
    expect(row).not.toHaveProperty('patch.description')
  })

  it.each([
    [{ customer: id, name: 5 }, 'E_TYPE'],
    [{ customer: id, metadata: 'x' }, 'E_TYPE'],
    [{ customer: id, addresses: {} }, 'E_TYPE'],
    [{ customer: id, addresses: [{ country: 'Germany' }] }, 'E_COUNTRY'],
    [{ customer: id, addresses: [{ street: 'x' }] }, 'E_UNKNOWN_FIELD'],
    [{ customer: id, emial: 'a@b.co' }, 'E_UNKNOWN_FIELD'],
    [{ customer: 5, name: 'Jo' }, 'E_ID'],
    [{ name: 'Jo' }, 'E_ID'],
    [{ customer: id, id: '7' }, 'E_UNKNOWN_FIELD'],
    [{ id: '7', customer: id }, 'E_UNKNOWN_FIELD'],
    [{ customer_id: id, 'Customer-ID': id }, 'E_DUPLICATE_KEY'],
    [{ customer: id, name: 'Jo', Name: 'Jo' }, 'E_DUPLICATE_KEY'],
    [{ customer: id, metadata: {}, 'metadata.tier': 'gold' }, 'E_DUPLICATE_KEY'],
    [{ customer: id, 'metadata.tier': 'gold', metadata: '' }, 'E_DUPLICATE_KEY'],
    [{ customer: id, 'metadata.a': { b: 1 }, 'metadata.a.b': 2 }, 'E_DUPLICATE_KEY'],
    [{ customer: id, 'metadata.a.b': 2, 'Metadata.a': 1 }, 'E_DUPLICATE_KEY'],
    [{ customer: id, addresses: [], 'addresses[0].city': 'Bonn' }, 'E_DUPLICATE_KEY'],
    [{ customer: id, 'addresses[0].city': 'Bonn', 'Addresses[0].City': 'Bonn' }, 'E_DUPLICATE_KEY'],
    [{ customer: id, 'addresses[0].city': 5 }, 'E_TYPE'],
    [{ customer: id, 'addresses[0].country': 'Germany' }, 'E_COUNTRY'],
    [{ customer: id, 'metadata.tier': 'NULL' }, 'E_SUSPECT_BLANK'],
    [{ customer: id, 'addresses[1].city': 'Bonn' }, 'E_ADDRESS_GAP'],
    [{ customer: id, 'metadata.__proto__': 'x' }, 'E_KEY'],
    [{ customer: id, 'metadata.': 'x' }, 'E_UNKNOWN_FIELD'],
  ])('refuse %j', (record, code) => {
    expect(codes(ndjson(record))).toEqual([code])
  })

  it.each(['ID', 'Customer ID', 'customer-id', 'CUSTOMER', 'customer_id'])('take the id from %j', (key) => {
    expect(ndjson({ [key]: id, name: 'Jo' })).toMatchObject({ customerId: id, patch: { name: 'Jo' } })
  })

  it('tell a missing id from a wrong one', () => {
    expect(ndjson({ name: 'Jo' })).toMatchObject({
      problems: [{ code: 'E_ID', message: 'no key is called customer, customer_id or id' }],
    })
    expect(ndjson({ ID: 'nobody' })).toMatchObject({
      problems: [{ code: 'E_ID', field: 'ID', message: 'not a customer id' }],
    })
  })

  it('name the nearest field of an unknown key, as it is written', () => {
    expect(ndjson({ id, 'adresses[0].lin_1': 'x', 'emai\u001bl': 'x' })).toMatchObject({
      problems: [
        {
          field: 'adresses[0].lin_1',
          message: 'no field of Update Customer; did you mean addresses[0].line_1?',
        },
        { field: 'emai\u001bl', message: 'no field of Update Customer; did you mean email?' },
      ],
    })
  })

  it('reach inside with flat keys: anything for metadata, text for addresses', () => {
    const row = ndjson({
      id,
      name: 'Jo',
      'metadata.tier': { level: [1, true, null] },
      'Metadata.a.b': 2,
      'metadata.note': null,
      'addresses[0].Line 1': 'Main 1',
      'addresses[0].city': '',
      'addresses[0].metadata.floor': 3,
      'addresses[1].city': null,
      email: '',
    })
    expect(row).toMatchObject({
      patch: {
        name: 'Jo',
        metadata: { tier: { level: [1, true, null] }, a: { b: 2 }, note: '' },
        addresses: [{ line_1: 'Main 1', city: '', metadata: { floor: 3 } }],
        email: '',
      },
      fields: [
        'name',
        'metadata.tier.level',
        'metadata.a.b',
        'metadata.note',
        'addresses[0].line_1',
        'addresses[0].city',
        'addresses[0].metadata.floor',
        'email',
      ],
      cleared: ['metadata.note', 'addresses[0].city', 'email'],
    })
    expect('patch' in row && row.patch['addresses']).toHaveLength(1)
  })

  it('leave out blank addresses of whole lists, as those of paths', () => {
    expect(ndjson({ id, addresses: [{ city: '' }, { city: 'Ulm' }] })).toMatchObject({
      patch: { addresses: onlySecond({ city: 'Ulm' }) },
    })
  })

  it('read many keys that are all different without remembering them all', () => {
    const compiled = compileRows(createColumnsOf(undefined, [], defaultMapping), defaultMapping, clear)
    for (let row = 0; row < 3_000; row++) {
      const record = { id, [`metadata.k${row}`]: 'x' }
      expect(compiled({ kind: 'ndjson', ...place, record })).toMatchObject({
        patch: { metadata: { [`k${row}`]: 'x' } },
      })
    }
  })
})
