import { describe, expect, it } from 'vitest'
import { detectFormat, formatByName } from '../../../src/input/format.ts'

describe('the format of an input', () => {
  it.each([
    ['{"customer":"x"}\n', 'crm.csv', 'ndjson'],
    ['{}\n', 'crm.txt', 'ndjson'],
    ['\n  { "customer":"x"}', 'standard input', 'ndjson'],
    ['customer,name\n', 'crm.jsonl', 'csv'],
    ['customer,name\n', 'standard input', 'csv'],
    ['null\n{"customer":"x"}\n', 'crm.ndjson', 'ndjson'],
    ['oops\n{"customer":"x"}\n', 'crm.ndjson.gz', 'ndjson'],
    ['3\n', 'crm.JSONL.zst', 'ndjson'],
    ['oops\n{"customer":"x"}\n', 'crm.csv', 'csv'],
    ['{broken\n', 'crm.ndjson', 'ndjson'],
    ['{broken\n', 'crm', 'ndjson'],
    ['{a}\n', 'crm.csv', 'csv'],
  ])('%j in %s is %s', (text, name, format) => {
    expect(detectFormat(text, `/folder.csv/${name}`)).toBe(format)
  })

  it.each([
    ['crm.csv', 'csv', undefined],
    ['crm.TXT', 'csv', undefined],
    ['crm.tsv', 'csv', '\t'],
    ['crm.tsv.gz', 'csv', '\t'],
    ['crm.tab.zst', 'csv', '\t'],
    ['crm.ndjson', 'ndjson', undefined],
    ['crm.jsonl.gz', 'ndjson', undefined],
    ['crm.gz', undefined, undefined],
    ['crm', undefined, undefined],
    ['folder.tsv/crm', undefined, undefined],
  ])('%s promises %s', (name, format, delimiter) => {
    expect(formatByName(name)).toEqual({ format, delimiter })
  })
})
