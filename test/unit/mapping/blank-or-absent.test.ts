/** A blank clears, what is absent is left alone: in CSV by the columns, in NDJSON by the keys of each row. */
import { array, assert, constantFrom, property, uniqueArray } from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import type { CellRules } from '../../../src/mapping/cells.ts'
import { createColumnsOf } from '../../../src/mapping/input-columns.ts'
import { defaultMapping } from '../../../src/mapping/mapping.ts'
import { compileRows } from '../../../src/mapping/rows.ts'

const id = 'cus_d3ed65d5091a8398cc3651bcedec1201'
const rules: CellRules = { blank: 'clear', nullValues: new Set(), literals: new Set() }
const place = { row: 1, line: 2, offset: 0, length: 0 }
const columns = uniqueArray(constantFrom('name', 'description', 'metadata.a', 'metadata.b', 'coupon'))
const cells = array(constantFrom('', '', 'x', '0', 'ü'), { minLength: 5, maxLength: 5 })

/** Values by the paths that the row names. */
function sentBy(mapped: object): unknown {
  if (!('patch' in mapped) || typeof mapped.patch !== 'object' || mapped.patch === null) return mapped
  const flat = Object.entries(mapped.patch).flatMap(([key, value]): (readonly [string, unknown])[] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inside, text]) => [`${key}.${inside}`, text])
      : [[key, value]],
  )
  return Object.fromEntries(flat)
}

describe('blank or absent', () => {
  it('in CSV: what a column is there for is sent as it stands, and nothing else', () => {
    assert(
      property(columns, cells, (names, texts) => {
        const columnsOf = createColumnsOf(['customer', ...names], [], defaultMapping)
        const read = compileRows(columnsOf, defaultMapping, rules)
        const mapped = read({ kind: 'csv', ...place, cells: [id, ...texts.slice(0, names.length)] })
        expect(sentBy(mapped)).toEqual(Object.fromEntries(names.map((name, index) => [name, texts[index]])))
        expect(mapped).toMatchObject({ cleared: names.filter((_, index) => texts[index] === '') })
      }),
    )
  })

  it('in NDJSON: what a key is there for is sent as it stands, and nothing else', () => {
    const read = compileRows(createColumnsOf(undefined, [], defaultMapping), defaultMapping, rules)
    assert(
      property(columns, cells, (names, texts) => {
        const own = Object.fromEntries(names.map((name, index) => [name, texts[index] ?? '']))
        const mapped = read({ kind: 'ndjson', ...place, record: { customer: id, ...own } })
        expect(sentBy(mapped)).toEqual(own)
        expect(mapped).toMatchObject({ cleared: names.filter((_, index) => texts[index] === '') })
      }),
    )
  })
})
