/** The same rows in fourteen forms of a file leave every customer the same, and the same account of every row. */
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { parse } from 'csv-parse/sync'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { bulkUpdate, createSimulator, type UpdateOptions } from '../../src/index.ts'
import { freshFolder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const header = ['customer', 'name', 'email', 'description', 'metadata.tier']
/** Every character is one of windows-1252 as well. Line ends are inside of cells too. */
const rows = [
  [id(1), 'Zoë Groß', 'zoe@example.com', 'two\nlines, "quoted"; tab\there | pipe', 'gold'],
  [id(2), 'Søren Ågård', '', '', 'silver'],
  [id(3), 'Ana', 'not an address', 'x', 'gold'],
  [id(4), '€ and ’', 'b@example.com', 'r\r\nn', ''],
  [id(1), 'Zoë', 'zoe@example.com', '', 'bronze'],
  ['nobody', 'No', 'c@example.com', '', ''],
]

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`
const table = (delimiter: string, lineEnd: string, quote = quoted) =>
  [header, ...rows].map((cells) => cells.map(quote).join(delimiter) + lineEnd).join('')
/** Quotes only where they have to be. */
const csv = table(',', '\n', (cell) => (/[",\r\n]/.test(cell) ? quoted(cell) : cell))
const ndjson = rows
  .map((cells) => `${JSON.stringify(Object.fromEntries(header.map((name, at) => [name, cells[at]])))}\n`)
  .join('')
const windows1252 = (text: string) =>
  Buffer.from(text.replaceAll('€', '\u0080').replaceAll('’', '\u0092'), 'latin1')
const utf16 = (text: string) => Buffer.from(text, 'utf16le')

const forms: Readonly<Record<string, readonly [string, Buffer | string, Partial<UpdateOptions>?]>> = {
  CSV: ['crm.csv', csv],
  'every cell quoted, CRLF': ['crm.csv', table(',', '\r\n')],
  semicolons: ['crm.csv', table(';', '\n')],
  tabs: ['crm.tsv', table('\t', '\n')],
  pipes: ['crm.txt', table('|', '\r\n')],
  'a named delimiter': ['crm.csv', table('^', '\n'), { delimiter: '^' }],
  'a byte order mark': ['crm.csv', `\ufeff${csv}`],
  'UTF-16 LE with a mark': ['crm.csv', utf16(`\ufeff${csv}`)],
  'UTF-16 BE': ['crm.csv', utf16(`\ufeff${csv}`).swap16()],
  'windows-1252': ['crm.csv', windows1252(csv), { encoding: 'windows-1252' }],
  gzip: ['crm.csv.gz', gzipSync(csv)],
  Zstandard: ['crm.csv.zst', zstdCompressSync(csv)],
  NDJSON: ['crm.ndjson', ndjson],
  'NDJSON, gzip': ['crm.ndjson.gz', gzipSync(ndjson)],
}

/** What a form leaves: every customer, and each row's account. */
async function leftBy([name, content, options = {}]: (typeof forms)[string]) {
  const folder = freshFolder()
  const simulator = await createSimulator({ windows: [] })
  try {
    folder.write(name, content)
    const { accessKey, secretKey, url: baseUrl } = simulator
    const { directory, summary, exitCode } = await bulkUpdate({
      ...options,
      accessKey,
      secretKey,
      baseUrl,
      rate: 'none',
      maxErrors: '100%',
      maxClears: '100%',
      input: join(folder.path, name),
      runsDir: join(folder.path, 'rapyd-runs'),
      stateDir: join(folder.path, '.state'),
    })
    const account: Record<string, string>[] = parse(readFileSync(join(directory, 'results.csv'), 'utf8'), {
      columns: true,
    })
    return {
      exitCode,
      outcomes: summary.outcomes,
      customers: [1, 2, 3, 4].map((number) =>
        Object.assign({}, simulator.customer(id(number)), { created_at: 0 }),
      ),
      account: account.map((row) => [
        row['row'],
        row['customer_id'],
        row['outcome'],
        row['error_code'],
        row['fields'],
      ]),
    }
  } finally {
    await simulator.close()
    folder.remove()
  }
}

it('fourteen forms of a file are one', async () => {
  const { CSV: plain, ...others } = forms
  if (plain === undefined) throw new Error('the plain form is gone')
  const left = await leftBy(plain)
  expect(left).toMatchObject({ exitCode: 1, outcomes: { updated: 4, invalid: 2 } })
  expect(left.customers[0]).toMatchObject({ name: 'Zoë', description: '', metadata: { tier: 'bronze' } })
  expect(left.customers[1]).toMatchObject({ name: 'Søren Ågård', email: '' })
  expect(left.customers[3]).toMatchObject({ name: '€ and ’', description: 'r\r\nn' })
  expect(left.account.map((row) => row[3])).toEqual(['', '', 'E_EMAIL', '', '', 'E_ID'])
  expect(Object.keys(others)).toHaveLength(13)
  for (const [form, other] of Object.entries(others)) expect(await leftBy(other), form).toEqual(left)
})

it('a form that is not known is refused, and nothing is sent', async () => {
  const folder = freshFolder()
  folder.write('crm.csv.br', brotliCompressSync(csv))
  const { code } = await folder.run(['update', 'crm.csv.br', '--env', 'simulator'])
  expect(code).toBe(3)
  folder.remove()
})
