/** Lines that are no rows: titles, blank lines, footers, further headers, marks between joined files, and text of broken cells. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, init, validate, type UpdateOptions } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const names = 'customer,name,email,phone_number'
const row = (number: number) => `${id(number)},Ann ${number},p${number}@example.com,+442071838750`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())
const path = (name: string) => join(folder.path, name)

/** The lines and codes of the invalid rows, what is sent, and what is left out. */
async function look(content: string | Buffer, options: Partial<UpdateOptions> = {}, name = 'crm.csv') {
  folder.write(name, content)
  const invalid: string[] = []
  const found = await validate({
    input: path(name),
    maxErrors: '100%',
    maxClears: '100%',
    ...options,
    onInvalid: ({ line, errorCode }) => void invalid.push(`${line} ${errorCode}`),
  })
  const aside = found.setAside?.map(({ kind, count, line }) => `${count} ${kind} ${line}`) ?? []
  return { rows: found.rows, calls: found.calls, invalid, aside, cleared: [...found.cleared.keys()] }
}

const update = (name: string, options: Partial<UpdateOptions> = {}) =>
  bulkUpdate({
    input: path(name),
    env: 'simulator',
    rate: 'none',
    maxErrors: '100%',
    runsDir: path('rapyd-runs'),
    stateDir: path('.state'),
    ...options,
  })
const good = (rows: number) => ({ rows, calls: rows, invalid: [], aside: [], cleared: [] })
const refusal = { code: 'E_HEADER_LINE', exitCode: 3 }

describe('lines of a title above the header', () => {
  it.each<readonly [title: string, line: number]>([
    ['Customer list\nExported 29/11/2026 by Jo,,,\n\n', 4],
    ['# exported 2026-11-29\n', 2],
    ['Contact,,,\n', 2],
    ['Customer,,Contact,\n', 2],
    ['Report,Customers\nFrom,01/11/2026,To,30/11/2026\n', 3],
    ['"Our ""best"" customers, all of them"\r\n\r\n', 3],
  ])(
    '%j are not taken for it: the refusal names the line, and --header-line reads on from there',
    async (title, line) => {
      const text = `${title}${names}\n${row(1)}\n${row(2)}\n`
      const message = expect.stringContaining(`line ${line} does: customer, name, email, phone_number`)
      await expect(look(text)).rejects.toMatchObject({
        ...refusal,
        message,
        remedy: expect.stringContaining(`--header-line ${line}`),
      })
      expect(await look(text, { headerLine: line })).toEqual(good(2))
    },
  )

  it.each([';', '\t', '|'])('do not hide the delimiter %j', async (delimiter) => {
    const text = `Customers, as of 29/11/2026\n\n${[names, row(1), row(2)].join('\n').replaceAll(',', delimiter)}\n`
    await expect(look(text)).rejects.toMatchObject(refusal)
    expect(await look(text, { headerLine: 3 })).toEqual(good(2))
  })

  it('are told from names of a mapping, of a preset and of nothing that is known', async () => {
    folder.write('map.yaml', 'customer: Rapyd ID\ncolumns: { Full Name: name }\n')
    const text = `Our customers\nRapyd ID,Full Name\n${id(1)},Ann\n`
    await expect(look(text, { map: path('map.yaml') })).rejects.toMatchObject(refusal)
    expect(await look(text, { map: path('map.yaml'), headerLine: 2 })).toEqual(good(1))
    await expect(init({ input: path('crm.csv') })).rejects.toMatchObject(refusal)
    await expect(init({ input: path('crm.csv'), headerLine: 2 })).resolves.toMatchObject({ rows: 1 })
  })

  it('go into errors.csv too, so that a redo finds the header on the same line', async () => {
    folder.write('crm.csv', `Customers "all\n\n${names}\n${row(1)}\n${row(2).replace('@', '')}\n`)
    const args = ['update', 'crm.csv', '--env', 'simulator', '--header-line', '3']
    expect(await folder.run(args)).toMatchObject({ code: 1 })
    const errors = folder.report('errors.csv')
    expect(errors).toMatch(/^Customers "all\n\ncustomer,name/)
    folder.write('mended.csv', errors.replace('p2example', 'p2@example'))
    const [run = ''] = readdirSync(path('rapyd-runs'))
    const redo = await folder.run(['redo', run, '--from', 'mended.csv'])
    expect(redo).toMatchObject({ code: 0, stdout: expect.stringContaining('1  updated') })
  })

  it('are no reason to refuse a header that names the customer, whatever follows', async () => {
    const found = await look(`customer,name\n${id(1)},Ann\nid,first,second\n`)
    expect(found).toMatchObject({ calls: 1, invalid: ['3 E_COLUMNS'] })
  })

  it.each([
    [9, 'is not in the first 4 lines'],
    [2, 'is blank'],
  ])('--header-line %i has to name a line with names', async (headerLine, why) => {
    const message = expect.stringContaining(why)
    await expect(look(`${names}\n\n${row(1)}\n`, { headerLine })).rejects.toMatchObject({
      ...refusal,
      message,
    })
  })
})

it.each([
  ',,,',
  '"","","",""',
  ' ,\t, ,\u00a0',
  ',',
  '""',
  '--------,----,---,--',
  '---+---+---',
  ':--,:--:,--:,---',
])('the line %j is a blank line: it is counted, and no row', async (line) => {
  const text = `${names}\n${row(1)}\n${line}\n${row(2)}\n${line}\n`
  expect(await look(text)).toEqual({ ...good(2), aside: ['2 blank_lines 3'] })
  const { summary } = await update('crm.csv')
  expect(summary).toMatchObject({ input: { rows: 2 }, outcomes: { updated: 2, invalid: 0 } })
  expect(summary.set_aside).toEqual([{ kind: 'blank_lines', count: 2, line: 3 }])
})

describe('columns and cells beyond the last name', () => {
  it('are left out while they are blank', async () => {
    expect(await look(`${names},,\u200b\n${row(1)},,\n${row(2)}, ,""\n`)).toEqual({
      ...good(2),
      aside: ['2 nameless_columns 1'],
    })
    expect(await look(`${names}\n${row(1)},\n${row(2)}, ,""\n${row(3)}\n`)).toEqual({
      ...good(3),
      aside: ['2 surplus_cells 2'],
    })
  })

  it.each([
    'Unnamed: 4,Unnamed: 5',
    'Column1,Column2',
    'Spalte1,Spalte2',
    '__EMPTY,__EMPTY_1',
    '_c4,_c5',
    'F5,F6',
  ])('are left out while they are blank where a program has called them %s', async (made) => {
    expect(await look(`${names},${made}\n${row(1)},,\n${row(2)}, ,""\n`)).toEqual({
      ...good(2),
      aside: ['2 nameless_columns 1'],
    })
    const [first = ''] = made.split(',')
    await expect(look(`${names},${made}\n${row(1)},,\n${row(2)},x,\n`)).rejects.toMatchObject({
      code: 'E_HEADER_UNKNOWN_COLUMN',
      message: `column 5 ("${first}") is no field of Update Customer, and has a value on line 3`,
      remedy: expect.stringContaining('--ignore-columns='),
    })
  })

  it('stop the file, or the row, if they hold something', async () => {
    await expect(look(`${names},,\n${row(1)},,\n${row(2)},,x\n`)).rejects.toMatchObject({
      code: 'E_HEADER_UNKNOWN_COLUMN',
      message: 'column 6 has no name, and a value on line 3',
    })
    expect(await look(`${names},,\n${row(1)},,x\n`, { ignoreColumns: [''] })).toEqual(good(1))
    expect(await look(`${names}\n${row(1)},x\n`)).toMatchObject({ calls: 0, invalid: ['2 E_COLUMNS'] })
  })

  it('stand in no way of errors.csv', async () => {
    folder.write('crm.csv', `${names}\n${row(1).replace('@', '')},,\n`)
    await validate({ input: path('crm.csv'), out: folder.path })
    const [header = '', line = ''] = readFileSync(path('errors.csv'), 'utf8').split('\n')
    expect(header.split(',')[4]).toBe('rapyd_bulk_row')
    expect(line.split(',')[4]).toBe('1')
  })

  it('never make a short row a whole one', async () => {
    expect(await look(`${names},\n${id(1)},Ann,a@example.com\n${id(2)},Bob\n`)).toMatchObject({
      calls: 0,
      invalid: ['2 E_COLUMNS', '3 E_COLUMNS'],
      cleared: [],
    })
  })
})

describe('a footer', () => {
  const rows = `${names}\n${row(1)}\n${row(2)}\n`
  it.each([
    ['Total,2,,', 1],
    ['Total: 1,234', 1],
    ['Gesamt: 1.234', 1],
    ['合計,2,,', 1],
    ['Tổng cộng: 2,,,', 1],
    ['Iš viso,2,,', 1],
    ['EOF,,,', 1],
    [',,Summe,2', 1],
    ['Total,2 customers,,', 1],
    ['Summary,,,', 1],
    ['TRAILER,2,,', 1],
    ['(12 rows affected)', 1],
    ['-- 12 rows', 1],
    ['12 Zeilen', 1],
    ['End of report', 1],
    ['Generated at: 29 Nov, 2026', 1],
    ['\n\n"All customers"\n"Example Ltd"', 4],
    ['Example Ltd', 1],
    [',,,1234.50', 1],
    ['All customers,,,\nCopyright (c) 2026 example.com\n\n"Generated By: Jo"', 4],
  ])('%j is one invalid row, and nothing with --skip-footer', async (footer, lines) => {
    const [first] = footer.split('\n').flatMap((line, at) => (line === '' ? [] : [at + 4]))
    const found = await look(`${rows}${footer}\n`)
    expect(found).toEqual({ ...good(3), calls: 2, invalid: [`${first} E_FOOTER`] })
    const last = lines + 3 - (first ?? 0) + 1
    expect(await look(`${rows}${footer}\n`, { skipFooter: true })).toEqual({
      ...good(2),
      aside: [`${last} footer_lines ${first}`],
    })
  })

  it.each([
    ['a customer', `${id(3)}\n`, ['4 E_COLUMNS']],
    ['a row that is cut', 'Bob Smi', ['4 E_COLUMNS']],
    ['a row without an id', ',Bob,b@example.com,\n', ['4 E_ID']],
    ['lines before further rows', `Total,2,,\n${row(3)}\n`, ['4 E_ID']],
  ])('is not %s', async (_what, end, invalid) => {
    expect((await look(`${rows}${end}`, { skipFooter: true })).invalid).toEqual(invalid)
  })

  it('ends a report that comes every night with exit code 0', async () => {
    folder.write('crm.csv', `${rows}\nTotal: 2\n`)
    const args = ['update', 'crm.csv', '--env', 'simulator', '--skip-footer']
    const { code, stdout } = await folder.run(args)
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 × a line of the footer')])
  })
})

describe('backslash escapes', () => {
  const exported = String.raw`customer,name,email,description
"${id(1)}","say \"hi\"",\N,"C:\\dir"
`
  it('are found, and --escape reads them', async () => {
    folder.write('crm.csv', exported)
    const { stdout } = await folder.run(['validate', 'crm.csv'])
    expect(stdout).toContain('E_QUOTE: a backslash before a quote, and no --escape')
    expect(stdout).toContain(String.raw`add --escape "\\"`)
    folder.write('map.yaml', 'columns: { email: { field: email, blank: keep } }\n')
    const plan = ['plan', 'crm.csv', '--env', 'simulator', '--map', 'map.yaml', '--null-values', '\\N']
    const { code } = await folder.run([...plan, '--escape', '\\', '--out', 'plan.ndjson'])
    expect(code).toBe(0)
    expect(readFileSync(path('plan.ndjson'), 'utf8')).toContain(
      String.raw`{"name":"say \"hi\"","description":"C:\\dir"}`,
    )
  })

  it('keep \\N a text that may stand for nothing, and clear nothing by it', async () => {
    expect(await look(exported, { escape: '\\\\' })).toMatchObject({
      calls: 0,
      invalid: ['2 E_SUSPECT_BLANK'],
      cleared: [],
    })
  })

  it('of other characters are refused, because their meaning is not known', async () => {
    const text = String.raw`customer,name
${id(1)},"two\nlines"
${id(2)},O\'Neil
${id(3)},"one
two \" \\"
`
    expect(await look(text, { escape: '\\' })).toEqual({
      ...good(3),
      calls: 1,
      invalid: ['2 E_QUOTE', '3 E_QUOTE'],
    })
  })

  it('come back from errors.csv as they were', async () => {
    folder.write(
      'crm.csv',
      String.raw`customer,name,email
"${id(1)}","a \", b \", \\",x
"${id(2)}","a"b,y@example.com
`,
    )
    const given = { input: path('crm.csv'), escape: '\\', maxErrors: '100%', out: folder.path }
    await validate(given)
    const errors = readFileSync(path('errors.csv'), 'utf8')
    expect(await look(errors, { escape: '\\' }, 'again.csv')).toMatchObject({
      invalid: ['2 E_EMAIL', '3 E_RAW_ROW'],
    })
    expect(await look(errors.replace(',x,', ',x@example.com,'), { escape: '\\' }, 'again.csv')).toMatchObject(
      {
        calls: 1,
        invalid: ['3 E_RAW_ROW'],
      },
    )
  })

  it('are named where a quote never closes, and no other --escape is taken', async () => {
    const text = String.raw`customer,name
${id(1)},"say \""
${id(2)},Bob
`
    await expect(look(text)).rejects.toMatchObject({
      code: 'E_UNCLOSED_QUOTE',
      remedy: expect.stringContaining('--escape'),
    })
    await expect(look(text, { escape: '^' })).rejects.toMatchObject({ code: 'E_OPTION_ESCAPE', exitCode: 2 })
  })
})

const record = (number: number) => `{"customer":"${id(number)}","name":"A"}\n`

it('lines that end with CR CR LF are read as lines', async () => {
  const text = [names, row(1), '', `${id(2)},"two\r\nlines",b@example.com,+442071838750`, 'x,Bob,,'].join(
    '\r\r\n',
  )
  expect(await look(`${text}\r\r\n`)).toEqual({
    rows: 3,
    calls: 2,
    invalid: ['6 E_ID'],
    aside: ['1 doubled_returns 1'],
    cleared: [],
  })
})

describe('files that were joined', () => {
  it.each(['', '"'])(
    'a second header (names in %j) is named, and the rows after it are read',
    async (quote) => {
      const header = names.replaceAll(/\w+/g, (name) => `${quote}${name}${quote}`)
      const part = (number: number) => `\ufeff${header}\n${row(number)}\n`
      expect(await look(part(1) + part(2))).toEqual({
        rows: 3,
        calls: 2,
        invalid: ['3 E_HEADER_AGAIN'],
        aside: ['1 byte_order_marks 3'],
        cleared: [],
      })
    },
  )

  it('a second header in other letters is named as well', async () => {
    const again = ' Customer , NAME ,E-Mail,"Phone Number"'
    expect(await look(`${names}\n${row(1)}\n${again}\n${row(2)}\n`)).toMatchObject({
      calls: 2,
      invalid: ['3 E_HEADER_AGAIN'],
    })
  })

  it('a row or a title that is called like a column is no header', async () => {
    const { invalid } = await look(
      `${names}\n${row(1)}\nName,,,\n${id(2)},Name,email@example.com,+442071838750\n`,
    )
    expect(invalid).toEqual(['3 E_ID'])
  })

  it.each([
    'customer,email,name,phone_number',
    'Customer,E-Mail,Name,Phone Number',
    'name,customer,phone_number',
    'customer,name,email,ewallet',
  ])('a second header with other columns (%s) stops the file', async (other) => {
    await expect(look(`${names}\n${row(1)}\n${other}\n${row(2)}\n`)).rejects.toMatchObject({
      code: 'E_OTHER_HEADER',
      exitCode: 3,
      message: expect.stringContaining('line 3'),
    })
  })

  it('a mark in front of a row is left out, and one inside of a line is named', async () => {
    expect(await look(`${names}\n${row(1)}\n\ufeff"${id(2)}",Bob,,\n\ufeff${row(3)}\n`)).toMatchObject({
      calls: 3,
      invalid: [],
      aside: ['2 byte_order_marks 3'],
    })
    expect(await look(`${names}\n${row(1)}\ufeff${names}\n${row(2)}\n`)).toMatchObject({
      calls: 1,
      invalid: ['2 E_COLUMNS'],
    })
  })

  it('NDJSON is read past marks and record separators', async () => {
    expect(await look(`\u001e${record(1)}\u001e\ufeff${record(2)}${record(3)}`, {}, 'crm')).toEqual({
      ...good(3),
      aside: ['2 record_separators 1', '1 byte_order_marks 2'],
    })
    expect(await look(`${record(1)}${record(2).trim()}\ufeff${record(3)}`, {}, 'crm.ndjson')).toMatchObject({
      calls: 1,
      invalid: ['2 E_JSON'],
    })
  })
})

const one = `{"customer":"${id(1)}","name":"A"}`
it.each([
  [`[${one},${one}]`, "jq -c '.[]'"],
  [`[\n${one},\n${one}\n]\n`, "jq -c '.[]'"],
  [`{"object":"list","data":[${one}],"has_more":false}\n`, "jq -c '.data[]'"],
  [`{"status":{"code":"OK"},"data":[${`${one},`.repeat(2_000)}${one}]}\n`, "jq -c '.data[]'"],
  [`{\n  "data": {\n    "my customers": [ ${one} ]\n  }\n}\n`, `jq -c '.data."my customers"[]'`],
  [`{"edges":[{"node":${one}}]}`, "jq -c '.edges[]'"],
  [`${one},\n${one}\n`, 'sed'],
  ['\u001e{\n"customer":"x"}\n', 'jq --seq -c .'],
])(
  'a document in the place of lines is refused with the command that cuts it: %.40s',
  async (text, command) => {
    await expect(look(text, {}, 'crm.ndjson')).rejects.toMatchObject({
      code: 'E_NOT_NDJSON',
      remedy: expect.stringContaining(command),
    })
  },
)

it('a row with lists of its own is no such document', async () => {
  const text = `{"addresses":[{"line_1":"cus_x","city":"Ulm"}],"customer":"${id(1)}"}\n`
  expect(await look(text, {}, 'crm.ndjson')).toMatchObject({ calls: 1, invalid: [] })
})

/** The outcomes of the last of these runs. */
async function sent(...runs: readonly Partial<UpdateOptions>[]) {
  let last: Awaited<ReturnType<typeof update>> | undefined
  for (const options of runs) last = await update('crm.csv', options)
  return last?.summary.outcomes
}

describe('rows between broken quotes', () => {
  const broken = (number: number) => `${id(number)},"he said "hi"!,p${number}@example.com,+442071838750`
  const end = 'end",e@example.com,+442071838750'
  const text = [names, row(1), broken(2), row(3), ',,,', `${id(4)},,,`, row(5), end, row(6)].join('\n')
  const invalid = [
    '3 E_QUOTE',
    '4 E_NEAR_BROKEN_QUOTE',
    '5 E_NEAR_BROKEN_QUOTE',
    '6 E_NEAR_BROKEN_QUOTE',
    '7 E_NEAR_BROKEN_QUOTE',
    '8 E_QUOTE',
  ]

  it('may be text of the broken cell, so they are never sent', async () => {
    expect(await look(text)).toMatchObject({ rows: 8, calls: 2, invalid, cleared: [] })
    expect(await sent({})).toMatchObject({ updated: 2, invalid: 6 })
    expect(await look(gzipSync(text))).toMatchObject({ calls: 2, invalid })
  })

  it.each([1, 2, 3, 4, 5, 6])('nor by a run that goes on after row %i', async (limit) => {
    folder.write('crm.csv', text)
    expect(await sent({ limit }, {})).toMatchObject({ updated: 2, invalid: 6 })
  })

  it('nor from errors.csv, until a person has put them back', async () => {
    folder.write('crm.csv', text)
    const { summary } = await update('crm.csv')
    const errors = readFileSync(path(`rapyd-runs/${summary.run_id}/errors.csv`), 'utf8')
    const found = await look(errors, {}, 'errors.csv')
    expect(found).toMatchObject({ rows: 6, calls: 0, invalid: expect.arrayContaining(['2 E_RAW_ROW']) })
    const redo = await folder.run(['redo', summary.run_id, '--from', 'errors.csv', '--max-errors', '100%'])
    expect(redo.stdout).not.toContain('updated')
  })

  it('are those of at most 1,000 lines, and rows around them are sent', async () => {
    const apart = (lines: number) =>
      [names, broken(1), ...Array.from({ length: lines - 1 }, (_, at) => row(at + 2)), end, row(5_000)].join(
        '\n',
      )
    expect((await look(apart(1_000))).calls).toBe(1)
    expect((await look(apart(1_001))).calls).toBe(1_001)
    expect(await look([names, row(1), broken(2), row(3)].join('\n'))).toMatchObject({ calls: 2, rows: 3 })
  })

  it('of several lines are named with all of them', async () => {
    folder.write('crm.csv', [names, broken(1), `${id(2)},"a\nb",c@example.com,`, end].join('\n'))
    const { stdout } = await folder.run(['validate', 'crm.csv', '--max-errors', '100%'])
    expect(stdout).toContain('row 2, line 3: E_NEAR_BROKEN_QUOTE: between rows')
    expect(stdout).toContain('(2 lines: 3 to 4)')
  })
})
