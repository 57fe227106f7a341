import { describe, expect, it } from 'vitest'
import type { Patch, PatchedRow } from '../../../src/model/row.ts'
import { mergeRows } from '../../../src/mapping/rows.ts'

function rowOf(row: number, patch: Patch, fields = Object.keys(patch), cleared: string[] = []): PatchedRow {
  return { row, line: row + 1, offset: row * 10, length: 9, customerId: 'cus_1', patch, fields, cleared }
}

const merged = (earlier: PatchedRow, later: PatchedRow) => {
  const { patch, fields, cleared } = mergeRows(earlier, later)
  return { patch, fields, cleared }
}

describe('two rows of a customer', () => {
  it('become one at the place of the later, where the later value of a field wins', () => {
    const earlier = rowOf(1, { name: 'Jo', email: 'jo@example.com' })
    const later = rowOf(4, { name: '', phone_number: '+14155550100' }, ['name', 'phone_number'], ['name'])
    expect(mergeRows(earlier, later)).toEqual({
      row: 4,
      line: 5,
      offset: 40,
      length: 9,
      customerId: 'cus_1',
      patch: { name: '', email: 'jo@example.com', phone_number: '+14155550100' },
      fields: ['name', 'email', 'phone_number'],
      cleared: ['name'],
    })
  })

  it('clear nothing that the later one sets', () => {
    const earlier = rowOf(1, { name: '' }, ['name'], ['name'])
    expect(merged(earlier, rowOf(2, { name: 'Jo' }))).toEqual({
      patch: { name: 'Jo' },
      fields: ['name'],
      cleared: [],
    })
  })

  it('join by path inside metadata and addresses', () => {
    const earlier = rowOf(1, { metadata: { a: '1', b: '1' }, addresses: [{ city: 'Oslo', zip: '1' }] }, [
      'metadata.a',
      'metadata.b',
      'addresses[0].city',
      'addresses[0].zip',
    ])
    const later = rowOf(2, { metadata: { b: '2' }, addresses: [{ zip: '' }, { city: 'Rome' }] }, [
      'metadata.b',
      'addresses[0].zip',
      'addresses[1].city',
    ])
    expect(merged(earlier, later).patch).toEqual({
      metadata: { a: '1', b: '2' },
      addresses: [{ city: 'Oslo', zip: '' }, { city: 'Rome' }],
    })
  })

  it('replace a whole field as a whole, and leave nothing of the paths inside it', () => {
    const earlier = rowOf(1, { metadata: { a: '1' } }, ['metadata.a'], ['metadata.a'])
    expect(merged(earlier, rowOf(2, { metadata: { b: 2 } }))).toEqual({
      patch: { metadata: { b: 2 } },
      fields: ['metadata'],
      cleared: [],
    })
  })

  it('put a path into a whole field that came before, without changing the row that it came from', () => {
    const earlier = rowOf(1, { metadata: { a: { deep: 1 }, b: 1 } })
    const later = rowOf(2, { metadata: { b: '2' } }, ['metadata.b'])
    expect(merged(earlier, later)).toEqual({
      patch: { metadata: { a: { deep: 1 }, b: '2' } },
      fields: ['metadata', 'metadata.b'],
      cleared: [],
    })
    expect(earlier.patch).toEqual({ metadata: { a: { deep: 1 }, b: 1 } })
  })

  it('forget that a whole field was cleared where a path inside it is set', () => {
    const earlier = rowOf(1, { metadata: '' }, ['metadata'], ['metadata'])
    expect(merged(earlier, rowOf(2, { metadata: { a: '1' } }, ['metadata.a']))).toEqual({
      patch: { metadata: { a: '1' } },
      fields: ['metadata.a'],
      cleared: [],
    })
  })

  it('keep the addresses of both, by the numbers of their columns, where each leaves one out', () => {
    const second = rowOf(1, { addresses: Object.assign([], { 1: { city: 'Ulm' } }) }, ['addresses[1].city'])
    const first = rowOf(2, { addresses: [{ city: 'Bonn' }] }, ['addresses[0].city'])
    expect(merged(second, first).patch).toEqual({ addresses: [{ city: 'Bonn' }, { city: 'Ulm' }] })
    expect(merged(second, rowOf(2, { name: 'Jo' })).patch['addresses']).toEqual(second.patch['addresses'])
  })

  it('may have keys that every object inherits, and keys that a terminal would obey', () => {
    const key = 'metadata.\u001b'
    const earlier = rowOf(1, { metadata: { constructor: 'a' } }, ['metadata.constructor'])
    const later = rowOf(2, { metadata: { '\u001b': 'b' } }, [key])
    expect(JSON.stringify(merged(earlier, later).patch)).toBe(
      '{"metadata":{"constructor":"a","\\u001b":"b"}}',
    )
  })
})
