/** Fields that are put together of several columns. */
import { describe, expect, it } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/model/json.ts'
import type { CellRules } from '../../../src/mapping/cells.ts'
import { matchHeader } from '../../../src/mapping/headers.ts'
import { createColumnsOf } from '../../../src/mapping/input-columns.ts'
import { loadMapping, parseMapping } from '../../../src/mapping/mapping-file.ts'
import { compileRows } from '../../../src/mapping/rows.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const rules: CellRules = { blank: 'clear', nullValues: new Set(['-']), literals: new Set() }
const place = { row: 1, line: 2, offset: 0, length: 0 }
const names = 'joined: { name: [First, Last] }'

async function csv(map: string, cells: readonly string[], given = rules) {
  const mapping = await parseMapping(map, 'm')
  const columnsOf = createColumnsOf(['customer', 'Last', 'First'], [], mapping)
  return compileRows(columnsOf, mapping, given)({ kind: 'csv', ...place, cells: [id, ...cells] })
}

async function ndjson(map: string, record: JsonObject) {
  const mapping = await parseMapping(map, 'm')
  const read = compileRows(createColumnsOf(undefined, [], mapping), mapping, rules)
  return read({ kind: 'ndjson', ...place, record: { customer: id, ...record } })
}

const canonical = async (text: string) => (await parseMapping(text, 'm')).canonical

describe('a joined field', () => {
  it.each<readonly [map: string, last: string, first: string, name: JsonValue]>([
    [names, 'Groß', 'Zoë', 'Zoë Groß'],
    [names, '', 'Zoë', 'Zoë'],
    [names, 'Groß', '-', 'Groß'],
    [names, ' Groß', 'Zoë ', 'Zoë   Groß'],
    ['joined: { name: { columns: [Last, First], separator: ", " } }', 'Groß', 'Zoë', 'Groß, Zoë'],
    ['joined: { name: { columns: [Last, First], separator: "" } }', 'Groß', 'Zoë', 'GroßZoë'],
    ['joined: { name: { columns: [First, Last], transform: uppercase } }', 'Li', 'Al', 'AL LI'],
    ['joined: { name: { columns: [First, Last], blank: reject } }', '', 'Al', 'Al'],
  ])('%s makes of %j and %j %j', async (map, last, first, name) => {
    expect(await csv(map, [last, first])).toMatchObject({ patch: { name }, fields: ['name'], cleared: [] })
  })

  it.each([
    ['clear', { patch: { name: '' }, cleared: ['name'] }],
    ['keep', { patch: {}, fields: [], cleared: [] }],
    ['{ clear_with: nobody }', { patch: { name: 'nobody' }, cleared: ['name'] }],
    ['reject', { problems: [{ code: 'E_BLANK', field: 'name', message: 'is blank' }] }],
  ])('of blanks alone is a blank: %s', async (blank, result) => {
    const map = `joined: { name: { columns: [First, Last], blank: ${blank} } }`
    expect(await csv(map, ['', '-'])).toMatchObject(result)
  })

  it('is refused where one of its parts is, and says which', async () => {
    expect(await csv(names, ['NULL', 'Zoë'])).toMatchObject({
      problems: [
        { code: 'E_SUSPECT_BLANK', message: 'looks like an empty value but is not blank (in "Last")' },
      ],
    })
    expect(await csv('joined: { email: [First, Last] }', ['a', 'b'])).toMatchObject({
      problems: [{ code: 'E_EMAIL', field: 'email' }],
    })
  })

  it('leaves its columns to other fields as well', async () => {
    const map = 'columns: { First: [metadata.first, description] }\njoined: { name: [First, Last] }'
    expect(await csv(map, ['Groß', 'Zoë'])).toMatchObject({
      patch: { metadata: { first: 'Zoë' }, description: 'Zoë', name: 'Zoë Groß' },
    })
  })

  it('inside an address goes with it, and is left out with it', async () => {
    const map = "joined: { 'addresses[0].line_1': [First, Last] }"
    expect(await csv(map, ['5', 'Main St'])).toMatchObject({
      patch: { addresses: [{ line_1: 'Main St 5' }] },
    })
    expect(await csv(map, ['', ''])).toMatchObject({ patch: {}, fields: [] })
  })

  it('needs all its columns in a header, also under a preset, or none', async () => {
    const refusal = { code: 'E_HEADER_MISSING_COLUMN', message: expect.stringContaining('(m:1:11)') }
    const mapping = await parseMapping(names, 'm')
    for (const [header, ignored] of [
      [['customer', 'First'], []],
      [['customer'], []],
      [['customer', 'First', 'Last'], ['Last']],
    ] as const) {
      expect(() => matchHeader(header, ignored, mapping)).toThrow(expect.objectContaining(refusal))
    }
    expect(matchHeader(['customer'], ['First', 'Last'], mapping)).toMatchObject([{ isId: true }])
    const preset = await loadMapping('hubspot')
    const header = ['Rapyd Customer ID', 'Email']
    expect(matchHeader(header, [], preset).filter(({ assignments }) => assignments.length > 0)).toHaveLength(
      1,
    )
    expect(() => matchHeader([...header, 'First Name'], [], preset)).toThrow('"Last Name"')
  })

  it('in NDJSON needs all its keys, or none: an absent key says nothing', async () => {
    expect(await ndjson(names, { first: 'Zoë', Last: null })).toMatchObject({ patch: { name: 'Zoë' } })
    expect(await ndjson(names, { email: '' })).toMatchObject({ fields: ['email'] })
    expect(await ndjson(names, { First: 'Zoë' })).toMatchObject({
      problems: [{ code: 'E_MISSING_PART', message: expect.stringContaining('(in "Last")') }],
    })
    expect(await ndjson(names, { First: 'Zoë', Last: 5 })).toMatchObject({ problems: [{ code: 'E_TYPE' }] })
    for (const twice of [
      { First: 'Zoë', first: 'Al', Last: 'Li' },
      { First: 'Zoë', Last: 'Li', name: 'Al' },
      { name: 'Al', First: 'Zoë', Last: 'Li' },
    ])
      expect(JSON.stringify(await ndjson(names, twice))).toContain('"code":"E_DUPLICATE_KEY","field":"name"')
  })
})

describe('a mapping file with a joined field', () => {
  it.each([
    ['joined: { name: [A] }', 'm:1:17: one column alone cannot be joined'],
    ['joined: { name: A }', 'm:1:17: text cannot stand here'],
    ['joined: { nam: [A, B] }', 'm:1:11: "nam" is no field'],
    ['joined: { name: [A, B, A] }', 'm:1:24: "A" stands here a second time'],
    ['joined: { name: { columns: [A, B], seperator: x } }', 'm:1:36: unknown key "seperator"'],
    ['joined: { name: { columns: [A, B], transform: { phone: X } } }', 'm:1:47: "X" is no country'],
    ['joined: { metadata: [A, B] }', 'm:1:11: texts cannot be joined to metadata'],
    ['customer: A\njoined: { name: [A, B] }', 'm:2:18: "A" is the customer id'],
    ['columns: { A: ignore }\njoined: { name: [A, B] }', 'm:2:18: "A" is set aside'],
    ['columns: { C: name }\njoined: { name: [A, B] }', 'm:2:11: column "C" and joined field "name" both set'],
    ['constants: { name: x }\njoined: { name: [A, B] }', 'both set name'],
  ])('%s is refused: %s', async (text, message) => {
    await expect(parseMapping(text, 'm')).rejects.toThrow(message)
  })

  it('says the same in JSON and YAML, and another thing in another order', async () => {
    expect(await canonical('{"joined":{"name":["First","Last"]}}')).toBe(await canonical(names))
    expect(await canonical('joined: { name: [Last, First] }')).not.toBe(await canonical(names))
  })
})
