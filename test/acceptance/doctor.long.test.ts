/** Files with planted defects: each is found at its row, line and column, and a good file has no findings. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`

interface Found {
  readonly code: string
  readonly field: string
  readonly message: string
  readonly rows: number
  readonly firstRow: number
  readonly firstLine: number
  readonly column?: { readonly name: string; readonly number?: number }
  readonly example?: string
  readonly tip: string
  readonly places: readonly unknown[]
}

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

const header =
  'customer,name,email,phone_number,description,business_vat_id,metadata.tier,addresses[0].line_1,addresses[0].zip,addresses[0].country,date_of_birth,nationality'
const good = (number: number): string[] => [
  id(number),
  ['Zoë García', 'Jürgen Groß', 'Søren Ågård', 'Ana Conceição', '李雷'][number % 5] ?? '',
  `person${number}@example.com`,
  `+49151${10_000_000 + number}`,
  ['Key account, since 2019', 'none of our concern', 'Â la carte', '1-Mar delivery', ''][number % 5] ?? '',
  `DE${100_000_000 + number}`,
  ['gold', 'none', 'Mar-24', '-', 'n/a.'][number % 5] ?? '',
  `${number} Main Street`,
  String(10_000 + number),
  'DE',
  `${String((number % 28) + 1).padStart(2, '0')}/0${(number % 9) + 1}/1980`,
  'FR',
]

/** A cell of the template by its column's name. */
function withCell(row: readonly string[], column: string, cell: string): string[] {
  const at = header.split(',').indexOf(column)
  return row.map((other, index) => (index === at ? cell : other))
}

const line = (cells: readonly string[]): string =>
  cells.map((cell) => (/[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',')

async function examine(lines: readonly string[], ...args: readonly string[]) {
  folder.write('crm.csv', `${lines.join('\n')}\n`)
  const { code, stdout, stderr } = await folder.run([
    'validate',
    'crm.csv',
    '--json',
    '--max-errors',
    '100%',
    '--max-clears',
    '100%',
    ...args,
  ])
  expect(stdout, stderr).not.toBe('')
  const result: {
    readonly findings: readonly Found[]
    readonly warnings: readonly Found[]
    readonly columns: unknown
  } = JSON.parse(stdout)
  return { code, stdout, ...result }
}

describe('a good file', () => {
  it('has no findings and no warnings, whatever names and free texts it holds', async () => {
    const rows = Array.from({ length: 200 }, (_, number) => line(good(number + 1)))
    const { code, findings, warnings } = await examine([header, ...rows])
    expect({ code, findings, warnings }).toEqual({ code: 0, findings: [], warnings: [] })
  })

  it('in NDJSON neither', async () => {
    const rows = Array.from({ length: 50 }, (_, number) =>
      JSON.stringify({
        customer: id(number),
        name: 'Zoë',
        email: `a${number}@example.com`,
        metadata: { tier: 'none', month: 'Mar-24' },
      }),
    )
    folder.write('crm.ndjson', `${rows.join('\n')}\n`)
    const { stdout } = await folder.run(['validate', 'crm.ndjson', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ findings: [], warnings: [], invalid: 0 })
  })
})

const planted: readonly (readonly [
  column: string,
  cell: string,
  code: string,
  example: string | undefined,
])[] = [
  ['phone_number', '4.91512E+11', 'E_PHONE', '9.99999E+99'],
  ['phone_number', '3,53871E+11', 'E_PHONE', '9,99999E+99'],
  ['phone_number', '4915112345678', 'E_PHONE', '9999999999999'],
  ['phone_number', '0049151123456', 'E_PHONE', '0099999999999'],
  ['phone_number', '+49 (151) 123-456', 'E_PHONE', '+99 (999) 999-999'],
  ['phone_number', '0151', 'E_PHONE', '0999'],
  ['email', 'jo@', 'E_EMAIL', 'aa@'],
  ['email', '#REF!', 'E_SUSPECT_BLANK', '#REF!'],
  ['name', 'NULL', 'E_SUSPECT_BLANK', 'NULL'],
  ['metadata.tier', '#N/A', 'E_SUSPECT_BLANK', '#N/A'],
  ['customer', '', 'E_ID', undefined],
  ['customer', ` ${id(9)}`, 'E_ID', ` cus_${'0'.repeat(16)}${'9'.repeat(16)}`],
  ['customer', '1-Mar', 'E_ID', '9-Aaa'],
  ['customer', '01/03/2026', 'E_ID', '09/99/9999'],
  ['customer', '4.91512E+11', 'E_ID', '9.99999E+99'],
  ['customer', 'ewallet_12ab', 'E_ID', 'ewallet_99aa'],
  ['date_of_birth', '44927', 'E_DATE', '99999'],
  ['date_of_birth', '31/02/1980', 'E_DATE', '99/99/9999'],
  ['nationality', 'Germany', 'E_COUNTRY', 'Aaaaaaa'],
  ['description', '4.9E+11', 'W_SHORTENED_NUMBER', '9.9E+99'],
  ['business_vat_id', '1-Mar', 'W_SPREADSHEET_DATE', '9-Aaa'],
  ['description', 'Zo\u00c3\u00ab', 'W_ENCODING', 'AaA«'],
  ['name', 'Zo\ufffd', 'W_ENCODING', 'Aa\ufffd'],
  ['name', 'tbd', 'W_PLACEHOLDER', 'aaa'],
  ['addresses[0].zip', '1067', 'W_LOST_ZERO', '9999'],
  ['addresses[0].zip', '601', 'W_LOST_ZERO', '999'],
  ['date_of_birth', '01/01/2099', 'W_UNLIKELY_DATE', '09/99/9999'],
  ['customer', 'cus_ABC', 'W_UNUSUAL_ID', 'cus_AAA'],
  ['email', 'person3@example.com', 'W_SHARED_EMAIL', 'aaaaaa9@aaaaaaa.aaa'],
]

describe('a planted defect', () => {
  it.each(planted)('in %s, %j, is %s', async (column, cell, code, example) => {
    const rows = Array.from({ length: 30 }, (_, number) => good(number + 1))
    rows[4] = withCell(rows[4] ?? [], 'description', 'two\nlines')
    rows[19] = withCell(rows[19] ?? [], column, cell)
    const result = await examine([header, ...rows.map(line)])
    const found = [...result.findings, ...result.warnings]
    expect(found).toEqual([
      {
        code,
        field: expect.any(String),
        message: expect.any(String),
        tip: expect.stringMatching(/\.$/),
        rows: 1,
        firstRow: 20,
        firstLine: 22,
        column: { name: column, number: header.split(',').indexOf(column) + 1 },
        places: [{ row: 20, line: 22 }],
        ...(example === undefined ? {} : { example }),
      },
    ])
    expect(result.code).toBe(code.startsWith('E_') ? 1 : 0)
  })

  it('is told beside the others of its row, each in its column', async () => {
    const bad = withCell(withCell(good(2), 'email', 'jo@'), 'phone_number', '0151')
    const { findings } = await examine([header, line(good(1)), line(bad)])
    expect(findings.map(({ code, column }) => [code, column?.name])).toEqual([
      ['E_EMAIL', 'email'],
      ['E_PHONE', 'phone_number'],
    ])
  })

  it('of row 73,421 is named with its row, line and column', async () => {
    const rows = Array.from({ length: 80_000 }, (_, number) => `${id(number)},p${number}@example.com`)
    rows[73_420] = `${id(73_420)},nobody`
    const { findings } = await examine(['customer,email', ...rows])
    expect(findings).toMatchObject([
      { code: 'E_EMAIL', rows: 1, firstRow: 73_421, firstLine: 73_422, column: { number: 2, name: 'email' } },
    ])
  })
})

describe('rows and columns', () => {
  it('that are shifted are told as such', async () => {
    const [customer = '', , ...rest] = good(7)
    const left = [customer, ...rest, '']
    const right = [customer, 'x', ...good(8).slice(1, -1)]
    const { warnings } = await examine([header, line(good(1)), line(left), line(right)])
    const ofRows = warnings.filter(({ code, field }) => code === 'W_SHIFTED' && field === '')
    expect(ofRows).toMatchObject([
      { code: 'W_SHIFTED', firstRow: 2, firstLine: 3 },
      { code: 'W_SHIFTED', firstRow: 3, firstLine: 4 },
    ])
  })

  it('with the month first make the other dates of their column doubtful', async () => {
    const dates = ['02/03/1980', '25/12/1980', '12/25/1980', '04/05/1981', '06/06/1980']
    const rows = dates.map((date, index) => line(withCell(good(index + 1), 'date_of_birth', date)))
    const { warnings } = await examine([header, ...rows])
    expect(warnings).toMatchObject([
      {
        code: 'W_DATE_ORDER',
        rows: 2,
        firstRow: 1,
        column: { name: 'date_of_birth', number: 11 },
        places: [
          { row: 1, line: 2 },
          { row: 4, line: 5 },
        ],
      },
    ])
  })

  it('whose names only look like others are told, and a field that only looks like one is no field', async () => {
    const { warnings } = await examine(['customer,metadata.tier,metadata.Tier', `${id(1)},a,b`])
    expect(warnings.map(({ code, column }) => [code, column])).toEqual([
      ['W_HEADER_LOOKALIKE', { name: 'metadata.Tier', number: 3 }],
    ])
    for (const [name, point] of [
      ['\u0435mail', 'U\\+0435'],
      ['metadata.pl\u200ban', 'U\\+200B'],
    ] as const) {
      folder.write('crm.csv', `customer,${name}\n${id(1)},a@example.com\n`)
      expect(await folder.run(['validate', 'crm.csv'])).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(new RegExp(`${point}.*\\[E_HEADER_UNKNOWN_COLUMN\\]`)),
      })
    }
  })

  it('are counted: filled, blank and what blanks do, distinct up to a thousand, longest', async () => {
    const rows = Array.from(
      { length: 1_500 },
      (_, row) => `${id(row)},${row % 3 === 0 ? '' : 'é'.repeat(row % 7)}x,${row},`,
    )
    const { columns } = await examine(['customer,name,metadata.a,email', ...rows], '--blank', 'keep')
    expect(columns).toEqual([
      {
        name: 'customer',
        number: 1,
        fields: ['customer'],
        blanks: 'are refused',
        filled: 1500,
        blank: 0,
        distinct: { count: 1000, more: true },
        longest: 36,
      },
      {
        name: 'name',
        number: 2,
        fields: ['name'],
        blanks: 'change nothing',
        filled: 1500,
        blank: 0,
        distinct: { count: 7, more: false },
        longest: 7,
      },
      {
        name: 'metadata.a',
        number: 3,
        fields: ['metadata.a'],
        blanks: 'change nothing',
        filled: 1500,
        blank: 0,
        distinct: { count: 1000, more: true },
        longest: 4,
      },
      {
        name: 'email',
        number: 4,
        fields: ['email'],
        blanks: 'change nothing',
        filled: 0,
        blank: 1500,
        distinct: { count: 0, more: false },
        longest: 0,
      },
    ])
  })
})

describe('many kinds of defects', () => {
  it('are listed to fifty in the text, and JSON that is broken here and there is one kind', async () => {
    const keys = Array.from({ length: 60 }, (_, row) => `{"customer":"${id(row)}","key_${row}":1}`)
    const broken = Array.from({ length: 9 }, (_, row) => `{"customer":${' '.repeat(row)}`)
    folder.write('crm.ndjson', `${[...keys, ...broken].join('\n')}\n`)
    const { stdout } = await folder.run(['validate', 'crm.ndjson', '--max-errors', '100%'])
    expect(stdout.match(/ × E_/g)).toHaveLength(50)
    expect(stdout).toMatch(/ 9 × E_JSON\b/)
    expect(stdout).toContain(' 11 more ')
  })
})
