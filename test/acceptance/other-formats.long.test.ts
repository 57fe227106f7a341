/** Files as other programs write them: what is around values, in the places of letters, above the header and around rows. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

interface Found {
  readonly code: string
  readonly field: string
  readonly message: string
  readonly tip: string
}

async function validate(name: string, content: string | Buffer, ...args: readonly string[]) {
  folder.write(name, content)
  const limits = ['--json', '--max-errors', '100%', '--max-clears', '100%']
  return folder.run(['validate', name, ...limits, ...args])
}

async function examine(name: string, content: string | Buffer, ...args: readonly string[]) {
  const { stdout, stderr } = await validate(name, content, ...args)
  expect(stdout, stderr).not.toBe('')
  const result: {
    readonly calls: number
    readonly invalid: number
    readonly findings: readonly Found[]
    readonly warnings: readonly Found[]
  } = JSON.parse(stdout)
  return result
}

const short = (found: readonly Found[]) => found.map(({ code, field }) => `${code} ${field}`).toSorted()

it('values with their type, as MongoDB, DynamoDB and Firestore write them, are a warning', async () => {
  const metadata = {
    since: { $date: '2021-03-04T00:00:00Z' },
    tier: { S: 'gold' },
    plan: { stringValue: 'pro' },
    list: [{ N: '5' }],
    size: { S: '1', M: '2' },
    $date: 'today',
  }
  const { calls, warnings } = await examine(
    'crm.ndjson',
    `${JSON.stringify({ customer: id(1), metadata })}\n`,
  )
  expect(calls).toBe(1)
  expect(short(warnings)).toEqual([
    'W_OTHER_FORMAT metadata.list.0',
    'W_OTHER_FORMAT metadata.plan',
    'W_OTHER_FORMAT metadata.since',
    'W_OTHER_FORMAT metadata.tier',
  ])
})

it.each([
  ['._source', { _index: 'crm', _id: '1', _source: { customer: id(1), name: 'A' } }],
  ['.record.data', { type: 'RECORD', record: { stream: 'c', data: { customer: id(1), name: 'A' } } }],
  ['.after', { before: null, after: { customer: id(1), name: 'A' }, op: 'u' }],
  ['.data', { data: { type: 'customer', id: id(1), attributes: { name: 'A' } } }],
])('rows inside of another object are named with the jq command for %s', async (path, row) => {
  const { code, stderr } = await validate('crm.ndjson', `${JSON.stringify(row)}\n`.repeat(2))
  expect(code).toBe(3)
  expect(stderr).toContain('[E_NOT_NDJSON]')
  expect(stderr).toContain(`jq -c '${path} // empty' FILE`)
})

it.each([
  { customer: '', metadata: { parent: id(2), name: 'A' } },
  { customer: id(1), profile: { customer: id(2), name: 'A' } },
])('a row with the id of another customer inside is a row: %j', async (row) => {
  const { invalid } = await examine(
    'crm.ndjson',
    `${JSON.stringify(row)}\n{"customer":"${id(3)}","name":"A"}\n`,
  )
  expect(invalid).toBe(1)
})

describe('an id', () => {
  it.each([
    [`https://dashboard.example.com/customers/${id(1)}`, 'other text stands around it'],
    [`#${id(1)}`, 'other text stands around it'],
    [`${id(1)};`, 'other text stands around it'],
    [`${id(1)} ::: ${id(2)}`, 'several ids in one cell'],
  ])('in %j is named', async (cell, message) => {
    const { findings } = await examine('crm.csv', `customer,name\n${cell},A\n`)
    expect(findings).toMatchObject([{ code: 'E_ID', message: `not a customer id: ${message}` }])
  })
})

it.each([
  ['+14155550100 ::: +14155550101', 'several phone numbers in one cell'],
  ['+14155550100/+14155550101', 'several phone numbers in one cell'],
  ['030 1234567 / 030 7654321', 'several phone numbers in one cell'],
  ['+1 415 555 0100 x12', 'a phone number with an extension'],
  ['+74955550100 доб. 12', 'a phone number with an extension'],
  ['+٩٦٦٥٠١٢٣٤٥٦٧', 'a phone number in digits or signs that only look like 0 to 9 and +'],
  ['＋８１９０１２３４５６７８', 'a phone number in digits or signs that only look like 0 to 9 and +'],
  ['+49******12', 'a phone number whose digits are masked'],
])('the phone number %j is refused by name', async (cell, message) => {
  const { findings } = await examine('crm.csv', `customer,phone_number\n${id(1)},${cell}\n`)
  expect(findings).toMatchObject([{ code: 'E_PHONE', message }])
})

it.each([
  ['j***@example.com', 'an address whose letters are masked'],
  ['\u0430nn@example.com', 'holds a letter of another alphabet, which only looks alike'],
  ['ann@ex\u0430mple.com', 'holds a letter of another alphabet, which only looks alike'],
])('the e-mail address %j is refused by name', async (cell, message) => {
  const { findings } = await examine('crm.csv', `customer,email\n${id(1)},${cell}\n`)
  expect(findings).toMatchObject([{ code: 'E_EMAIL', message }])
  const good = `customer,email\n${id(1)},анна@пример.рф\n${id(2)},иван.petrov@example.com\n`
  expect(await examine('crm.csv', good)).toMatchObject({ invalid: 0, warnings: [] })
})

it('full-width letters and digits of a code have a fix, and letters of another alphabet have none', async () => {
  const rows = [`${id(1)},ＤＥ１２３,１００－０００１\n`, `${id(2)},\u0410T123,1\n`].join('')
  const header = 'customer,business_vat_id,metadata.crm_id\n'
  const { warnings } = await examine('crm.csv', header + rows, '--fix', 'fixed.csv')
  expect(short(warnings)).toEqual(['W_LOOKALIKE business_vat_id', 'W_LOOKALIKE metadata.crm_id'])
  expect(readFileSync(join(folder.path, 'fixed.csv'), 'utf8')).toBe(
    `${header}${id(1)},DE123,100-0001\n${id(2)},\u0410T123,1\n`,
  )
})

it('the last character of a DOS file is no row', async () => {
  expect(await examine('crm.csv', `customer,name\r\n${id(1)},A\r\n\x1a`)).toMatchObject({
    calls: 1,
    invalid: 0,
  })
})

describe('a header', () => {
  const rows = `${id(1)},Ann,a@example.com\n${id(2)},Bob,b@example.com\n`

  it('is found below a query that is as wide', async () => {
    const { stderr } = await validate(
      'crm.csv',
      `SQL> select customer, name, email;\n\ncustomer,name,email\n${rows}`,
    )
    expect(stderr).toContain('line 3 does: customer, name, email [E_HEADER_LINE]')
  })

  it('is no line with an id', async () => {
    const { stderr } = await validate('crm.txt', `-[ RECORD 1 ]--\ncustomer | ${id(1)}\nname     | Ann\n`)
    expect(stderr).toContain('[E_HEADER_NO_ID]')
    expect(stderr).not.toContain('cus_')
  })

  it.each(['\u0085', '\u2028', '\\n'])(
    'that runs into its rows with %j shows nothing of them',
    async (end) => {
      const { code, stderr } = await validate('crm.csv', `customer,name,email\n${rows}`.replaceAll('\n', end))
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringContaining(
          'the line of the header holds a customer id, as a row does [E_HEADER_NO_ID]',
        ),
      })
      expect(stderr).not.toMatch(/cus_0|Ann|example/)
    },
  )

  it.each(["'customer'", '[customer]', '> customer', 'crm.customer', 'customer:string', '`id`'])(
    'with %j for the ids says which column it may be',
    async (name) => {
      const { stderr } = await validate('crm.csv', `${name},name,email\n${rows}`)
      expect(stderr).toContain(`If column 1 ("${name}") holds the Rapyd customer ids, rename it "customer"`)
    },
  )

  it.each([
    ['^', '--delimiter "^"'],
    ['~', '--delimiter "~"'],
    [':', '--delimiter ":"'],
    ['\u0001', String.raw`--delimiter $'\x01'`],
  ])('with %j between its names has the option', async (sign, option) => {
    const text = `customer,name\n${id(1)},Ann\n`.replaceAll(',', sign)
    expect((await validate('crm.csv', text)).stderr).toContain(`Try ${option}. `)
    expect(await examine('crm.csv', text, '--delimiter', sign)).toMatchObject({ calls: 1, invalid: 0 })
  })

  it('in quotes with all of its line is named', async () => {
    const text = `"customer,name"\n"${id(1)},Ann"\n`
    expect((await validate('crm.csv', text)).stderr).toContain('If whole lines are in quotes, remove those.')
  })

  it('of fixed width is named', async () => {
    const text = `customer                              name\n${'-'.repeat(36)}  ----\n${id(1)}  Ann\n`
    expect((await validate('crm.rpt', text)).stderr).toContain(
      'with spaces between its words: export the file as CSV.',
    )
  })
})

it('letters that EUC-KR lacks are named with the code page of Windows', async () => {
  const text = Buffer.concat([
    Buffer.from(`customer,name\n${id(1)},`),
    Buffer.from([0xbc, 0x41, 0x9f, 0xc8, 0x0a]),
  ])
  const { stderr } = await validate('crm.csv', text, '--encoding', 'euc-kr')
  expect(stderr).toContain('[E_ENCODING]')
  expect(stderr).toContain('iconv -f CP949')
})

it('dates that a calendar begins with, and numbers without an end, stand for nothing', async () => {
  const cells = [
    '1753-01-01',
    '01.01.1753',
    '1899-12-30 00:00:00',
    '30.12.1899',
    '12/30/1899',
    '-0001-11-30',
    '1601-01-01',
    'inf',
    '-inf',
    '-Infinity',
  ]
  const rows = cells.map((cell, row) => `${id(row)},${cell}\n`).join('')
  const { invalid, findings } = await examine('crm.csv', `customer,metadata.x\n${rows}`)
  expect(invalid).toBe(cells.length)
  expect(short(findings)).toEqual(['E_SUSPECT_BLANK metadata.x'])
  const good = ['1753', 'Inf', 'Infinity', '1899-11-30', '31.12.1999', '30.12.1989', 'info']
  const others = good.map((cell, row) => `${id(row)},${cell}\n`).join('')
  expect(await examine('crm.csv', `customer,metadata.x\n${others}`)).toMatchObject({ invalid: 0 })
})

describe('lines of orders, of which only the first has the data of the customer', () => {
  const header = 'customer,email,metadata.sku\n'
  const rows = [
    `${id(1)},a@example.com,x`,
    `${id(1)},,y`,
    `${id(1)},,z`,
    `${id(2)},b@example.com,x`,
    `${id(3)},,x`,
  ]
  const lost = 'a blank that clears what a row just before it sets for the same customer'

  it('are a warning for each row that would clear it, also of update', async () => {
    const { calls, warnings } = await examine('crm.csv', `${header}${rows.join('\n')}\n`)
    expect({ calls, warnings }).toMatchObject({
      calls: 5,
      warnings: [{ code: 'W_DOUBTFUL_CLEAR', field: 'email', message: lost, rows: 2, firstRow: 2 }],
    })
    const limits = ['--max-clears', '100%', '--strict']
    const { code, stderr } = await folder.run(['update', 'crm.csv', '--env', 'simulator', ...limits])
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringContaining('2 of 5 rows have W_DOUBTFUL_CLEAR email'),
    })
  })

  it('are none with --blank keep', async () => {
    const text = `${header}${rows.join('\n')}\n`
    expect(await examine('crm.csv', text, '--blank', 'keep')).toMatchObject({ calls: 5, warnings: [] })
  })
})

it.each([
  ['+10000000000', 1],
  ['+79999999999', 1],
  ['+491111111111', 1],
  ['+33666666789', 0],
  ['+14155550000', 0],
])('the phone number %s has %d warnings', async (phone, count) => {
  const { warnings } = await examine('crm.csv', `customer,phone_number\n${id(1)},${phone}\n`)
  expect(warnings.filter(({ code }) => code === 'W_PLACEHOLDER')).toHaveLength(count)
})
