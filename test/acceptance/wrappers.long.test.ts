/** What exports write around texts or into them: HTML, guards against formulas, and decimal numbers for codes. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { bulkUpdate, createSimulator } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const csv = (header: string, rows: readonly (readonly string[])[]) =>
  `${header}\n${rows.map((cells) => `${cells.map(quoted).join(',')}\n`).join('')}`

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
  readonly rows: number
  readonly example?: string
}

const listed = (kinds: readonly Found[]) =>
  kinds.map(({ code, field, rows }) => `${rows} ${code} ${field}`).toSorted()

async function examine(name: string, text: string, ...args: readonly string[]) {
  folder.write(name, text)
  const fix = ['--fix', `fixed-${name}`, '--force']
  const { stdout, stderr } = await folder.run([
    'validate',
    name,
    '--json',
    '--max-errors',
    '100%',
    ...fix,
    ...args,
  ])
  expect(stdout, stderr).not.toBe('')
  const result: { readonly findings: readonly Found[]; readonly warnings: readonly Found[] } =
    JSON.parse(stdout)
  return { ...result, fixed: readFileSync(join(folder.path, `fixed-${name}`), 'utf8') }
}

/** Sends a file, and returns the bodies that went out. */
async function send(input: string, map: string): Promise<readonly string[]> {
  const simulator = await createSimulator({ windows: [] })
  const { accessKey, secretKey, url: baseUrl } = simulator
  const [runsDir, stateDir] = [join(folder.path, 'runs'), join(folder.path, '.state')]
  const paths = { input: join(folder.path, input), map: join(folder.path, map), runsDir, stateDir }
  await bulkUpdate({ accessKey, secretKey, baseUrl, rate: 'none', concurrency: 1, ...paths })
  await simulator.close()
  return simulator.calls.filter(({ method }) => method === 'POST').map(({ body }) => body)
}

describe('HTML', () => {
  const header = 'customer,name,description,addresses[0].name,addresses[0].line_1,metadata.note'

  it('is a warning for each column with count and example, and --fix decodes it', async () => {
    const rows = [
      [
        id(1),
        'O&#039;Brien &amp; Sons',
        '&lt;b&gt;VIP&lt;/b&gt;',
        'A',
        'Haupt&shy;stra&szlig;e',
        'caf&eacute;',
      ],
      [id(2), 'G&ouml;kt&uuml;rk', 'a&amp;#39;b', 'A', 'High St 1<br>Leeds', 'x<br />y'],
      [id(3), 'R&D Ltd', 'a < b <3', 'A', "'s-Gravenweg 1", '<a href="https://example.com">shop</a>'],
      [id(4), 'AT&T', 'Q&A;B', 'A', 'Main St', 'Ann <ann@example.com>'],
    ]
    const { warnings, fixed } = await examine('crm.csv', csv(header, rows))
    expect(listed(warnings)).toEqual([
      '1 W_HTML addresses[0].line_1',
      '1 W_HTML addresses[0].line_1',
      '1 W_HTML metadata.note',
      '2 W_HTML description',
      '2 W_HTML metadata.note',
      '2 W_HTML name',
    ])
    expect(warnings[0]).toMatchObject({
      message: 'HTML entities (&amp; for &)',
      tip: expect.stringContaining('transform: html'),
      example: 'A&#999;Aaaaa &aaa; Aaaa',
    })
    // A link would lose its address, and a line of an address has no second line.
    expect(fixed).toBe(
      csv(header, [
        [id(1), "O'Brien & Sons", 'VIP', 'A', 'Haupt\u00adstraße', 'café'],
        [id(2), 'Göktürk', "a'b", 'A', 'High St 1<br>Leeds', 'x\ny'],
        ...rows.slice(2),
      ]),
    )
  })

  it('is decoded by transform: html, after which nothing is left to warn of', async () => {
    folder.write(
      'map.yaml',
      'columns: { Who: { field: name, transform: html }, Note: { field: metadata.note, transform: [html, trim] } }\n',
    )
    const text = csv('customer,Who,Note', [[id(1), 'Ann &amp; Bob', '<p>One</p><p>Two</p>&nbsp;']])
    expect((await examine('crm.csv', text, '--map', 'map.yaml')).warnings).toEqual([])
    expect(await send('crm.csv', 'map.yaml')).toEqual([
      '{"name":"Ann & Bob","metadata":{"note":"One\\nTwo"}}',
    ])
  })

  it('alone is no value', async () => {
    const { findings } = await examine(
      'crm.csv',
      csv(
        'customer,name',
        ['&nbsp;', '<br>', '<p>&nbsp;</p>', '&lt;br&gt;', '=""', "'"].map((cell, row) => [id(row), cell]),
      ),
    )
    expect(listed(findings)).toEqual(['6 E_SUSPECT_BLANK name'])
  })
})

it('a guard against formulas, and a formula, are warnings, and only the guard has a fix', async () => {
  const header = 'customer,name,description,business_vat_id,metadata.crm_id'
  const rows = [
    [id(1), "'=Ann", "'@ann", "'DE123456789", '="00471"'],
    [id(2), "'t Hooft", '- calls often', '"DE987654321"', "'00472"],
    [id(3), "O'Neil", '=HYPERLINK("https://example.com")', 'DE123456780', '\t00473'],
    [id(4), "'s-Hertogenbosch", '+49 30 or @ann', 'DE123456781', '=B2'],
    // Without the guard it would be a formula.
    [id(5), "'=1+1", "='Tabelle 1'!A1", 'DE123456782', '=""&A1'],
  ]
  const { warnings, fixed } = await examine('crm.csv', csv(header, rows))
  expect(listed(warnings)).toEqual([
    '1 W_FORMULA description',
    '2 W_FORMULA business_vat_id',
    '2 W_FORMULA description',
    '2 W_FORMULA metadata.crm_id',
    '2 W_FORMULA name',
    '3 W_FORMULA metadata.crm_id',
  ])
  expect(fixed).toBe(
    csv(header, [
      [id(1), '=Ann', '@ann', 'DE123456789', '00471'],
      [id(2), "'t Hooft", '- calls often', 'DE987654321', '00472'],
      [id(3), "O'Neil", '=HYPERLINK("https://example.com")', 'DE123456780', '00473'],
      ...rows.slice(3),
    ]),
  )
  folder.write(
    'map.yaml',
    'columns: { A: { field: name, transform: unguard }, B: { field: business_vat_id, transform: unguard } }\n',
  )
  const cells = [[id(1), "'t Hooft", "'DE123456789"]]
  expect((await examine('b.csv', csv('customer,A,B', cells), '--map', 'map.yaml')).warnings).toEqual([])
})

it('is not removed where a blank would be left, which would clear the field', async () => {
  const text = csv('customer,name,metadata.tier', [
    [id(1), '="none"', 'none\u200b'],
    [id(2), 'n&#111;ne', 'gold'],
  ])
  const { findings, warnings, fixed } = await examine('crm.csv', text, '--null-values', 'none')
  expect(findings).toEqual([])
  expect(listed(warnings)).toEqual(['1 W_FORMULA name', '1 W_HTML name', '1 W_INVISIBLE_CHAR metadata.tier'])
  expect(fixed).toBe(text)
})

it('whose quotes are not doubled makes a row that is no CSV, and is named', async () => {
  const { findings } = await examine('crm.csv', `customer,name\n${id(1)},="Ann"\n${id(2)},5" x "\n`)
  expect(findings).toMatchObject([
    {
      code: 'E_QUOTE',
      message: 'a cell like ="0123", whose quotes CSV would double',
      tip: expect.stringMatching(/^Export the column as plain text/),
    },
    { code: 'E_QUOTE', message: expect.stringMatching(/^a quote inside/) },
  ])
})

it('around an id, a phone number or an e-mail address, all of it is named and has a fix', async () => {
  const header = 'customer,email,phone_number,nationality'
  const html = 'holds HTML entities or tags'
  const guard = 'has quotes or a guard against formulas around it'
  const rows: readonly (readonly [cells: readonly string[], code: string, message: string])[] = [
    [[`="${id(1)}"`, 'ann@example.com', '+4930123456', 'DE'], 'E_ID', `not a customer id: it ${guard}`],
    [[`'${id(1)}`, 'ann@example.com', '+4930123456', 'DE'], 'E_ID', `not a customer id: it ${guard}`],
    [[`${id(1)}&nbsp;`, 'ann@example.com', '+4930123456', 'DE'], 'E_ID', `not a customer id: it ${html}`],
    [[id(1), '="ann@example.com"', '+4930123456', 'DE'], 'E_EMAIL', guard],
    [[id(1), '<a href="mailto:ann@example.com">ann@example.com</a>', '+4930123456', 'DE'], 'E_EMAIL', html],
    [[id(1), 'ann&#64;example.com', '+4930123456', 'DE'], 'E_EMAIL', html],
    [[id(1), 'ann@example.com', "'+49 (30) 123456", 'DE'], 'E_PHONE', guard],
    [[id(1), 'ann@example.com', '="+4930123456"', 'DE'], 'E_PHONE', guard],
    [[id(1), 'ann@example.com', '&#43;4930123456', 'DE'], 'E_PHONE', html],
    [
      [id(1), 'ann@example.com', '+4930123456.0', 'DE'],
      'E_PHONE',
      'a phone number with a fraction, as of a column of decimal numbers',
    ],
    [[id(1), 'ann@example.com', '+4930123456', '"DE"'], 'E_COUNTRY', guard],
  ]
  const good = [id(1), 'ann@example.com', '+4930123456', 'DE']
  for (const [cells, code, message] of rows) {
    const { findings, fixed } = await examine('crm.csv', csv(header, [cells]))
    expect(findings).toMatchObject([{ code, message, tip: expect.stringMatching(/fix|text/) }])
    expect(fixed).toBe(csv(header, [good]))
  }
})

describe('a code that has become a decimal number', () => {
  const header =
    'customer,business_vat_id,addresses[0].name,addresses[0].line_1,addresses[0].country,addresses[0].zip,metadata.account_no,metadata.amount,metadata.plan'

  it('is a warning with a fix, unless more than the fraction is wrong', async () => {
    const rows = [
      [id(1), '123456789.0', 'A', 'High St', 'US', '2134.0', '1001.0', '10.0', '2.0'],
      [id(2), '987654321.0', 'A', 'High St', 'US', '90210.0', '1.0', '11.0', '3.0'],
      [id(3), '123456780', 'A', 'High St', 'US', '90210', '12345678901234567.0', '4.5', '4.0'],
      [id(4), '123456781', 'A', 'High St', 'US', '90210', '1.23456789E9', '4.5', '4.0'],
    ]
    const { warnings, fixed } = await examine('crm.csv', csv(header, rows))
    expect(listed(warnings)).toEqual([
      '1 W_LOST_ZERO addresses[0].zip',
      '1 W_SHORTENED_NUMBER metadata.account_no',
      '2 W_FLOAT addresses[0].zip',
      '2 W_FLOAT business_vat_id',
      '3 W_FLOAT metadata.account_no',
    ])
    expect(fixed).toBe(
      csv(header, [
        [id(1), '123456789', 'A', 'High St', 'US', '2134.0', '1001', '10.0', '2.0'],
        [id(2), '987654321', 'A', 'High St', 'US', '90210', '1', '11.0', '3.0'],
        ...rows.slice(2),
      ]),
    )
  })

  it('keeps its digits in a phone number', async () => {
    folder.write(
      'map.yaml',
      'columns: { Tel: { field: phone_number, transform: { phone: DE } }, Plz: { field: metadata.plz, transform: digits } }\n',
    )
    const text = csv('customer,Tel,Plz', [
      [id(1), '30123456.0', '10115.0'],
      [id(2), '+4930123456.0', '10115,0'],
    ])
    folder.write('crm.csv', text)
    expect(await send('crm.csv', 'map.yaml')).toEqual([
      '{"phone_number":"+4930123456","metadata":{"plz":"10115"}}',
      '{"phone_number":"+4930123456","metadata":{"plz":"10115"}}',
    ])
  })
})

describe('inside objects', () => {
  const metadata = { note: 'R&amp;D', crm: { account_no: '1001.0', amount: '10.0', tags: ["'+49", 'AT&T'] } }
  const addresses = [
    { name: 'A &amp; B', line_1: 'y<br>x', city: 'tbd', zip: '="02134"', phone_number: '="+4930123456"' },
  ]
  const good = {
    metadata: { note: 'R&D', crm: { account_no: '1001', amount: '10.0', tags: ['+49', 'AT&T'] } },
    addresses: [{ name: 'A & B', line_1: 'y<br>x', city: 'tbd', zip: '02134', phone_number: '+4930123456' }],
  }
  const warned = [
    '1 W_FLOAT metadata.crm.account_no',
    '1 W_FORMULA metadata.crm.tags[0]',
    '1 W_HTML metadata.note',
  ]

  it('of NDJSON all of it is found and fixed', async () => {
    const line = { customer: id(1), metadata, addresses }
    const { findings, fixed } = await examine('crm.ndjson', `${JSON.stringify(line)}\n`)
    expect(listed(findings)).toEqual(['1 E_PHONE addresses[0].phone_number'])
    const valid = { ...line, addresses: [{ ...addresses[0], phone_number: '+4930123456' }] }
    expect(JSON.parse(fixed)).toEqual(valid)
    const second = await examine('crm.ndjson', `${JSON.stringify(valid)}\n`)
    expect(listed(second.warnings)).toEqual(
      [
        '1 W_FORMULA addresses[0].zip',
        '1 W_HTML addresses[0].line_1',
        '1 W_HTML addresses[0].name',
        '1 W_PLACEHOLDER addresses[0].city',
        ...warned,
      ].toSorted(),
    )
    expect(second.warnings.find(({ field }) => field === 'metadata.note')?.example).toBe('A&aaa;A')
    expect(JSON.parse(second.fixed)).toEqual({ customer: id(1), ...good })
  })

  it('of JSON in a cell too, whose texts cannot become members', async () => {
    const header = 'customer,metadata,description'
    const inner = { ...metadata, x: '&quot;,&quot;tier&quot;:&quot;gold' }
    const { warnings, fixed } = await examine(
      'crm.csv',
      csv(header, [[id(1), JSON.stringify(inner), '{"a":"&amp;"}']]),
    )
    expect(listed(warnings)).toEqual(['1 W_HTML description', '1 W_HTML metadata.x', ...warned].toSorted())
    const fixedInner = { ...good.metadata, x: '","tier":"gold' }
    expect(fixed).toBe(csv(header, [[id(1), JSON.stringify(fixedInner), '{"a":"&amp;"}']]))
  })
})

it('init proposes the transforms that the texts need', async () => {
  const rows = Array.from({ length: 12 }, (_, row) => [
    id(row),
    row === 3 ? 'O&#39;Brien' : 'Ann',
    `'+49 30 1234${row + 10}`,
  ])
  folder.write('crm.csv', csv('Rapyd Customer ID,Name,Phone', rows))
  const { code } = await folder.run(['init', 'crm.csv', '--out', 'map.yaml'])
  expect(code).toBe(0)
  const text = readFileSync(join(folder.path, 'map.yaml'), 'utf8')
  expect(text).toContain('transform: html')
  expect(text).toContain('transform: [unguard, { phone: international }]')
  const { findings, warnings } = await examine(
    'crm.csv',
    csv('Rapyd Customer ID,Name,Phone', rows),
    '--map',
    'map.yaml',
  )
  expect({ findings, warnings }).toEqual({ findings: [], warnings: [] })
})
