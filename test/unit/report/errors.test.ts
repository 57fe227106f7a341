import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import * as fc from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import { errorColumns, errorLine, errorsHeader, type ErrorsFormat } from '../../../src/report/errors.ts'
import { withFile } from '../../support/errors-file.ts'
import { outcomeOf } from './outcome.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const ours = errorColumns.join(',')
const errorsOf = (name: string, text: string) => withFile(name, text, (file) => file.errors())
const briefsOf = (name: string, text: string) => withFile(name, text, (file) => file.briefs())
const csv = (header: string): ErrorsFormat => ({
  format: 'csv',
  header: header.split(','),
  above: '',
  headerText: header,
  dialect: { delimiter: ',' },
  lineEnd: '\n',
})

/** What rows ask for: their patches, or that they are invalid. */
const askedOf = async (text: string) =>
  (await briefsOf('crm.csv', text)).map(([what, patch]) => (what === 'invalid' ? what : patch))
const keptOf = (text: string) => parse(text).map((record: string[]) => record.slice(0, -errorColumns.length))
const blanks = (count: number): string[] => Array.from({ length: count }, () => '')
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
/** Each line up to our members. */
const members = (text: string) =>
  text.split('\n').map((line) => line.slice(0, line.lastIndexOf('"rapyd_bulk_row"')))

describe('errors.csv', () => {
  it('keeps header, cells and line ends byte for byte and adds our columns at the end', async () => {
    const text = `\ufeffCustomer ,"E-Mail",name\r\n${id(1)},nobody,"Jo, ""x""\r\ny"\r\n`
    const errors = await errorsOf('crm.csv', text)
    expect(errors).toBe(
      `\ufeffCustomer ,"E-Mail",name,${ours}\r\n` +
        `${id(1)},nobody,"Jo, ""x""\r\ny",1,invalid,E_EMAIL,email,not a valid e-mail address of at most 512 characters (2 lines: 2 to 3),` +
        '"Write an e-mail address such as name@example.com, at most 512 characters."\r\n',
    )
  })

  it.each([
    ['short', `${id(1)},Jo`],
    ['an id alone, whose blanks would clear everything', id(1)],
    ['long', `${id(1)},Jo,"a ""b""",x,y`],
    ['of contradicting quotes, which could swallow the next', `${id(1)},a"b,c`],
  ])('keeps a row that is %s as one cell, and the row as wide as the header', async (_what, row) => {
    const errors = await errorsOf('crm.csv', `customer,name,email\n${row}\n${id(2)},Jo,\n`)
    const raw = row.replaceAll('"', '""')
    expect(errors).toContain(`\n"rapyd_bulk_raw: ${raw}",,,1,invalid,E_`)
    expect(await briefsOf('crm.csv', errors)).toEqual([
      ['invalid', 'E_RAW_ROW'],
      [id(2), { name: 'Jo', email: '' }],
    ])
  })

  it('sends nothing of such rows after a spreadsheet, and puts nothing of ours under the user’s columns', async () => {
    const rows = [
      id(1),
      `${id(2)},Jo`,
      `${id(3)},a,b,c,d,e,f,g,h,i,j,k,l`,
      `${id(4)},a"b,c`,
      'x',
      `"${id(5)}"`,
    ]
    for (const header of ['customer,name,description', 'name,description,customer']) {
      const errors = await errorsOf('crm.csv', `${header}\n${rows.join('\n')}\n`)
      const records: string[][] = parse(errors, { relax_column_count: true })
      const widest = Math.max(...records.map((record) => record.length))
      const padded = records.map((record) => record.concat(blanks(widest - record.length)))
      for (const [first = '', ...others] of padded.slice(1)) {
        expect(first).toMatch(/^rapyd_bulk_raw: /)
        expect(others.slice(0, 2)).toEqual(['', ''])
      }
      for (const text of [errors, stringify(padded, { record_delimiter: 'windows' })]) {
        const kinds = (await briefsOf('crm.csv', text)).map(([kind]) => kind)
        expect(kinds).toEqual(rows.map(() => 'invalid'))
      }
    }
  })

  it('refuses such a row by its id as well, if only the mark was removed', async () => {
    const errors = await errorsOf('crm.csv', `customer,name,email\n${id(1)},Jo\n`)
    expect(await briefsOf('crm.csv', errors.replace('rapyd_bulk_raw: ', ''))).toEqual([['invalid', 'E_ID']])
  })

  it('follows the delimiter of the input and quotes what holds it', () => {
    const format: ErrorsFormat = {
      format: 'csv',
      header: ['id'],
      above: '',
      headerText: 'id',
      dialect: { delimiter: ';' },
      lineEnd: '\n',
    }
    const message = 'one; two'
    const line = errorLine(id(1), outcomeOf({ outcome: 'rejected', errorCode: 'E_API', message }), format)
    expect(errorsHeader(format)).toBe(`id;${errorColumns.join(';')}\n`)
    expect(line).toBe(
      `${id(1)};1;rejected;E_API;;"one; two";Correct the field that the error names and send the row again.\n`,
    )
  })

  it('disarms a field name that a spreadsheet would run', () => {
    const outcome = outcomeOf({ outcome: 'invalid', errorCode: 'E_UNKNOWN_FIELD', errorField: '=1+1' })
    expect(errorLine('x', outcome, csv('id'))).toContain(`,E_UNKNOWN_FIELD,'=1+1,`)
  })

  it('gives the fixed rows when it is fixed and sent again', async () => {
    const input = [
      'customer,name,phone_number',
      `${id(1)},"Jo, ""x""",3.5E+11`,
      `nobody,"two\nlines",+14155550100`,
      `${id(3)},short`,
      `${id(4)},a"b,+14155550100`,
    ].join('\n')
    const errors = await errorsOf('crm.csv', input)
    const mended = errors
      .replace('3.5E+11', '+353871000000')
      .replace('nobody', id(2))
      .replace(`"rapyd_bulk_raw: ${id(3)},short",,`, `${id(3)},long,`)
      .replace(`"rapyd_bulk_raw: ${id(4)},a""b,+14155550100",,`, `${id(4)},"a""b",+14155550100`)
    expect(await briefsOf('errors.csv', mended)).toEqual([
      [id(1), { name: 'Jo, "x"', phone_number: '+353871000000' }],
      [id(2), { name: 'two\nlines', phone_number: '+14155550100' }],
      [id(3), { name: 'long', phone_number: '' }],
      [id(4), { name: 'a"b', phone_number: '+14155550100' }],
    ])
  })

  it('replaces the columns of an earlier errors file, of several too', () => {
    const header = `customer,name,${ours},"rapyd_bulk_row", Rapyd_Bulk_Outcome,${ours.split(',').slice(2).join(',')}`
    const format = { ...csv(header), header: ['customer', 'name', ...errorColumns, ...errorColumns] }
    expect(errorsHeader(format)).toBe(`customer,name,${ours}\n`)
    const old = '7,invalid,E_ID,customer,"not, an id",tip'
    const line = errorLine(
      `${id(1)},"Jo, x",${old},9,rejected,,,,`,
      outcomeOf({ row: 3, message: 'new' }),
      format,
    )
    expect(line).toBe(`${id(1)},"Jo, x",3,updated,,,new,\n`)
  })

  it('keeps our columns if they are not the last ones', () => {
    const header = `customer,${ours},name`
    expect(errorsHeader(csv(header))).toBe(`${header},${ours}\n`)
  })

  it('takes no cell of the user’s from a row of another width', () => {
    const format = csv(`customer,a,b,c,d,e,f,${ours}`)
    const outcome = outcomeOf({ outcome: 'invalid', errorCode: 'E_COLUMNS' })
    // Somebody has removed our cells from the first; the second still has them.
    expect(errorLine('cus_1,a,b,c,d,e,f', outcome, format)).toMatch(
      /^"rapyd_bulk_raw: cus_1,a,b,c,d,e,f",{7}1,invalid,E_COLUMNS,/,
    )
    expect(errorLine('cus_1,a,7,invalid,E_COLUMNS,,x,y', outcome, format)).toMatch(
      /^"rapyd_bulk_raw: cus_1,a",{7}1,invalid,E_COLUMNS,/,
    )
  })

  it('cuts old cells off a row whose quotes contradict each other before them', () => {
    const outcome = outcomeOf({ outcome: 'invalid', errorCode: 'E_QUOTE' })
    const raw = 'cus_1,a"b,7,invalid,E_QUOTE,,"a, b",tip'
    expect(errorLine(raw, outcome, csv(`customer,name,${ours}`))).toMatch(
      /^"rapyd_bulk_raw: cus_1,a""b",,1,invalid,E_QUOTE,/,
    )
  })

  it('asks for the same calls and comes out the same when it is fed back, whatever the cells hold', async () => {
    const unit = fc.constantFrom('a', 'é', '"', ',', '\n', ' ', '\r\n', '東', '1')
    const cell = fc.string({ unit, maxLength: 5 })
    const row = fc
      .tuple(fc.constantFrom(id(1), 'nobody'), cell, cell, fc.boolean())
      .map(([customer, name, description, short]) =>
        [customer, quoted(name), ...(short ? [] : [quoted(description)])].join(','),
      )
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 6 }), async (rows) => {
        const input = `customer,name,description\n${rows.join('\n')}\n`
        const errors = await errorsOf('crm.csv', input)
        expect(await askedOf(errors)).toEqual(await askedOf(input))
        const again = await errorsOf('crm.csv', errors)
        // A short row is told another reason when it comes back, and the same ever after.
        const [before, after] = [errors, again].map((text) => keptOf(text))
        expect(after).toEqual(before)
        expect(await errorsOf('crm.csv', again)).toBe(again)
      }),
      { numRuns: 150 },
    )
  })
})

describe('errors.ndjson', () => {
  it('keeps the members as they are written and the line end of the input', async () => {
    const text = `{"customer" : "${id(1)}", "email":"no\\u0062ody", "metadata":{"a":[1,{"b":"},{"}]} }\r\n`
    const errors = await errorsOf('crm.ndjson', text)
    expect(
      errors.startsWith(`{"customer" : "${id(1)}","email":"no\\u0062ody","metadata":{"a":[1,{"b":"},{"}]},`),
    ).toBe(true)
    expect(errors.endsWith('}\r\n')).toBe(true)
    expect(JSON.parse(errors)).toMatchObject({ rapyd_bulk_row: 1, rapyd_bulk_error_code: 'E_EMAIL' })
  })

  it.each(['{"customer":"x"', '[1]', 'null', '"x"', 'x'])(
    'keeps a line that is no object as text: %s',
    async (line) => {
      const errors = await errorsOf('crm.ndjson', `{"customer":"${id(1)}"}\n${line}\n`)
      const [, second = ''] = errors.split('\n')
      expect(JSON.parse(second)).toMatchObject({ rapyd_bulk_raw: line, rapyd_bulk_row: 2 })
      // Fed back unmended it is refused again, and the text is still there.
      expect((await briefsOf('errors.ndjson', errors))[1]).toEqual(['invalid', 'E_ID'])
      expect(await errorsOf('errors.ndjson', errors)).toContain(JSON.stringify(line))
    },
  )

  it('gives the fixed rows when it is fixed and sent again', async () => {
    const errors = await errorsOf(
      'crm.ndjson',
      `{"customer":"${id(1)}","metadata":{"a":1.50}}\n{"customer":"${id(2)}","name":"Jo","name":"Jane"}\n{}\n`,
    )
    const mended = errors
      .replace('1.50', '1.5')
      .replace('"name":"Jo",', '')
      .replace('{"rapyd', `{"customer":"${id(3)}","name":null,"rapyd`)
    expect(await briefsOf('errors.ndjson', mended)).toEqual([
      [id(1), { metadata: { a: 1.5 } }],
      [id(2), { name: 'Jane' }],
      [id(3), { name: '' }],
    ])
  })

  it('replaces our keys in any place and writes each once', async () => {
    const text = `{"rapyd_bulk_tip":"old","customer":"nobody","rapyd_bulk_row":7,"name":"rapyd_bulk_row"}\n`
    const errors = await errorsOf('crm.ndjson', text)
    expect(errors.match(/"rapyd_bulk_row":/g)).toHaveLength(1)
    expect(errors.startsWith('{"customer":"nobody","name":"rapyd_bulk_row","rapyd_bulk_row":1,')).toBe(true)
  })

  it('asks for the same calls and comes out the same when it is fed back, whatever it holds', async () => {
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('"', '\\', '{', '}', ',', '\\"'))
    const metadata = fc.dictionary(
      fc.string({ unit: 'grapheme', minLength: 1 }),
      fc.array(value, { maxLength: 3 }),
    )
    const line = fc.oneof(
      fc
        .record({ customer: fc.constantFrom(id(1), 'nobody'), name: value, metadata })
        .map((o) => JSON.stringify(o)),
      fc.constantFrom('{', '[]', '{"customer":1,"customer":2}', '{}', '{ "name" : 1.50 , "x":[ ] }'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
        const input = `{"customer":"${id(9)}"}\n${lines.join('\n')}\n`
        const errors = await errorsOf('crm.ndjson', input)
        const again = await errorsOf('crm.ndjson', errors)
        expect(members(again)).toEqual(members(errors))
        const [before, after] = [await briefsOf('crm.ndjson', input), await briefsOf('crm.ndjson', errors)]
        expect(after.map(([what, patch]) => (what === 'invalid' ? what : patch))).toEqual(
          before.map(([what, patch]) => (what === 'invalid' ? what : patch)),
        )
      }),
      { numRuns: 150 },
    )
  })
})
