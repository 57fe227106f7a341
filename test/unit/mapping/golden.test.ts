/**
 * What runs of earlier versions were bound to and have sent: digests of mappings, run ids, and the requests of rows. They never
 * change: a run that was begun goes on, and a key that was sent is the same key, only while they are the same byte for byte.
 * `golden.txt` beside this is written by `vitest -u`; a changed line in it needs a reason.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadMapping } from '../../../src/mapping/mapping-file.ts'
import { resolveOptions } from '../../../src/config/job-options.ts'
import type { UpdateOptions } from '../../../src/config/options.ts'
import { mappingDigest, runDigest } from '../../../src/engine/identity.ts'
import { preparedRows } from '../../support/prepared.ts'

interface Case {
  readonly file: string
  readonly map?: string
  readonly options?: Partial<UpdateOptions>
}

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`
const lines = (...texts: readonly string[]) => `${texts.join('\n')}\n`
const records = (...rows: readonly object[]) => lines(...rows.map((row) => JSON.stringify(row)))

const fields = lines(
  'Customer ID,name,E-Mail,phone_number,date_of_birth,nationality,metadata.Tier,addresses[0].line_1,Addresses[1].City,metadata.a.b,coupon',
  `${id(1)},Zoë Groß,z@example.com,+14155550100,31/12/1980,DE,gold,Main 1,Ulm,x,SPRING`,
  `${id(2)},,,,,,,,,,`,
  `${id(3)},-,z@example.com,,,,-,,Ulm,,-`,
  `${id(4)},NULL,nobody,3.5E+11,1980-12-31,Germany," ",N/A,#REF!,x,`,
  `nobody,Jo,,,,,,Main 2,,,`,
  `${id(5)},Jo,,+49 151 12,31/02/1980,de,"a\rb",Main 3,,,`,
)
const cellsOfJson = lines(
  'customer,metadata,addresses,name',
  ...['{"a":1,"b":{"c":[true,null]}}', '{"a":1,"a":2}', '{"n":1.50}', '[]', 'no JSON', 'NULL', '""', ''].map(
    (cell, row) => `${id(row)},"${cell.replaceAll('"', '""')}",,Jo`,
  ),
  `${id(10)},,"[{""city"":""Ulm"",""country"":""Germany""},{""street"":""x""}]",Jo`,
  `${id(11)},,"{}",`,
)
const objects = records(
  { customer: id(1), name: 'Zoë', 'E-Mail': null, metadata: { a: '', b: [1, { c: 'NULL' }] } },
  { 'Customer-ID': id(2), addresses: [{ city: '' }, { city: 'Ulm', metadata: { floor: 3 } }], email: '' },
  { name: 'Jo', id: id(3), 'metadata.tier': { level: 1 }, 'metadata.note': null, 'Metadata.x.y': 'z' },
  { id: id(4), 'addresses[0].city': '', 'addresses[1].city': 'Ulm', 'addresses[1].metadata.floor': 3 },
  { id: id(5), 'addresses[1].city': 'Ulm' },
  { id: id(6), metadata: '{"a":1}', addresses: 'x', name: 5 },
  { id: id(7), metadata: {}, 'metadata.tier': 'gold' },
  { id: id(8), name: '-', email: 'NULL', addresses: [{ street: 'x' }, { country: 'Germany', zip: 5 }] },
  { id: 5, emial: 'x' },
  { name: 'Jo', Name: 'Al' },
  { customer: id(9), customer_id: id(9), rapyd_bulk_row: 1, note: 'x' },
)
const yaml = `customer: Rapyd ID
columns:
  Full Name: [name, 'addresses[0].name']
  Mail: { field: email, transform: [trim, lowercase], blank: keep }
  Mobile: { field: phone_number, transform: { phone: US }, blank: { clear_with: '+14155550199' } }
  Born: { field: date_of_birth, transform: { date: YYYY-MM-DD } }
  Age: { field: metadata.age, transform: number }
  Town: 'addresses[0].city'
  Note: ignore
`
const json = JSON.stringify({
  columns: {
    A: { transform: 'json', field: 'metadata' },
    B: 'addresses',
    C: { field: 'coupon', blank: 'reject' },
  },
  constants: { invoice_prefix: 'ACME-', description: '' },
})
const joined = `columns: { First: metadata.first }
joined:
  name: [First, Last]
  'addresses[0].line_1': { columns: [Street, No], separator: ', ', blank: keep }
constants: { 'addresses[0].country': DE, metadata.source: { b: 1, a: [true] } }
`
const export1 = lines(
  'Rapyd ID,Full Name,Mail,Mobile,Born,Age,Town,Note,description',
  `${id(1)},Zoë Groß, Z@Example.com ,(415) 555-0100,1980-12-31,41,Ulm,x,`,
  `${id(2)},,,,,,,,text`,
  `${id(3)},Jo,NULL,call me,31.12.1980,1e3,,x,NULL`,
)

const cases: Readonly<Record<string, Case>> = {
  'fields by name': { file: fields },
  'fields by name, blanks kept': { file: fields, options: { blank: 'keep' } },
  'fields by name, blanks refused': { file: fields, options: { blank: 'reject' } },
  'fields by name, null values and literals': {
    file: fields,
    options: { nullValues: ['-', 'N/A'], literals: ['NULL'], delimiter: ',', format: 'csv' },
  },
  'fields by name, columns set aside': { file: fields, options: { ignoreColumns: ['Coupon', 'e mail'] } },
  'fields by name, duplicates merged': { file: fields, options: { duplicates: 'merge' } },
  'cells of JSON': { file: cellsOfJson },
  'cells of JSON, null values': { file: cellsOfJson, options: { nullValues: ['[]'], blank: 'keep' } },
  'keys by name': { file: objects },
  'keys by name, options': {
    file: objects,
    options: { blank: 'keep', nullValues: ['-'], literals: ['NULL'], ignoreColumns: ['note'] },
  },
  'keys by name, blanks refused': { file: objects, options: { blank: 'reject' } },
  'YAML, CSV': { file: export1, map: yaml },
  'YAML, CSV, options': {
    file: export1,
    map: yaml,
    options: { blank: 'keep', literals: ['NULL'], ignoreColumns: ['description'] },
  },
  'YAML, NDJSON': {
    file: records(
      { 'Rapyd ID': id(1), 'Full Name': 'Jo', Mail: ' A@B.co', Mobile: null, Age: 41, Town: '', Note: 5 },
      { rapyd_id: id(2), full_name: null, Born: '1980-12-31', Age: '41', name: 'x', extra: 1 },
      { rapydId: id(3), Age: true, Mobile: 5 },
    ),
    map: yaml,
  },
  'JSON, CSV': {
    file: lines(
      'customer,A,B,C,email',
      `${id(1)},"{""a"":1}","[{""city"":""Ulm""}]",x,a@example.com`,
      `${id(2)},"{""a"":1,""a"":2}","[{""street"":""x""}]",,`,
      `${id(3)},no JSON,"{}",x,`,
      `${id(4)},,,x,`,
    ),
    map: json,
  },
  'JSON, NDJSON': {
    file: records(
      { customer: id(1), A: { a: 1 }, B: [{ city: 'Ulm' }], C: 'x' },
      { customer: id(2), A: '{"a":1}', B: null, C: '' },
      { customer: id(3), metadata: { a: 1 }, A: 5, invoice_prefix: 'B' },
    ),
    map: json,
  },
  'joined, CSV': {
    file: lines(
      'id,Last,First,Street,No',
      `${id(1)},Groß,Zoë,Main,5`,
      `${id(2)},,,,`,
      `${id(3)},NULL,Zoë,Main,`,
    ),
    map: joined,
  },
  'joined, NDJSON': {
    file: records(
      { id: id(1), First: 'Zoë', Last: null, Street: 'Main', No: '5' },
      { id: id(2), First: 'Zoë' },
      { id: id(3), First: 'Zoë', first: 'Al', Last: 'Li', 'addresses[0].city': 'Ulm' },
      { id: id(4), email: '' },
    ),
    map: joined,
  },
  'joined twice, in another order than that of the file': {
    file: lines('id,Last,First', `${id(1)},Groß,Zoë`),
    map: `joined: { name: [First, Last], 'metadata.sorted': [Last, First] }
columns: { Last: metadata.z, First: [metadata.y, metadata.x] }
constants: { metadata.b: { d: 1, c: 2 }, coupon: A }
$schema: x
`,
  },
  'preset hubspot': {
    file: lines(
      'Record ID,First Name,Last Name,Email,Phone Number,Rapyd Customer ID,metadata.tier',
      `901,Zoë,Groß, z@example.com,+33 4 50 11 22 33,${id(1)},gold`,
      `902,,Groß,,04 50 11 22 33,${id(2)},`,
    ),
    map: 'hubspot',
  },
  'preset salesforce': {
    file: lines('Id,Name,Phone,Email,Rapyd_Customer_ID__c', `1,Zoë,+1 (415) 555-0100,z@a.co,${id(1)}`),
    map: 'salesforce',
  },
  'preset zoho': { file: lines('Full Name,Email,Rapyd Customer ID', `Zoë,z@a.co,${id(1)}`), map: 'zoho' },
  'preset dynamics': {
    file: lines('Full Name,Business Phone,Rapyd Customer ID', `Zoë,+14155550100,${id(1)}`),
    map: 'dynamics',
  },
  'preset pipedrive': {
    file: records({ 'Person - Name': 'Zoë', 'Person - Rapyd Customer ID': id(1), Owner: 'x' }),
    map: 'pipedrive',
  },
}

/** A line for the mapping and the run, and one for each row: what it sends, or why it does not. */
async function goldenOf({ file, map, options }: Case): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'))
  try {
    const input = join(folder, file.startsWith('{') ? 'crm.ndjson' : 'crm.csv')
    writeFileSync(input, file)
    const isFile = map !== undefined && map.length > 20
    if (isFile) writeFileSync(join(folder, 'map'), map)
    const mapPath = isFile ? join(folder, 'map') : map
    const given = resolveOptions({ input, ...options, ...(mapPath === undefined ? {} : { map: mapPath }) })
    const mapping = mappingDigest(given, await loadMapping(mapPath))
    const rows = (await preparedRows(given)).map((row) =>
      'outcome' in row
        ? [row.customerId, row.outcome, row.errorCode, row.errorField, row.message]
        : [row.customerId, row.body, row.fields, row.cleared, row.idempotencyKey],
    )
    const facts = { input: 'the digest of a file', mapping, host: 'sandboxapi.rapyd.net', account: 'account' }
    return [`${mapping} ${runDigest(facts)}`, ...rows.map((row) => row.join(' | '))]
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('mapping digests, run ids and requests are those of all earlier versions', async () => {
  let golden = ''
  for (const [name, each] of Object.entries(cases))
    golden += `## ${name}\n${(await goldenOf(each)).join('\n')}\n\n`
  await expect(golden).toMatchFileSnapshot(join(import.meta.dirname, 'golden.txt'))
})
