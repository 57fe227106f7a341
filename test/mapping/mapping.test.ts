import { describe, expect, it } from 'vitest'
import { matchHeader } from '../../src/mapping/headers.ts'
import { compileCsv } from '../../src/mapping/mapping.ts'
import { compileNdjson } from '../../src/mapping/mapping-ndjson.ts'
import type { CellRules } from '../../src/mapping/cells.ts'
import type { JsonObject } from '../../src/domain/json.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const clear: CellRules = { blank: 'clear', nullValues: new Set(), literals: new Set() }
const place = { row: 1, line: 2, offset: 0, length: 0 }

function csv(header: string[], cells: string[], rules = clear) {
  return compileCsv(matchHeader(header, []), rules)({ kind: 'csv', ...place, cells })
}

function ndjson(record: JsonObject, rules = clear) {
  return compileNdjson([], rules)({ kind: 'ndjson', ...place, record })
}

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
    expect(() => matchHeader(header, [])).toThrow(expect.objectContaining({ code }))
  })

  it('name the nearest field of an unknown column', () => {
    expect(() => matchHeader(['customer', 'emial'], [])).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('email') }),
    )
  })

  it('set aside our own columns and those that are named', () => {
    expect(matchHeader(['customer', 'rapyd_bulk_row', 'rapyd_bulk_row', 'Note'], ['note']).columns).toEqual(
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
  ])('refuse %j', (record, code) => {
    expect(codes(ndjson(record))).toEqual([code])
  })
})
