/** Objects and lists of addresses follow the rules of the paths inside them, whatever form they come in. */
import { assert, constantFrom, dictionary, letrec, oneof, property } from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../src/model/json.ts'
import type { CellRules } from '../../../src/mapping/cells.ts'
import { createColumnsOf } from '../../../src/mapping/input-columns.ts'
import { parseMapping } from '../../../src/mapping/mapping-file.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'
import { compileRows, isRefused, mergeRows, type MappedRow } from '../../../src/mapping/rows.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const place = { row: 1, line: 2, offset: 0, length: 0 }
const rulesOf = (blank: CellRules['blank'], more: Partial<CellRules> = {}): CellRules => {
  return { blank, nullValues: new Set(['-']), literals: new Set(['nil']), ...more }
}

const ndjson = (record: JsonObject, rules = rulesOf('clear')): MappedRow =>
  compileRows(
    createColumnsOf(undefined, [], defaultMapping),
    defaultMapping,
    rules,
  )({ kind: 'ndjson', ...place, record: { customer: id, ...record } })

function csv(field: string, cell: string, rules = rulesOf('clear'), mapping = defaultMapping): MappedRow {
  const header = ['customer', field]
  return compileRows(
    createColumnsOf(header, [], mapping),
    mapping,
    rules,
  )({ kind: 'csv', ...place, cells: [id, cell] })
}

function codes(mapped: MappedRow): readonly string[] {
  return isRefused(mapped) ? mapped.problems.map(({ code, field }) => `${code} ${field}`) : []
}

/** Metadata as keys of their own. */
function flat(value: JsonValue, path: string): JsonObject {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return { [path]: value }
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flat(inner, `${path}.${key}`)))
}

const text = constantFrom('', 'gold', 'NULL', ' N/A ', '   ', '-', 'nil', 'a\u0007b', '#NV', 'x')
const { object } = letrec<{ object: JsonObject; value: JsonValue }>((tie) => ({
  object: dictionary(constantFrom('tier', 'plan', 'a', 'b'), tie('value'), { minKeys: 1, maxKeys: 3 }),
  value: oneof(
    { maxDepth: 2 },
    text,
    constantFrom<JsonValue>(null, 5, true, ['x', ''], ['N/A']),
    tie('object'),
  ),
}))

describe('metadata as an object', () => {
  it('is read as its paths are: set, cleared, kept, refused', () => {
    assert(
      property(object, constantFrom('clear', 'keep', 'reject'), (metadata, blank) => {
        const whole = ndjson({ metadata }, rulesOf(blank))
        expect(whole).toEqual(ndjson(flat(metadata, 'metadata'), rulesOf(blank)))
        expect(csv('metadata', JSON.stringify(metadata), rulesOf(blank))).toEqual(whole)
      }),
    )
  })

  it('clears no key under --blank keep, and is left alone if nothing is left of it', () => {
    expect(ndjson({ metadata: { tier: '', plan: null } }, rulesOf('keep'))).toMatchObject({
      patch: {},
      fields: [],
    })
    expect(
      ndjson({ metadata: { tier: '', plan: 'x', a: { b: null, c: 1 } } }, rulesOf('keep')),
    ).toMatchObject({
      patch: { metadata: { plan: 'x', a: { c: 1 } } },
      fields: ['metadata.plan', 'metadata.a.c'],
      cleared: [],
    })
  })

  it('names each key that it clears, and sends "" for null', () => {
    expect(ndjson({ metadata: { tier: null, a: { b: '' } } })).toMatchObject({
      patch: { metadata: { tier: '', a: { b: '' } } },
      cleared: ['metadata.tier', 'metadata.a.b'],
    })
  })

  it('refuses what looks empty and control characters, in lists too', () => {
    const metadata = { tier: 'NULL', x: '   ', y: '\u0007', l: ['N/A', { c: '#REF!' }, '', null] }
    const expected = [
      'E_SUSPECT_BLANK metadata.tier',
      'E_SUSPECT_BLANK metadata.x',
      'E_CONTROL_CHAR metadata.y',
      'E_SUSPECT_BLANK metadata.l[0]',
      'E_SUSPECT_BLANK metadata.l[1].c',
    ]
    expect(codes(ndjson({ metadata }))).toEqual(expected)
    expect(codes(csv('metadata', JSON.stringify(metadata)))).toEqual(expected)
    expect(codes(ndjson({ metadata: { l: ['', null, 'x'] } }, rulesOf('reject')))).toEqual([
      'E_BLANK metadata.l[0]',
      'E_BLANK metadata.l[1]',
    ])
  })

  it('keeps keys with dots, empty keys and keys of every object as they are, and merges by key', () => {
    const first = ndjson({ metadata: { 'a.b': 1, '': 'x', constructor: { toString: '' }, old: '1' } })
    const second = ndjson({ metadata: { 'a.b': '', c: 2 } })
    if (isRefused(first) || isRefused(second)) throw new Error('refused')
    expect(first.patch).toEqual({ metadata: { 'a.b': 1, '': 'x', constructor: { toString: '' }, old: '1' } })
    expect(mergeRows(first, second)).toMatchObject({
      patch: { metadata: { 'a.b': '', '': 'x', constructor: { toString: '' }, old: '1', c: 2 } },
      cleared: ['metadata.a.b', 'metadata.constructor.toString'],
    })
  })

  it('is strict JSON in a cell: no key twice, no key that JavaScript loses, no number that changes', () => {
    expect(codes(csv('metadata', '{"a":"gold","a":""}'))).toEqual(['E_DUPLICATE_KEY metadata'])
    expect(codes(csv('metadata', '{"__proto__":{"a":""}}'))).toEqual(['E_KEY metadata'])
    expect(codes(csv('metadata', '{"a":1.50}'))).toEqual(['E_NUMBER metadata'])
    expect(codes(csv('metadata', '""'))).toEqual(['E_TYPE metadata'])
  })
})

/** A cell with `transform: json`, under the rule of its column for blanks. */
async function jsonCell(blank: string, cell: string): Promise<MappedRow> {
  const map = `columns: { A: { field: metadata.a, transform: json, blank: ${blank} } }`
  return csv('A', cell, rulesOf('clear'), await parseMapping(map, 'm'))
}

describe('transform: json', () => {
  it.each([
    ['keep', '{"b":"","c":null,"d":1}', { patch: { metadata: { a: { d: 1 } } }, cleared: [] }],
    ['keep', '{"b":""}', { patch: {}, fields: [] }],
    ['clear', '{"b":""}', { patch: { metadata: { a: { b: '' } } }, cleared: ['metadata.a.b'] }],
    [
      '{ clear_with: none }',
      '{"b":""}',
      { patch: { metadata: { a: { b: '' } } }, cleared: ['metadata.a.b'] },
    ],
    ['keep', '["x",""]', { patch: { metadata: { a: ['x', ''] } }, fields: ['metadata.a'] }],
    ['keep', '""', { patch: {}, fields: [] }],
  ])('with blank: %s takes %s', async (blank, cell, expected) => {
    expect(await jsonCell(blank, cell)).toMatchObject(expected)
  })

  it('refuses by the rule of its column, and looks inside', async () => {
    expect(codes(await jsonCell('reject', '{"b":null}'))).toEqual(['E_BLANK metadata.a.b'])
    expect(codes(await jsonCell('reject', '["x",""]'))).toEqual(['E_BLANK metadata.a[1]'])
    expect(codes(await jsonCell('keep', '{"b":"NULL"}'))).toEqual(['E_SUSPECT_BLANK metadata.a.b'])
    expect(codes(await jsonCell('keep', String.raw`{"b":"\u0007"}`))).toEqual(['E_CONTROL_CHAR metadata.a.b'])
  })
})

describe('a list of addresses', () => {
  const list = [
    { line_1: 'Main 1', line_2: '', city: null },
    { city: '', country: null },
    { city: 'Ulm', metadata: { floor: '' } },
  ]

  it('has the rules of its paths, and an address of blanks only is left out', () => {
    expect(ndjson({ addresses: list }, rulesOf('keep'))).toMatchObject({
      patch: { addresses: [{ line_1: 'Main 1' }, undefined, { city: 'Ulm' }] },
      fields: ['addresses'],
      cleared: [],
    })
    const cleared = ['addresses[0].line_2', 'addresses[0].city', 'addresses[2].metadata.floor']
    expect(ndjson({ addresses: list })).toMatchObject({ fields: ['addresses'], cleared })
    expect(csv('addresses', JSON.stringify(list))).toEqual(ndjson({ addresses: list }))
    expect(codes(ndjson({ addresses: list }, rulesOf('reject')))).toHaveLength(5)
    expect(ndjson({ addresses: [{ city: '' }] })).toMatchObject({ patch: {}, fields: [], cleared: [] })
  })

  it.each(['clear', 'keep', 'reject'] as const)(
    'without a member sets and clears nothing (--blank %s)',
    (blank) => {
      for (const value of [{ addresses: [] }, { addresses: [{}] }, { metadata: {} }])
        expect(ndjson(value, rulesOf(blank))).toMatchObject({ patch: {}, fields: [], cleared: [] })
      expect(csv('metadata', '{}', rulesOf(blank))).toMatchObject({ patch: {}, fields: [] })
      expect(ndjson({ metadata: { tags: [], a: {} } }, rulesOf(blank))).toMatchObject({
        patch: { metadata: { tags: [], a: {} } },
      })
    },
  )

  it.each([
    [[{ country: 'Germany' }], 'E_COUNTRY addresses[0].country'],
    [[{ city: 'NULL' }], 'E_SUSPECT_BLANK addresses[0].city'],
    [[{ city: 'Ulm' }, { street: 'x' }], 'E_UNKNOWN_FIELD addresses[1].street'],
    [[{ city: 'Ulm', metadata: { note: '\u0007' } }], 'E_CONTROL_CHAR addresses[0].metadata.note'],
    [[{ city: 5 }], 'E_TYPE addresses[0].city'],
  ])('%j is refused in NDJSON and in a cell', (addresses, code) => {
    expect(codes(ndjson({ addresses }))).toEqual([code])
    expect(codes(csv('addresses', JSON.stringify(addresses)))).toEqual([code])
  })

  it('replaces the list of an earlier row when rows are merged, so that no two addresses are mixed', () => {
    const first = ndjson({ addresses: [{ line_1: 'A', line_2: '' }, { city: 'Ulm' }] })
    const second = ndjson({ addresses: [{ city: 'Bonn', zip: '' }] })
    if (isRefused(first) || isRefused(second)) throw new Error('refused')
    expect(mergeRows(first, second)).toMatchObject({
      patch: { addresses: [{ city: 'Bonn', zip: '' }] },
      fields: ['addresses'],
      cleared: ['addresses[0].zip'],
    })
  })
})

describe('a key inside an object', () => {
  const unseen: readonly (readonly [string, string])[] = [
    ['tier\u200b', 'E_INVISIBLE_CHAR'],
    ['\ufefftier', 'E_INVISIBLE_CHAR'],
    ['ti\u0000er', 'E_INVISIBLE_CHAR'],
  ]
  it.each(unseen)('that is not what it looks like is refused: %j', (key, code) => {
    expect(codes(ndjson({ metadata: { [key]: 'x' } }))).toEqual([`${code} metadata.${key}`])
    expect(codes(ndjson({ metadata: { a: [{ [key]: 'x' }] } }))).toEqual([`${code} metadata.a[0].${key}`])
    expect(codes(ndjson({ [`metadata.a${key}`]: 'x' }))).toEqual(
      key === '' ? [] : [`${code} metadata.a${key}`],
    )
  })

  it.each(['First name', 'n\u00b0', 'نام‌خانوادگی', 'プラン', 'a.b'])('of any script is taken: %j', (key) =>
    expect(codes(ndjson({ metadata: { [key]: 'x' } }))).toEqual([]),
  )
})
