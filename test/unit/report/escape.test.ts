import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { csvCells, csvText } from '../../../src/report/escape.ts'

const texts = ['', 'plain', '"', 'a "b"', 'two\nlines', 'two\r\nlines', 'ü 😀', ' x ']

test.each([',', ';', '\t', '|'])(
  'writes cells that come back as they were, with the delimiter %j',
  (delimiter) => {
    const cells = [...texts, `a${delimiter}b`]
    expect(parse(csvCells(cells, delimiter, '"'), { delimiter })).toEqual([cells])
  },
)

test('writes a record a line, and nothing for null', () => {
  expect(csvText([texts.slice(0, 2), [1, null], []])).toBe(',plain\n1,\n\n')
  expect(parse(csvText([texts]))).toEqual([texts])
})

test.each(['=1+1', '+1', '-1', '@x', '\tx', '\rx', '＝1'])('disarms the formula %j', (text) => {
  expect(parse(csvText([[text]]))).toEqual([[`'${text}`]])
})
