import * as fc from '../../support/properties.ts'
import { describe, expect, it } from 'vitest'
import { findDelimiter } from '../../../src/input/header.ts'

const find = (text: string, promised?: '\t') => findDelimiter(text, '\n', promised, 'crm.csv')
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

describe('the delimiter', () => {
  it.each([',', ';', '\t', '|'])('is %j where it cuts the header and the records', async (character) => {
    expect(
      await find(['customer,name,email', 'cus_1,Ana,a@x', 'cus_2,,'].join('\n').replaceAll(',', character)),
    ).toBe(character)
  })

  it.each([
    ['of one column', 'customer\ncus_1\ncus_2\n', ','],
    ['of one column with commas in its cells', 'customer\n"a,b"\n"c,d"\n', ','],
    ['with a header alone', 'customer;name', ';'],
    ['with a header and a last line without an end', 'customer;name\ncus_1;Ana', ';'],
    ['with commas in cells', 'customer;name\ncus_1;Doe, Ana\ncus_2;Roe, Jo\n', ';'],
    ['with decimal commas', 'customer;metadata.a;metadata.b\n1;1,5;2,5\n2;1,0;3,5\n', ';'],
    ['with a comma in one name of its header', 'customer;name, first\ncus_1;Ana\ncus_2;Jo\n', ';'],
    ['with other delimiters in quotes', '"customer;a";"na,me"\n"1,2;3";x\n', ';'],
    ['with line breaks in quotes', '"customer","a;\nb","c;d"\n1,"x;\ny",2\n', ','],
    ['whose records are mostly of another width', 'customer,name\n1\n2\n3,4,5\n', ','],
    ['whose records are mostly broken', 'customer,name;first\n1,a\n2\n3\n4\n5,a\n', ','],
    ['with blank lines', '\n\ncustomer|name\n\n1|2\n', '|'],
    ['with pipes in its cells', 'customer,tags\n1,a|b\n2,c|d\n', ','],
    ['whose quote is never closed', 'customer;name\n1;"Ana\n2;Jo\n', ';'],
  ])('is found in a file %s', async (_what, text, delimiter) => {
    expect(await find(text)).toBe(delimiter)
  })

  it.each([
    ['both cut all records alike', 'customer;name, first\n1;Doe, Ana\n2;Roe, Jo\n', ['","', '";"']],
    ['a header alone has both', 'customer;first, last\n', ['","', '";"']],
    ['neither cuts the records as the header', 'a,b;c\n1\n2;3;4\n', ['","', '";"']],
    ['pipes do too', 'a,b|c\n1,2|3\n', ['","', '"|"']],
  ])('is asked for where %s', async (_what, text, named) => {
    await expect(find(text)).rejects.toMatchObject({
      kind: 'INPUT',
      code: 'E_DELIMITER',
      remedy: `Say which is meant: ${named.map((one) => `--delimiter ${one}`).join(' or ')}. Nothing was sent.`,
    })
  })

  it('is a tab in doubt where the name says so, and where there is one column', async () => {
    expect(await find('a\tb, c\n1\t2, 3\n', '\t')).toBe('\t')
    expect(await find('customer\ncus_1\n', '\t')).toBe('\t')
    expect(await find('a,b\n1,2\n', '\t')).toBe(',')
  })

  it('is looked for at the beginning of a long file', async () => {
    const long = `customer;name\n${'cus_1;Ana\n'.repeat(20_000)}`
    expect(await find(`${long}${'a,b,c\n'.repeat(20_000)}`)).toBe(';')
    expect(await find(long.slice(0, 70_000))).toBe(';')
  })

  it('is found whatever the cells hold, as long as writers quote', async () => {
    const cell = fc.string({
      unit: fc.constantFrom('a', ' ', ',', ';', '\t', '|', '"', '\n', 'é'),
      maxLength: 6,
    })
    const tables = fc
      .integer({ min: 2, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 6 }))
    await fc.assert(
      fc.asyncProperty(tables, fc.constantFrom(',', ';', '\t', '|'), async (records, delimiter) => {
        const width = records[0]?.length ?? 2
        const header = Array.from({ length: width }, (_, at) => `column ${at}`).join(delimiter)
        const text = [header, ...records.map((cells) => cells.map(quoted).join(delimiter))].join('\n')
        expect(await find(text)).toBe(delimiter)
      }),
    )
  })
})
