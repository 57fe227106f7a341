import { parse } from 'csv-parse/sync'
import { expect, test } from 'vitest'
import { resultsHeader, resultsText } from '../../../src/report/results.ts'
import { outcomeOf } from './outcome.ts'

test('writes one CSV line a row under the documented header', () => {
  expect(resultsHeader('csv')).toBe(
    'row,line,customer_id,outcome,fields,cleared,not_taken,attempts,http_status,error_code,error_field,message,operation_id,idempotency_key,finished_at\n',
  )
  expect(resultsText([outcomeOf({ row: 1 }), outcomeOf({ row: 2 })], 'csv').split('\n')).toEqual([
    '1,2,cus_4d3e1f0a9b8c7d6e5f4a3b2c1d0e9f8a,updated,name;email,,,1,200,,,,8a1b2c3d-1234-5678-9abc-def012345678,0123456789abcdef0123456789abcdef,2026-11-23T02:30:00.007Z',
    '2,2,cus_4d3e1f0a9b8c7d6e5f4a3b2c1d0e9f8a,updated,name;email,,,1,200,,,,8a1b2c3d-1234-5678-9abc-def012345678,0123456789abcdef0123456789abcdef,2026-11-23T02:30:00.007Z',
    '',
  ])
})

test('leaves empty what there is none of', () => {
  const nothing = { attempts: 0, httpStatus: 0, operationId: '', idempotencyKey: '', finishedAt: 0 }
  const row = outcomeOf({ ...nothing, outcome: 'invalid', customerId: '', fields: '' })
  expect(resultsText([row], 'csv')).toBe('1,2,,invalid,,,,0,,,,,,,\n')
})

test('quotes what would break a cell, and disarms what a spreadsheet would run', () => {
  const row = outcomeOf({ errorField: '=cmd|" /c calc"!A0', message: 'one, "two"\nthree', fields: '-1' })
  const [cells] = parse(resultsHeader('csv') + resultsText([row], 'csv'), { columns: true })
  expect(cells).toMatchObject({
    error_field: `'=cmd|" /c calc"!A0`,
    message: 'one, "two"\nthree',
    fields: `'-1`,
  })
})

test('writes NDJSON with the same keys, numbers as numbers, and null for no status and no time', () => {
  const lines = resultsText([outcomeOf(), outcomeOf({ httpStatus: 0, finishedAt: 0 })], 'ndjson').split('\n')
  const [first, second] = lines.slice(0, 2).map((line): unknown => JSON.parse(line))
  expect(resultsHeader('ndjson')).toBe('')
  expect(Object.keys(first ?? {}).join(',')).toBe(resultsHeader('csv').trim())
  expect(first).toMatchObject({ row: 1, http_status: 200, finished_at: '2026-11-23T02:30:00.007Z' })
  expect(second).toMatchObject({ http_status: null, finished_at: null, error_code: '' })
  expect(lines[2]).toBe('')
})
