/** Mappings that do not match the file: columns in another language, columns that are missing, and texts that only look alike. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'
import { startRapydServer, type RapydServer } from './support/rapyd-server.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
let server: RapydServer
const update = (args: readonly string[]) =>
  folder.run(['update', ...args, '--base-url', server.url], server.keys)

beforeEach(async () => {
  folder = freshFolder()
  server = await startRapydServer()
})
afterEach(async () => {
  expect(server.broken).toEqual([])
  await server.close()
  folder.remove()
})

describe('a preset', () => {
  it('sends names and phone numbers of an export in another language', async () => {
    folder.write(
      'hubspot-de.csv',
      `Rapyd Customer ID,Vorname,Nachname,E-Mail,Telefonnummer\n${id(1)},Ann,Lee,ann@example.com,+442071838750\n`,
    )
    expect(await update(['hubspot-de.csv', '--map', 'hubspot'])).toMatchObject({ code: 0 })
    expect(server.customer(id(1))).toEqual({
      name: 'Ann Lee',
      email: 'ann@example.com',
      phone_number: '+442071838750',
    })
    const verified = await folder.run(
      ['verify', readdirSync(join(folder.path, 'rapyd-runs'))[0] ?? ''],
      server.keys,
    )
    expect(verified.code, verified.stderr).toBe(0)
  })

  it('stops if a column may be one of those that are missing, and names it', async () => {
    folder.write(
      'crm.csv',
      `Rapyd Customer ID,Email,Mobile Phone Number\n${id(1)},ann@example.com,+442071838750\n`,
    )
    for (const command of ['update', 'validate', 'plan']) {
      const env = command === 'validate' ? {} : server.keys
      const target = command === 'validate' ? [] : ['--base-url', server.url]
      const { code, stderr } = await folder.run([command, 'crm.csv', '--map', 'hubspot', ...target], env)
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringMatching(
          /no column is called "Phone Number".*\[E_HEADER_MISSING_COLUMN\]\n.*Did you mean "Mobile Phone Number"/,
        ),
      })
    }
    expect(server.updates).toEqual([])
    const aside = ['--ignore-columns', 'Mobile Phone Number']
    expect(await update(['crm.csv', '--map', 'hubspot', ...aside])).toMatchObject({ code: 0 })
  })

  it('stops if it knows nothing but the id, in CSV and in NDJSON', async () => {
    folder.write('crm.csv', `Rapyd Customer ID,Számla,Város\n${id(1)},1,Pécs\n`)
    folder.write('crm.ndjson', `{"Rapyd Customer ID":"${id(1)}","Város":"Pécs"}\n`)
    folder.write('de.ndjson', `{"Rapyd Customer ID":"${id(1)}","E-Mail-Adresse":"a@example.com"}\n`)
    for (const file of ['crm.csv', 'crm.ndjson', 'de.ndjson']) {
      const { code, stderr } = await update([file, '--map', 'hubspot'])
      expect([file, code, stderr]).toEqual([file, 3, expect.stringContaining('[E_HEADER_MISSING_COLUMN]')])
    }
    expect(server.updates).toEqual([])
  })

  it.each([
    ['crm.csv', `Rapyd Customer ID,Email,City\n${id(1)},ann@example.com,Ulm\n`],
    ['crm.ndjson', `{"Rapyd Customer ID":"${id(1)}","Email":"ann@example.com","City":"Ulm"}\n`],
  ])('says before sending and in the summary what %s does not have', async (file, text) => {
    folder.write(file, text)
    const line =
      'Not in this file, so not sent: phone_number, name. The preset looks for "Phone Number", "First Name", "Last Name".'
    const { code, stdout, stderr } = await update([file, '--map', 'hubspot'])
    expect(code, stderr).toBe(0)
    expect(stderr.split('\n')).toContain(line)
    expect(stdout).toContain(line)
    const missing = [
      { column: 'Phone Number', fields: ['phone_number'] },
      { column: 'First Name', fields: ['name'] },
      { column: 'Last Name', fields: ['name'] },
    ]
    expect(JSON.parse(folder.report('summary.json'))).toMatchObject({ missing_columns: missing })
    const [run = ''] = readdirSync(join(folder.path, 'rapyd-runs'))
    await folder.run(['report', run])
    expect(JSON.parse(folder.report('summary.json'))).toMatchObject({ missing_columns: missing })
    const validated = await folder.run(['validate', file, '--map', 'hubspot', '--json'])
    expect(validated).toMatchObject({ code: 0, stderr: `${line}\n` })
    expect(JSON.parse(validated.stdout)).toMatchObject({ missingColumns: missing })
  })

  it('says nothing about keys of NDJSON that only some rows have', async () => {
    const rows = [
      { 'Rapyd Customer ID': id(1), Email: 'a@example.com', 'First Name': 'Al', 'Last Name': 'Li' },
      { 'Rapyd Customer ID': id(2), 'Phone Number': '+442071838750', 'Mobile Phone Number': '+1' },
    ]
    folder.write('crm.ndjson', rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    expect(await folder.run(['validate', 'crm.ndjson', '--map', 'hubspot'])).toMatchObject({
      code: 0,
      stderr: '',
    })
  })
})

describe('a mapping file', () => {
  it('names a column in any normal form', async () => {
    folder.write('header.csv', `customer,${'Prénom'.normalize('NFD')},Key\u00a0No\n${id(1)},Ann,7\n`)
    folder.write('header.yaml', 'customer: customer\ncolumns: { Prénom: name, Key No: metadata.key }\n')
    expect(await update(['header.csv', '--map', 'header.yaml'])).toMatchObject({ code: 0 })
    expect(server.customer(id(1))).toEqual({ name: 'Ann', metadata: { key: '7' } })
  })

  it('replaces texts in any normal form, and names those that only look like a key', async () => {
    const types = ['Société', 'Société'.normalize('NFD'), 'Société\u00a0', 'SOCIÉTÉ', 'Verein']
    const lines = types.map((type, index) => `${id(index + 1)},${type}`)
    folder.write('replace.csv', `customer,Type\n${lines.join('\n')}\n`)
    folder.write(
      'replace.yaml',
      'columns: { Type: { field: metadata.type, transform: { replace: { Société: company } } } }\n',
    )
    const { code, stderr } = await update(['replace.csv', '--map', 'replace.yaml'])
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('Warnings: W_REPLACE_LOOKALIKE metadata.type in 2 rows.')
    expect(types.map((_, index) => server.customer(id(index + 1))['metadata'])).toEqual([
      { type: 'company' },
      { type: 'company' },
      { type: 'Société\u00a0' },
      { type: 'SOCIÉTÉ' },
      { type: 'Verein' },
    ])
    const { stdout } = await folder.run(['validate', 'replace.csv', '--map', 'replace.yaml', '--json'])
    expect(JSON.parse(stdout).warnings).toContainEqual(
      expect.objectContaining({
        code: 'W_REPLACE_LOOKALIKE',
        rows: 2,
        firstRow: 3,
        column: { name: 'Type', number: 2 },
      }),
    )
  })

  it('warns of a replace that meets no key, and not of one whose values the file has', async () => {
    folder.write('crm.csv', `customer,Tier,Type\n${id(1)},silver,company\n${id(2)},bronze,\n${id(3)},,x\n`)
    folder.write(
      'map.yaml',
      `columns:
  Tier: { field: metadata.tier, transform: { replace: { VIP: gold } } }
  Type: { field: metadata.type, transform: { replace: { Société: company } } }
`,
    )
    const { code, stdout } = await folder.run([
      'validate',
      'crm.csv',
      '--map',
      'map.yaml',
      '--blank',
      'keep',
      '--json',
    ])
    expect(code).toBe(0)
    const unused = expect.objectContaining({
      code: 'W_REPLACE_UNUSED',
      field: 'metadata.tier',
      rows: 2,
      firstRow: 1,
      column: { name: 'Tier', number: 2 },
    })
    expect(JSON.parse(stdout).warnings).toEqual([unused])
    const { stderr } = await update(['crm.csv', '--map', 'map.yaml', '--strict', '--blank', 'keep'])
    expect(stderr).toContain('W_REPLACE_UNUSED metadata.tier')
  })

  it('reads dates with a time of midnight, and refuses any other time', async () => {
    const dates = [
      '1990-05-04T00:00:00.000Z',
      '1990-05-04 00:00:00',
      '1990-05-04',
      '1990-05-04T22:00:00.000Z',
    ]
    folder.write(
      'dates.csv',
      `customer,Born\n${dates.map((date, index) => `${id(index + 1)},${date}\n`).join('')}`,
    )
    folder.write(
      'dates.yaml',
      'columns: { Born: { field: date_of_birth, transform: { date: YYYY-MM-DD } } }\n',
    )
    expect(await update(['dates.csv', '--map', 'dates.yaml'])).toMatchObject({ code: 1 })
    expect(server.updates).toHaveLength(3)
    for (const row of [1, 2, 3]) expect(server.customer(id(row))).toEqual({ date_of_birth: '04/05/1990' })
    expect(folder.report('errors.csv')).toContain('a date with a time that is not midnight')
  })
})
