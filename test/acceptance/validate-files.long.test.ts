/** What `validate` writes beside its text: defects line by line, the invalid rows, a mended copy. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())
const text = (name: string) => readFileSync(join(folder.path, name), 'utf8')
const validate = (...args: readonly string[]) =>
  folder.run(['validate', 'crm.csv', '--max-errors', '100%', '--max-clears', '100%', ...args])

describe('--format-errors', () => {
  beforeEach(() =>
    folder.write(
      'crm.csv',
      `customer,E-Mail,"Phone, mobile%"\n${id(1)},jo,0151\n${id(2)},a@example.com,\ncus_B,a@example.com,\n`,
    ),
  )
  const map = ['--map', 'map.yaml']
  beforeEach(() => folder.write('map.yaml', 'columns: { "Phone, mobile%": phone_number }\n'))

  it('github annotates every defect at its line, with values escaped', async () => {
    const { code, stdout, stderr } = await validate(...map, '--format-errors', 'github')
    expect(code).toBe(1)
    expect(stdout.split('\n')).toEqual([
      '::error file=crm.csv,line=2,title=E_EMAIL email::row 1, column 2 "E-Mail": not a valid e-mail address of at most 512 characters. Write an e-mail address such as name@example.com, at most 512 characters.',
      '::error file=crm.csv,line=2,title=E_PHONE phone_number::row 1, column 3 "Phone, mobile%25": not a phone number in E.164 form. Write the number as E.164: a plus sign, country code and number, digits only. Format the column as text.',
      expect.stringMatching(/^::warning file=crm\.csv,line=4,title=W_SHARED_EMAIL email::/),
      expect.stringMatching(
        /^::warning file=crm\.csv,line=4,title=W_UNUSUAL_ID customer::row 3, column 1 "customer": /,
      ),
      '',
    ])
    expect(stderr).toBe('')
  })

  it('csv lists every defect as a row, and names with commas are quoted', async () => {
    const { stdout } = await validate(...map, '--format-errors', 'csv')
    const [header, , phone, ...more] = stdout.trimEnd().split('\n')
    expect(header).toBe('row,line,column,name,severity,code,field,message,tip')
    expect(phone).toMatch(
      /^1,2,3,"Phone, mobile%",error,E_PHONE,phone_number,not a phone number in E\.164 form,"Write/,
    )
    expect(more).toHaveLength(2)
  })

  it('tells doubts about the header and about a whole column too', async () => {
    folder.write(
      'crm.csv',
      `customer,metadata.a,metadata.A,date_of_birth\n${id(1)},x,x,01/02/1980\n${id(2)},x,x,01/13/1980\n`,
    )
    const { stdout } = await validate('--format-errors', 'github')
    expect(stdout).toMatch(
      /^::warning file=crm\.csv,line=1,title=W_HEADER_LOOKALIKE metadata\.A::the header, column 3/m,
    )
    expect(stdout).toMatch(
      /^::warning file=crm\.csv,line=2,title=W_DATE_ORDER date_of_birth::row 1, column 4/m,
    )
  })

  it('and --json exclude each other', async () => {
    expect(await validate('--json', '--format-errors', 'csv')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_OPTION_CONFLICT]'),
    })
  })

  it('writes 100,000 defects without keeping them', async () => {
    const rows = Array.from({ length: 100_000 }, (_, row) => `${id(row)},nobody`)
    folder.write('crm.csv', `customer,email\n${rows.join('\n')}\n`)
    const { stdout } = await validate('--format-errors', 'csv')
    expect(stdout.match(/\n/g)).toHaveLength(100_001)
    expect(stdout).toContain('\n99999,100000,2,email,error,E_EMAIL,')
  })
})

describe('--strict', () => {
  it('makes of a doubt that only validate has a reason to refuse', async () => {
    folder.write('crm.csv', `customer,name\n${id(1)},tbd\n`)
    expect(await validate()).toMatchObject({ code: 0 })
    expect(await validate('--strict')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining(
        '1 of 1 rows have W_PLACEHOLDER name (first: row 1, line 2) [E_STRICT]',
      ),
    })
  })
})

describe('--out', () => {
  it('holds the invalid rows as they are, with reason and tip, to be mended and fed back', async () => {
    const bad = `${id(2)},"jo, ""x""",4.9E+11`
    folder.write('crm.csv', `customer,name,phone_number\r\n${id(1)},Zoë,+14155550100\r\n${bad}\r\n`)
    const { code, stdout } = await validate('--out', 'out/deep')
    expect(code).toBe(1)
    expect(stdout).toContain('\nInvalid rows: out/deep/errors.csv\n')
    const [header, row, end] = text('out/deep/errors.csv').split('\r\n')
    expect(header).toMatch(/^customer,name,phone_number,rapyd_bulk_row,/)
    expect(row).toMatch(
      /^cus_0+2,"jo, ""x""",4\.9E\+11,2,invalid,E_PHONE,phone_number,a phone number that a spreadsheet/,
    )
    expect(end).toBe('')
    expect(statSync(join(folder.path, 'out/deep/errors.csv')).mode & 0o777).toBe(0o600)
    folder.write('crm.csv', `customer\n${id(1)}\n`)
    await validate('--out', 'out/deep')
    expect(existsSync(join(folder.path, 'out/deep/errors.csv'))).toBe(false)
  })
})

describe('--fix', () => {
  const lines = [
    '\ufeffcustomer,name,"email",phone_number,date_of_birth,nationality,description',
    `${id(1)},Zoë,a@example.com,+14155550100,31/12/1980,DE,"two`,
    'lines, ""quoted"""',
    ` ${id(2)} ,"Al, B.","mailto:b@example.com",+49 (151) 123-45678,1980-12-31,Germany,x`,
    `${id(3)},C,c@example.com,+49 (0)151 12345678,01/13/1980,Congo,x`,
    `${id(4)},NULL, d@example.com,4.9E+11,44927,de,x`,
    `${id(5)},E,e@example.com,4915112345678,1980-02-30,FRA,`,
    'short,row',
  ]

  it('mends what is certain byte for byte, leaves the rest, and lists each change', async () => {
    folder.write('crm.csv', lines.join('\r\n'))
    const { code, stdout } = await validate('--fix', 'mended.csv')
    expect(code).toBe(1)
    const mended = [...lines]
    mended[3] = `${id(2)},"Al, B.","b@example.com",+4915112345678,31/12/1980,DE,x`
    mended[5] = `${id(4)},NULL,d@example.com,4.9E+11,44927,DE,x`
    mended[6] = `${id(5)},E,e@example.com,4915112345678,1980-02-30,FR,`
    expect(text('mended.csv')).toBe(mended.join('\r\n'))
    expect(text('mended.csv.changes.csv').trimEnd().split('\n')).toEqual([
      'row,line,column,name,code,change',
      '2,4,1,customer,E_ID,spaces around it removed',
      '2,4,3,email,E_EMAIL,"""mailto:"" removed"',
      '2,4,4,phone_number,E_PHONE,signs between the digits removed',
      '2,4,5,date_of_birth,E_DATE,the date written as DD/MM/YYYY',
      '2,4,6,nationality,E_COUNTRY,the country written as its two-letter code',
      '4,6,3,email,E_EMAIL,spaces around it removed',
      '4,6,6,nationality,E_COUNTRY,the country written as its two-letter code',
      '5,7,6,nationality,E_COUNTRY,the country written as its two-letter code',
    ])
    expect(stdout).toContain('\nMended 8 cells in 3 rows, 1 of them good now: mended.csv\n')
    expect(stdout).toContain('\n  row 2, line 4, column 3 "email": E_EMAIL: "mailto:" removed\n')
    expect(stdout).not.toContain('4915112345678')
  })

  it('changes nothing of a good file', async () => {
    const good = `customer,name\n${id(1)},Jo \n${id(2)},"x"\n\n`
    folder.write('crm.csv', good)
    expect((await validate('--fix', 'mended.csv')).code).toBe(0)
    expect(text('mended.csv')).toBe(good)
  })

  it('mends NDJSON, whose other members stay as they are', async () => {
    folder.write(
      'crm.ndjson',
      `{"customer":"${id(1)}", "email": "a@example.com "  ,"metadata":{"a": 1}}\n{"customer":"${id(2)}"}\n`,
    )
    await folder.run(['validate', 'crm.ndjson', '--fix', 'mended.ndjson', '--max-errors', '100%'])
    expect(text('mended.ndjson')).toBe(
      `{"customer":"${id(1)}","email":"a@example.com","metadata":{"a": 1}}\n{"customer":"${id(2)}"}\n`,
    )
  })

  it('mends through a mapping, and holds to what its transforms take', async () => {
    folder.write(
      'map.yaml',
      'columns: { Born: { field: date_of_birth, transform: { date: D.M.YYYY } }, Mail: email }\n',
    )
    folder.write('crm.csv', `customer,Born,Mail\n${id(1)},1980-12-31,mailto:a@example.com\n`)
    await validate('--map', 'map.yaml', '--fix', 'mended.csv')
    expect(text('mended.csv')).toBe(`customer,Born,Mail\n${id(1)},1980-12-31,a@example.com\n`)
  })

  it('never writes over a file without --force, nor over the input', async () => {
    folder.write('crm.csv', `customer,email\n${id(1)}, a@example.com\n`)
    folder.write('mended.csv', 'precious')
    expect(await validate('--fix', 'mended.csv')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_FILE_EXISTS]'),
    })
    expect(text('mended.csv')).toBe('precious')
    expect(await validate('--fix', './crm.csv', '--force')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_FILE_EXISTS]'),
    })
    await validate('--fix', 'mended.csv', '--force')
    expect(text('mended.csv')).toBe(`customer,email\n${id(1)},a@example.com\n`)
  })

  it('mends far into a long file', async () => {
    const rows = Array.from(
      { length: 30_000 },
      (_, row) => `${id(row)},"p${row}@example.com${row % 1_000 === 7 ? ' ' : ''}",ñ`,
    )
    folder.write('crm.csv', `customer,email,name\n${rows.join('\n')}`)
    await validate('--fix', 'mended.csv')
    expect(text('mended.csv')).toBe(`customer,email,name\n${rows.join('\n').replaceAll(' "', '"')}`)
  })
})

describe('--expect-rows', () => {
  beforeEach(() =>
    folder.write(
      'crm.csv',
      `customer,name\n${Array.from({ length: 96 }, (_, row) => `${id(row)},x`).join('\n')}\n`,
    ),
  )

  it.each(['96', '100±5%', '100+-5%', '100+/-4%'])('%s takes 96 rows', async (expected) => {
    expect((await validate('--expect-rows', expected)).code).toBe(0)
  })

  it.each([
    ['97', '97 are expected'],
    ['95', '95 are expected'],
    ['100±3.9%', '97 to 103 are expected'],
  ])('%s does not, and nothing is sent', async (expected, message) => {
    const refused = {
      code: 3,
      stderr: expect.stringContaining(`the file has 96 rows, and ${message} [E_EXPECT_ROWS]`),
    }
    expect(await validate('--expect-rows', expected)).toMatchObject(refused)
    expect(
      await folder.run(['update', 'crm.csv', '--env', 'simulator', '--expect-rows', expected]),
    ).toMatchObject(refused)
  })

  it('is told where it is no number', async () => {
    expect(await validate('--expect-rows', 'many')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_OPTION_EXPECT_ROWS]'),
    })
  })
})
