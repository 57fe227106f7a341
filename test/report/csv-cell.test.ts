import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { createCellWriter } from '../../src/report/csv-cell.ts'

test.each([',', ';', '\t', '|'])(
  'writes cells that come back as they were, with the delimiter %j',
  (delimiter) => {
    const cell = createCellWriter(delimiter)
    const texts = ['', 'plain', `a${delimiter}b`, '"', 'a "b"', 'two\nlines', 'two\r\nlines', 'ü 😀', ' x ']
    const line = texts.map(cell).join(delimiter)
    expect(parse(line, { delimiter })).toEqual([texts])
  },
)

test.each(['=1+1', '+1', '-1', '@x', '\tx', '\rx', '＝1'])('disarms the formula %j', (text) => {
  expect(parse(createCellWriter(',')(text))).toEqual([[`'${text}`]])
})

test('writes right also when it has forgotten what it wrote before', () => {
  const cell = createCellWriter(',')
  for (let number = 0; number < 2_500; number++) expect(cell(`a,${number}`)).toBe(`"a,${number}"`)
  expect(cell('a,0')).toBe('"a,0"')
})
