/** Files that cannot be trusted, and guards: each is refused with its code before anything is sent. */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bulkUpdate, init, validate, type UpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const good = `customer,name\n${id(1)},A\n`

let folder: Folder
beforeAll(() => {
  folder = freshFolder()
})
afterAll(() => folder.remove())
const path = (name: string) => join(folder.path, name)
const codeOf = (reason: unknown) => Object(reason).code

type Refused = readonly [
  code: string,
  name: string,
  content: string | Buffer,
  options: Partial<UpdateOptions>,
]

const files: readonly Refused[] = [
  ['E_EMPTY', 'crm.csv', '', {}],
  ['E_BINARY', 'crm.csv', 'PK\u0003\u0004\0\0', {}],
  ['E_ENCODING', 'crm.csv', Buffer.from(`customer,name\n${id(1)},Jos\u00e9\n`, 'latin1'), {}],
  ['E_COMPRESSED', 'crm.csv.gz', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), {}],
  ['E_DELIMITER', 'crm.csv', 'customer;name, first\ncus_1;Doe, Ana\n', {}],
  ['E_FORMAT', 'crm.csv', good, { format: 'ndjson' }],
  ['E_NOT_NDJSON', 'crm.json', '[\n  { "customer": "x" }\n]\n', {}],
  ['E_UNCLOSED_QUOTE', 'crm.csv', `customer,name\n${id(1)},"A\n${id(2)},B\n`, {}],
  ['E_RECORD_TOO_LARGE', 'crm.csv', `customer,${'x'.repeat(4 * 1024 * 1024)}\n${id(1)},A\n`, {}],
  ['E_HEADER_NO_ID', 'crm.csv', 'name\nA\n', {}],
  ['E_HEADER_UNKNOWN_COLUMN', 'crm.csv', `customer,nmae\n${id(1)},A\n`, {}],
  ['E_HEADER_DUPLICATE', 'crm.csv', `customer,name,Name\n${id(1)},A,B\n`, {}],
  ['E_HEADER_ADDRESSES', 'crm.csv', `customer,addresses[1].city\n${id(1)},A\n`, {}],
  ['E_HEADER_QUOTE', 'crm.csv', `customer,"na"me\n${id(1)},A\n`, {}],
  ['E_TOO_MANY_COLUMNS', 'crm.csv', `customer${',x'.repeat(1_001)}\n`, {}],
  ['E_HEADER_MISSING_COLUMN', 'crm.csv', `customer,Mail\n${id(1)},a@example.com\n`, { map: 'map.yaml' }],
  ['E_MAPPING', 'crm.csv', good, { map: 'wrong.yaml' }],
  ['E_EXPECT_ROWS', 'crm.csv', good, { expectRows: '2' }],
  ['E_STRICT', 'crm.csv', `customer,name\n${id(1)},NULL\n`, { strict: true }],
  ['E_TOO_MANY_INVALID', 'crm.csv', `customer,name\n${id(1)},NULL\n`, { maxErrors: '0' }],
  ['E_MAX_CLEARS', 'crm.csv', `customer,name\n${id(1)},\n`, { maxClears: '10%' }],
  ['E_DUPLICATE_CUSTOMER', 'crm.csv', `${good}${id(1)},B\n`, { duplicates: 'reject' }],
]

describe('update sends nothing of a file, and validate says the same,', () => {
  it.each(files)('where it is %s', async (code, name, content, { map, ...options }) => {
    folder.write('map.yaml', 'columns: { Full Name: name }\n')
    folder.write('wrong.yaml', 'columns: { Full Name: nmae }\n')
    folder.write(name, content)
    const given = { input: path(name), ...options, ...(map === undefined ? {} : { map: path(map) }) }
    expect(await validate(given).then(({ refusal }) => refusal?.code, codeOf)).toBe(code)
    const sender = { env: 'simulator', runsDir: path('rapyd-runs'), stateDir: path('.state') } as const
    expect(await bulkUpdate({ ...given, ...sender }).then(() => 'sent', codeOf)).toBe(code)
  })
})

it('a file that tells of its own damage is refused, until that is accepted', async () => {
  const rows = Array.from({ length: 60 }, (_, row) => `${id(row)},Name ${row},x\n`).join('')
  folder.write('cut.csv', `customer,name,description\n${rows}`.slice(0, -8))
  const given = { input: path('cut.csv'), env: 'simulator', rate: 'none' } as const
  const sender = { runsDir: path('rapyd-runs'), stateDir: path('.state') }
  await expect(bulkUpdate({ ...given, ...sender })).rejects.toMatchObject({
    code: 'E_DAMAGED_FILE',
    exitCode: 3,
  })
  expect((await bulkUpdate({ ...given, ...sender, acceptChange: ['damage'] })).summary.input.rows).toBe(60)
})

it('init drafts nothing from a file without a column', async () => {
  folder.write('rows.ndjson', '{}\n')
  await expect(init({ input: path('rows.ndjson') })).rejects.toMatchObject({ code: 'E_NO_COLUMNS' })
  await expect(init({ input: path('none.csv') })).rejects.toMatchObject({ code: 'E_INPUT_OPEN' })
})
