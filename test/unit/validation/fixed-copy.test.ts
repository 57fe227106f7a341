import { stringify } from 'csv-stringify/sync'
import { parse } from 'csv-parse/sync'
import { array, assert, constantFrom, nat, property, string } from '../../support/properties.ts'
import { expect, it } from 'vitest'
import { withCells } from '../../../src/validation/fixed-copy.ts'

const someCell = string({ unit: constantFrom('a', ',', '"', '\n', ';', ' ', 'ñ'), maxLength: 5 })

it('other texts in a record change their cells and no others, whatever the quotes', () => {
  assert(
    property(
      array(someCell, { minLength: 2, maxLength: 6 }),
      nat(5),
      someCell,
      constantFrom(',', ';'),
      (cells, at, text, delimiter) => {
        const record = stringify([cells], { delimiter, eof: false })
        const index = at % cells.length
        const changed = withCells(record, { delimiter, newline: '\n' }, new Map([[index, text]]))
        expect(parse(changed, { delimiter })).toEqual([cells.with(index, text)])
        expect(withCells(record, { delimiter, newline: '\n' }, new Map())).toBe(record)
      },
    ),
  )
})
