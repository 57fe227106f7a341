/** Each code of a row that is refused before anything is sent, with the row that has it; the file around it is good. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bulkUpdate, validate, type UpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
beforeAll(() => {
  folder = freshFolder()
})
afterAll(() => folder.remove())

/** The codes of the invalid rows in their order, and how many rows there are to send. */
async function judged(name: string, text: string, options: Partial<UpdateOptions> = {}) {
  folder.write(name, text)
  const codes: string[] = []
  const { rows, calls } = await validate({
    input: join(folder.path, name),
    maxErrors: '100%',
    maxClears: '100%',
    ...options,
    onInvalid: ({ errorCode }) => void codes.push(errorCode),
  })
  return { rows, calls, codes }
}

const long = 'x'.repeat(1024 * 1024 + 1)

describe('a row of CSV', () => {
  it.each<readonly [code: string, header: string, row: string]>([
    ['E_COLUMNS', 'name', `${id(1)},A,B`],
    ['E_QUOTE', 'name', `${id(1)},"A"B`],
    ['E_RAW_ROW', 'name', `"rapyd_bulk_raw: ${id(1)},A,B",`],
    ['E_TOO_LARGE', 'name', `${id(1)},${long}`],
    ['E_ID', 'name', 'cus 1,A'],
    ['E_SUSPECT_BLANK', 'name', `${id(1)},N/A`],
    ['E_CONTROL_CHAR', 'name', `${id(1)},A\u0007`],
    ['E_EMAIL', 'email', `${id(1)},jo@`],
    ['E_PHONE', 'phone_number', `${id(1)},0151`],
    ['E_DATE', 'date_of_birth', `${id(1)},1980-12-31`],
    ['E_COUNTRY', 'nationality', `${id(1)},Germany`],
    ['E_PAYMENT_METHOD', 'default_payment_method', `${id(1)},visa`],
    ['E_TYPE', 'metadata', `${id(1)},[1]`],
    ['E_EWALLET', 'ewallet', `${id(1)},wallet`],
  ])('%s', async (code, header, row) => {
    const blanks = ','.repeat(header.split(',').length)
    const text = `customer,${header}\n${id(2)}${blanks}\n${row}\n${id(3)}${blanks}\n`
    expect(await judged('crm.csv', text)).toEqual({ rows: 3, calls: 2, codes: [code] })
  })

  it('E_BLANK, where blanks are to be rejected', async () => {
    const text = `customer,name\n${id(1)},A\n${id(2)},\n`
    expect(await judged('crm.csv', text, { blank: 'reject' })).toEqual({
      rows: 2,
      calls: 1,
      codes: ['E_BLANK'],
    })
  })

  it('E_TRANSFORM, where the mapping file cannot read the cell', async () => {
    folder.write('map.yaml', 'columns: { Age: { field: metadata.age, transform: number } }\n')
    const text = `customer,Age\n${id(1)},41\n${id(2)},old\n`
    const map = join(folder.path, 'map.yaml')
    expect(await judged('crm.csv', text, { map })).toEqual({ rows: 2, calls: 1, codes: ['E_TRANSFORM'] })
  })
})

const good = (number: number) => JSON.stringify({ customer: id(number), name: 'A' })

describe('a row of NDJSON', () => {
  it.each<readonly [code: string, row: string]>([
    ['E_JSON', '{"customer":'],
    ['E_NOT_OBJECT', '[1]'],
    ['E_DUPLICATE_KEY', `{"customer":"${id(1)}","name":"A","name":"B"}`],
    ['E_NUMBER', `{"customer":"${id(1)}","metadata":{"a":1.50}}`],
    ['E_DEPTH', `{"customer":"${id(1)}","metadata":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`],
    ['E_KEY', `{"customer":"${id(1)}","metadata":{"__proto__":1}}`],
    ['E_TOO_LARGE', `{"customer":"${id(1)}","name":"${long}"}`],
    ['E_ADDRESS_GAP', `{"customer":"${id(1)}","addresses[1].city":"Ulm"}`],
    ['E_ID', '{"customer":5}'],
    ['E_UNKNOWN_FIELD', `{"customer":"${id(1)}","shoe":"x"}`],
    ['E_TYPE', `{"customer":"${id(1)}","name":5}`],
    ['E_NOT_WELL_FORMED', String.raw`{"customer":"${id(1)}","name":"\ud83d"}`],
  ])('%s', async (code, row) => {
    const text = `${good(2)}\n${row}\n${good(3)}\n`
    expect(await judged('crm.ndjson', text)).toEqual({ rows: 3, calls: 2, codes: [code] })
  })

  it('E_MISSING_PART, where it has some of the keys that are joined', async () => {
    folder.write('map.yaml', 'joined: { name: [First, Last] }\n')
    const text = `{"id":"${id(1)}","First":"A","Last":"B"}\n{"id":"${id(2)}","First":"A"}\n`
    const map = join(folder.path, 'map.yaml')
    expect(await judged('crm.ndjson', text, { map })).toEqual({
      rows: 2,
      calls: 1,
      codes: ['E_MISSING_PART'],
    })
  })
})

it('texts that look like a blank are what --literal and --null-values say', async () => {
  folder.write('literal.csv', `customer,name,email\n${id(1)},NULL,a@example.com\n${id(2)},-,b@example.com\n`)
  const args = ['validate', 'literal.csv', '--literal', 'NULL', '--null-values', '-', '--json']
  const { code, stdout } = await folder.run(args)
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ calls: 2, set: { name: 2 }, cleared: { name: 1 } })
})

it('more than a thousand kinds of errors are counted together in the summary, as E_OTHER', async () => {
  const rows = Array.from({ length: 1_100 }, (_, row) => `{"id":"${id(row)}","key_${row}":1}\n`)
  folder.write('kinds.ndjson', rows.join(''))
  const { summary } = await bulkUpdate({
    input: join(folder.path, 'kinds.ndjson'),
    env: 'simulator',
    maxErrors: '100%',
    runsDir: join(folder.path, 'rapyd-runs'),
  })
  expect(summary.outcomes.invalid).toBe(1_100)
  const other = summary.errors.find(({ code }) => code === 'E_OTHER')
  expect([summary.errors.length, other?.count]).toEqual([1_001, 100])
})
