import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

describe('validate', () => {
  let folder: Folder
  const validate = (...args: readonly string[]) => folder.run(['validate', ...args])
  beforeEach(() => {
    folder = freshFolder()
  })
  afterEach(() => folder.remove())

  it('lists every kind of defect with its first row, column and remedy, and the rows one by one', async () => {
    const bad = Array.from({ length: 25 }, (_, row) => `${id(row)},Jo,0151,`)
    folder.write(
      'crm.csv',
      `customer,Name,Phone Number,E-Mail\n${id(1)},,+14155550100,jo\n${bad.join('\n')}\n`,
    )
    const { code, stdout } = await validate('crm.csv', '--max-errors', '100%')
    expect(code).toBe(1)
    expect(stdout).toMatch(/^ +25 × E_PHONE phone_number: .*row 2, line 3, column 3 "Phone Number"/m)
    expect(stdout).toMatch(/^ +row 1, line 2, column 4 "E-Mail": E_EMAIL email: /m)
    expect(stdout).toContain('  row 20, line 21, column 3 "Phone Number": E_PHONE')
    expect(stdout).not.toContain('  row 21, line')
    expect(stdout).not.toContain('0151')
  })

  it('refuses a file of damaged texts as update does, and takes what is meant', async () => {
    const rows = Array.from({ length: 60 }, (_, row) => `${id(row)},JÃ¶rg ${row}`)
    folder.write('crm.csv', `customer,name\n${rows.join('\n')}\n`)
    const { code, stdout, stderr } = await validate('crm.csv')
    expect([code, stdout, stderr]).toEqual([
      3,
      expect.stringContaining('60 × W_ENCODING name'),
      expect.stringContaining('[E_DAMAGED_FILE]'),
    ])
    expect((await validate('crm.csv', '--accept-change', 'damage')).code).toBe(0)
    expect((await validate('crm.csv', '--accept-change', 'shoes')).code).toBe(2)
  })

  it('refuses a file whose last row is cut', async () => {
    const rows = Array.from({ length: 60 }, (_, row) => `${id(row)},Jo ${row},Berlin`)
    folder.write('crm.csv', `customer,name,metadata.city\n${rows.join('\n')}\n${id(60)},Jo`)
    const { code, stderr } = await validate('crm.csv', '--max-errors', '100%')
    expect([code, stderr]).toEqual([3, expect.stringContaining('[E_DAMAGED_FILE]')])
  })

  it('names the key of an NDJSON row', async () => {
    folder.write(
      'crm.ndjson',
      `{"customer":"${id(1)}","phoneNumber":"1"}\n{"customer":"x"}\n{"customer":"${id(2)}","shoe":1}\n`,
    )
    const { stdout } = await validate('crm.ndjson')
    expect(stdout).toContain('  row 1, line 1, key "phoneNumber": E_PHONE phone_number: ')
    expect(stdout).toContain('  row 2, line 2, key "customer": E_ID customer: ')
    expect(stdout).toContain('  row 3, line 3, key "shoe": E_UNKNOWN_FIELD shoe: ')
  })

  it('cannot be made to write control characters by the name of a column', async () => {
    folder.write('crm.csv', `customer,"E\u001b[31mMail\u0007"\n${id(1)},jo\n`)
    folder.write('map.yaml', 'columns: { "E\\e[31mMail\\a": email }\n')
    const { stdout } = await validate('crm.csv', '--map', 'map.yaml')
    expect(stdout).toContain(String.raw`column 2 "E\x1b[31mMail\x07"`)
    expect(stdout).not.toContain('\u001b')
  })

  it('prints one JSON object with findings, customers and the first hundred invalid rows', async () => {
    const bad = Array.from({ length: 120 }, (_, row) => `${id(row)},0151`)
    folder.write('crm.csv', `customer,Phone\u00a0Number\n${id(5)},+14155550100\n${bad.join('\n')}\n`)
    const { code, stdout } = await validate('crm.csv', '--json', '--max-errors', '200')
    expect(code).toBe(1)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      rows: 121,
      calls: 1,
      customers: 120,
      repeatedCustomers: 1,
      duplicateRows: 1,
      refused: null,
      findings: [
        { code: 'E_PHONE', rows: 120, firstRow: 2, column: { number: 2, name: 'Phone\u00a0Number' } },
      ],
      warnings: [],
    })
    expect(result.invalid_rows).toHaveLength(100)
    expect(result.invalid_rows[0]).toEqual({
      row: 2,
      line: 3,
      column: { number: 2, name: 'Phone\u00a0Number' },
      code: 'E_PHONE',
      field: 'phone_number',
    })
  })

  describe('warns', () => {
    beforeEach(() =>
      folder.write('crm.csv', `Customer ID,name,email\n${id(1)},Jo,\ncus_ABC,,\ncus_DEF,Al,a@example.com\n`),
    )

    it('of what Rapyd does not document, and changes no exit code with it', async () => {
      const { code, stdout } = await validate('crm.csv', '--max-clears', '100%')
      expect(code).toBe(0)
      expect(stdout).toMatch(/^ +2 × W_UNUSUAL_ID customer: .*row 2, line 3, column 1 "Customer ID"/m)
      expect(stdout).toMatch(/^ +1 × W_DOUBTFUL_CLEAR name: .*row 2, line 3, column 2 "name"/m)
      expect(stdout).not.toContain('CLEAR email')
      const json = JSON.parse((await validate('crm.csv', '--max-clears', '100%', '--json')).stdout)
      expect(json.warnings).toEqual([
        expect.objectContaining({ code: 'W_UNUSUAL_ID', rows: 2, firstRow: 2, tip: expect.any(String) }),
        expect.objectContaining({ code: 'W_DOUBTFUL_CLEAR', field: 'name', rows: 1 }),
      ])
    })

    it('and refuses the file with --strict, for update too', async () => {
      for (const args of [
        ['validate', 'crm.csv'],
        ['update', 'crm.csv', '--env', 'simulator'],
      ]) {
        const finished = await folder.run([...args, '--strict', '--max-clears', '100%'])
        expect(finished).toMatchObject({
          code: 3,
          stderr: expect.stringMatching(/W_UNUSUAL_ID customer.*row 2, line 3.*\[E_STRICT\]/),
        })
      }
      const without = await folder.run(['update', 'crm.csv', '--env', 'simulator', '--max-clears', '100%'])
      expect(without.code).toBe(0)
    })
  })
})
