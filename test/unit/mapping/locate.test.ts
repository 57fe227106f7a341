import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/model/json.ts'
import type { MalformedRow, NdjsonRow } from '../../../src/model/row.ts'
import { createColumnsOf, createLocate } from '../../../src/mapping/input-columns.ts'
import { loadMapping } from '../../../src/mapping/mapping-file.ts'
import { defaultMapping, type Mapping } from '../../../src/mapping/mapping.ts'
import { freshFolder } from '../../acceptance/support/command.ts'

const locateInHeader = (header: readonly string[], mapping: Mapping) =>
  createLocate(createColumnsOf(header, [], mapping))
const locateInRecord = (mapping: Mapping) => createLocate(createColumnsOf(undefined, [], mapping))

const place = { row: 1, line: 2, offset: 0, length: 0 }
const csv = { kind: 'csv', ...place, cells: [] } as const
const ndjson = (record: JsonObject): NdjsonRow => ({ kind: 'ndjson', ...place, record })

async function mappingOf(text: string) {
  const folder = freshFolder()
  folder.write('map.yaml', text)
  const mapping = await loadMapping(`${folder.path}/map.yaml`)
  folder.remove()
  return mapping
}

describe('the column of a field', () => {
  it('is found by its printable text', () => {
    const name = 'metadata.\u001b'
    const row = ndjson({ 'Customer-ID': 'x', [name]: 5 })
    const locate = locateInRecord(defaultMapping)
    // Such a key is refused, and named as it is printed.
    expect(locate(row, 'metadata.\\x1b')).toEqual({ name: 'metadata.\\x1b' })
    expect(locate(row, 'customer')).toEqual({ name: 'Customer-ID' })
  })

  const header = ['Customer ID', 'Phone Number', 'addresses[0].city', 'Metadata', 'rapyd_bulk_row']
  it.each([
    ['phone_number', { name: 'Phone Number', number: 2 }],
    ['addresses[0].city', { name: 'addresses[0].city', number: 3 }],
    // A gap in the addresses, and a key inside a cell of JSON.
    ['addresses', { name: 'addresses[0].city', number: 3 }],
    ['metadata.tier', { name: 'Metadata', number: 4 }],
    ['Customer ID', { name: 'Customer ID', number: 1 }],
    ['customer', { name: 'Customer ID', number: 1 }],
    ['email', undefined],
    ['', undefined],
  ])('of a CSV file: %s', (field, column) =>
    expect(locateInHeader(header, defaultMapping)(csv, field)).toEqual(column),
  )

  it('is the one that a mapping names', async () => {
    const mapping = await mappingOf(
      'customer: Who\ncolumns: { Mobile: phone_number }\nconstants: { invoice_prefix: A }\n',
    )
    const locate = locateInHeader(['Mobile', 'Who', 'Name'], mapping)
    expect(locate(csv, 'phone_number')).toEqual({ name: 'Mobile', number: 1 })
    expect(locate(csv, 'Who')).toEqual({ name: 'Who', number: 2 })
    expect(locate(csv, 'name')).toEqual({ name: 'Name', number: 3 })
    expect(locate(csv, 'invoice_prefix')).toBeUndefined()
    const key = locateInRecord(mapping)
    expect(key(ndjson({ who: 'cus_1', MOBILE: '1' }), 'phone_number')).toEqual({ name: 'MOBILE' })
    expect(key(ndjson({ who: 'cus_1' }), 'customer')).toEqual({ name: 'who' })
  })

  it.each([
    ['phone_number', { name: 'phoneNumber' }],
    ['addresses[0].city', { name: 'Addresses' }],
    ['customer', { name: 'customer_id' }],
    ['shoe size', { name: 'shoe size' }],
    ['x'.repeat(64), { name: 'x'.repeat(64) }],
    ['email', undefined],
    ['', undefined],
  ])('is a key of an NDJSON row: %.20s', (field, column) => {
    const record = {
      customer_id: 'cus_1',
      phoneNumber: '1',
      Addresses: [{ city: 'x' }],
      'shoe size': 1,
      ['x'.repeat(100)]: 1,
    }
    expect(locateInRecord(defaultMapping)(ndjson(record), field)).toEqual(column)
  })

  it('of a line that is no row is the key that its problem names', () => {
    const problem = { code: 'E_NUMBER', field: 'metadata.tier', message: '' } as const
    const row: MalformedRow = { kind: 'malformed', ...place, problem }
    expect(locateInRecord(defaultMapping)(row, 'metadata.tier')).toEqual({ name: 'metadata' })
    expect(locateInRecord(defaultMapping)(row, '')).toBeUndefined()
  })
})
