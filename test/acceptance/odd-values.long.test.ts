/** Values as programs leave them, each next to one that people write. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { parse } from 'csv-parse/sync'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

/** The codes of errors and warnings for each cell. */
async function codesFor(field: string, cells: readonly string[]): Promise<readonly string[]> {
  const rows = cells.map((cell, row) => `${id(row + 1)},${quoted(cell)}\n`)
  folder.write('crm.csv', `customer,${field}\n${rows.join('')}`)
  const limits = ['--max-errors', '100%', '--accept-change', 'all']
  const { stdout } = await folder.run([
    'validate',
    'crm.csv',
    '--format-errors',
    'csv',
    '--fix',
    'fixed.csv',
    '--force',
    ...limits,
  ])
  const found: readonly Record<string, string>[] = parse(stdout, { columns: true })
  return cells.map((_, row) =>
    found
      .filter((entry) => entry['row'] === String(row + 1))
      .map((entry) => entry['code'])
      .join(' '),
  )
}

it.each([
  ['description', 'E_SUSPECT_BLANK', ['#NO MATCH', '#UNPARSEABLE', '#INVALID DATA TYPE', '#Too Big!']],
  ['description', 'E_SUSPECT_BLANK', ['HASH(0x55d0c8a3e2a8)', 'character(0)', 'list()', 'table: 0x55d0c8']],
  ['description', 'E_SUSPECT_BLANK', ['@NULL@', '$null', ':null', '%null%', '__NULL__']],
  [
    'description',
    'W_PLACEHOLDER',
    ['Ann #N/A', 'Müller, #NV', '#REF! Street 5', 'Ann (#VALEUR!)', 'Ann #¡REF!'],
  ],
  ['description', '', ['Apt #1', 'Unit #N', 'We are #1!', '#winning!', 'C# / F#', '#NAME of it', '10:30']],
  ['name', 'W_PLACEHOLDER', ['#/Not assigned', 'k. A.', 'N. D.', 'missing']],
  [
    'name',
    'W_OTHER_FORMAT',
    ['Optional("Ann")', 'Some(Ann)', 'c("Ann", "Bob")', '@{Name=Ann}', '{Ann,Lee}', '(Ann,Lee)'],
  ],
  ['name', 'W_OTHER_FORMAT', ['"Ann"', "'Ann'", '`Ann`', '[b]Ann[/b]', '<@U024BE7LH>', 'Ann\nLee']],
  [
    'name',
    '',
    ["O'Brien", "'t Hooft", 'Ann (Lee)', 'ООО "Ромашка"', '"Ромашка"', 'Some (Ann)', '(Ann, Lee)', 'Ann '],
  ],
  ['name', 'W_ENCODING', ['M□ller', 'M▯ller', '□□□', '¿¿¿', String.raw`M\374ller`, 'M%FCller']],
  [
    'name',
    'W_INVISIBLE_CHAR',
    [' Ann', 'Ann  ', 'Ann\n', 'An\u200bna', 'Schmidt\u00adhuber', 'Ann\u202eeeL'],
  ],
  ['name', '', ['ខ្មែរ\u200bសាលា', 'می\u200cخواهم', 'ᠮᠢᠨ\u180eᠠ', 'דוד\u200e (Dan)\u200e לוי']],
  ['name', 'W_PLACEHOLDER', ['–', '/', '*', '_', '|', '()', '—/—', '+', 'ー', '...']],
  ['description', 'E_SUSPECT_BLANK', ['n/a-', '- N/A -', ' NULL']],
  ['addresses[0].line_1', 'W_FLOAT', ['High St 5.0', '12.0']],
  ['addresses[0].line_1', '', ['High St 5.', 'Flat 2.1', '5']],
  ['addresses[0].line_1', 'W_SPREADSHEET_DATE', ['1-Mar', 'Mar-12', '12. Okt']],
  ['addresses[0].line_1', '', ['1 March St', '1-3 Mar St']],
  ['addresses[0].zip', 'W_INVISIBLE_CHAR', ['90210 ', 'AB1 2CD ', ' 90210']],
  ['name', 'W_TRUNCATED', ['Ann L...', 'Bartholomew Featherst…']],
  ['description', '', ['and so on...', 'x'.repeat(255), 'y'.repeat(254)]],
  ['name', 'E_SUSPECT_BLANK', [' NULL', 'NULL  ']],
  ['metadata.crm_id', 'W_FLOAT', ['1,234,567', '10,023']],
  ['metadata.crm_id', '', ['123.456.789', '51 824 753 556', '1,23', '12,3456']],
  ['metadata.kundennr', 'W_FLOAT', ['17.0', '5.00']],
  [
    'email',
    'W_PLACEHOLDER',
    ['ann@example.com.invalid', 'a_b.com#EXT#@b.onmicrosoft.com', 'none@none.com', 'no@email.com'],
  ],
  [
    'email',
    '',
    ['info@info.de', 'mail@example.com', 'bob@b.onmicrosoft.com', 'a@local.example.com', 'no@norge.no'],
  ],
])('%s: %j for each of %j', async (field, code, cells) => {
  expect(await codesFor(field, cells)).toEqual(cells.map(() => code))
})

it('spaces at the ends of texts are removed by --fix', async () => {
  await codesFor('name', [' Ann', 'Bob   ', 'Cid\n', 'Dan '])
  expect(readFileSync(join(folder.path, 'fixed.csv'), 'utf8')).toBe(
    `customer,name\n${id(1)},"Ann"\n${id(2)},"Bob"\n${id(3)},"Cid"\n${id(4)},"Dan "\n`,
  )
})

it.each(['tier\u200b', 'ti\u00ader'])(
  'a column for the key %j is refused, as a key of NDJSON is',
  async (key) => {
    folder.write('crm.csv', `customer,metadata.${key}\n${id(1)},gold\n`)
    folder.write(
      'crm.ndjson',
      `${JSON.stringify({ customer: id(1), metadata: { [key]: 'gold', 'tier ': 'x' } })}\n`,
    )
    const csv = await folder.run(['validate', 'crm.csv'])
    expect(csv).toMatchObject({ code: 3, stderr: expect.stringContaining('did you mean metadata.tier?') })
    const ndjson = await folder.run(['validate', 'crm.ndjson', '--json', '--max-errors', '100%'])
    expect(JSON.parse(ndjson.stdout).findings).toMatchObject([
      { code: 'E_INVISIBLE_CHAR', message: expect.stringContaining('the key holds a character') },
      { code: 'E_INVISIBLE_CHAR', message: 'the key has spaces around it' },
    ])
  },
)

it('texts that were all cut at 255 characters are a warning of their column', async () => {
  const rows = [255, 30, 255, 255, 254].map((length, row) => `${id(row + 1)},${'x'.repeat(length)}\n`)
  folder.write('crm.csv', `customer,description\n${rows.join('')}`)
  const { stdout } = await folder.run(['validate', 'crm.csv', '--json'])
  expect(JSON.parse(stdout).warnings).toMatchObject([
    { code: 'W_TRUNCATED', field: 'description', rows: 3, firstRow: 1, column: { number: 2 } },
  ])
  folder.write('long.csv', `customer,description\n${rows.join('')}${id(6)},${'x'.repeat(256)}\n`)
  const longer = await folder.run(['validate', 'long.csv', '--json'])
  expect(JSON.parse(longer.stdout).warnings).toEqual([])
})

it('the capital i of Turkish becomes a plain one', async () => {
  folder.write('crm.csv', `customer,Mail\n${id(1)},İREM@GMAİL.COM\n`)
  folder.write('map.yaml', 'columns: { Mail: [{ field: email, transform: lowercase }] }\n')
  const { stdout } = await folder.run([
    'plan',
    'crm.csv',
    '--map',
    'map.yaml',
    '--env',
    'simulator',
    '--show-values',
  ])
  expect(stdout).toContain('irem@gmail.com')
})
