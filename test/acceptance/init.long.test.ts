/** `init`: what it drafts can be used as it stands, and it chooses only what is plain. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { init } from '../../src/index.ts'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${String(number).padStart(32, '0')}`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())
const text = (name: string) => readFileSync(join(folder.path, name), 'utf8')

/** The draft for a file of one column beside the id, without the comments in front of it. */
async function draftOf(name: string, cells: readonly string[]): Promise<readonly string[]> {
  const rows = cells.map((cell, row) => `${id(row)},"${cell.replaceAll('"', '""')}"`)
  folder.write('crm.csv', `customer,"${name.replaceAll('"', '""')}"\n${rows.join('\n')}\n`)
  const draft = await init({ input: join(folder.path, 'crm.csv') })
  return draft.text.trimEnd().split('\n').slice(-2)
}

describe('a column', () => {
  it.each([
    ['E-Mail', ['a@example.com'], '  "E-Mail": email'],
    ['Mail', ['a@example.com', ' b@example.com'], '  Mail: { field: "email", transform: trim }'],
    ['Mobile', ['+14155550100'], '  Mobile: phone_number'],
    [
      'Mobile',
      ['+1 (415) 555-0100'],
      '  Mobile: { field: "phone_number", transform: { phone: international } }',
    ],
    ['Mobile', ['0151 1234567'], '  Mobile: ignore'],
    ['Birthday', ['31/12/1980', '01/02/1980'], '  Birthday: date_of_birth'],
    [
      'Birthday',
      ['12/31/1980', '1/2/1980'],
      '  Birthday: { field: "date_of_birth", transform: { date: M/D/YYYY } }',
    ],
    ['Birthday', ['31/1/1980'], '  Birthday: { field: "date_of_birth", transform: { date: D/M/YYYY } }'],
    ['Birthday', ['01/02/1980', '03/04/1980'], '  Birthday: ignore'],
    ['Birthday', ['1980-02-01'], '  Birthday: { field: "date_of_birth", transform: { date: YYYY-MM-DD } }'],
    ['Birthday', ['1.2.1980'], '  Birthday: { field: "date_of_birth", transform: { date: D.M.YYYY } }'],
    ['nationality', ['DE', 'FR'], '  nationality: nationality'],
    ['nationality', ['Germany', 'FRA'], '  nationality: { field: "nationality", transform: country }'],
    ['Column 7', Array.from({ length: 9 }, (_, row) => `p${row}@example.com`), '  Column 7: email'],
    ['Name', ['Jo', '', ''], '  Name: { field: "name", blank: keep }'],
    ['Owner', ['x'], '  Owner: ignore'],
    ['Street', ['x'], '  Street: ignore'],
    ['metadata.tier', ['x'], '  "metadata.tier": metadata.tier'],
    ['yes', ['x'], '  "yes": ignore'],
    ['a: "b" #c', ['x'], String.raw`  "a: \"b\" #c": ignore`],
  ])('%s with %j is drafted as it should be', async (name, cells, entry) => {
    expect((await draftOf(name, cells))[1]).toBe(entry)
  })

  it('has a comment: what was seen, how many blanks, and why', async () => {
    expect((await draftOf('Birthday', ['01/02/1980', '', '03/04/1980', '01/02/1980']))[0]).toBe(
      '  # 3 filled, 1 blank, 2 different. Named as date_of_birth often is, but nothing tells whether its dates have the day or the month first. Name it: transform: { date: M/D/YYYY }.',
    )
    expect((await draftOf('Mobile', ['0151 1234567']))[0]).toContain('1 of 1 numbers have no country code')
    expect((await draftOf('Street', ['x']))[0]).toContain(
      'it could be addresses[0].line_1, but Rapyd appends',
    )
  })
})

describe('init', () => {
  const file = `Rapyd ID,Full Name,E-mail,Mail,Mobile,Notes\n${id(1)},Zoë,a@example.com,b@example.com,+1 415 555 0100,x\n${id(2)},,,,,\n`

  it('writes a file that validates as it stands, and never writes over one without being told', async () => {
    folder.write('crm export.csv', file)
    const { code, stdout, stderr } = await folder.run(['init', 'crm export.csv'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(
      '2 rows, customer ids in "Rapyd ID", 3 columns taken, 2 set aside: crm export.mapping.yaml\n',
    )
    const draft = text('crm export.mapping.yaml')
    expect(draft).toContain(
      '# 1 filled, 1 blank, 1 different. Looks like email too, which another column above is.\n  Mail: ignore',
    )
    expect(draft).not.toContain('example.com')
    expect(statSync(join(folder.path, 'crm export.mapping.yaml')).mode & 0o777).toBe(0o600)
    const checked = await folder.run([
      'validate',
      'crm export.csv',
      '--map',
      'crm export.mapping.yaml',
      '--json',
      '--max-clears',
      '100%',
    ])
    expect(JSON.parse(checked.stdout)).toMatchObject({ invalid: 0, calls: 2 })
    expect(await folder.run(['init', 'crm export.csv'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_FILE_EXISTS]'),
    })
    expect((await folder.run(['init', 'crm export.csv', '--force'])).code).toBe(0)
  })

  it('joins first and last names, unless a column has both', async () => {
    folder.write('crm.csv', `Rapyd ID,Last Name,First Name\n${id(1)},Groß,Zoë\n${id(2)},Li,\n`)
    await folder.run(['init', 'crm.csv'])
    expect(text('crm.mapping.yaml')).toContain('joined:\n  # First Name: 1 filled, 1 blank, 1 different.\n')
    const { stdout } = await folder.run(['validate', 'crm.csv', '--map', 'crm.mapping.yaml', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({ calls: 2, set: { name: 2 }, cleared: {} })
    folder.write('crm.csv', `Rapyd ID,Last Name,First Name,Name\n${id(1)},Groß,Zoë,Zoë Groß\n`)
    await folder.run(['init', 'crm.csv', '--force'])
    expect(text('crm.mapping.yaml')).not.toContain('joined')
  })

  it('says where no column holds customer ids', async () => {
    folder.write('crm.csv', 'Name,Email\nJo,a@example.com\n')
    const { stderr } = await folder.run(['init', 'crm.csv'])
    expect(stderr).toContain('crm.mapping.yaml')
    expect(text('crm.mapping.yaml')).toContain('# customer: Rapyd Customer ID\n')
  })

  it('reads NDJSON and standard input', async () => {
    const line = JSON.stringify({ ref: id(1), mail: 'a@example.com', metadata: { a: 1 }, rapyd_bulk_row: 1 })
    const { stdout } = await folder.run(['init', '-', '--out', '-'], {}, `${line}\n`)
    expect(stdout).toMatch(/^customer: ref$/m)
    expect(stdout).toMatch(/^ {2}mail: email$/m)
    expect(stdout).toMatch(/^ {2}metadata: metadata$/m)
    expect(stdout).not.toContain('rapyd_bulk_row')
  })

  it('leaves nothing behind where the input cannot be read', async () => {
    expect((await folder.run(['init', 'nowhere.csv'])).code).toBe(3)
    expect(existsSync(join(folder.path, 'nowhere.mapping.yaml'))).toBe(false)
    folder.write('old.yaml', 'precious')
    expect((await folder.run(['init', 'nowhere.csv', '--out', 'old.yaml', '--force'])).code).toBe(3)
    expect(text('old.yaml')).toBe('precious')
    expect((await folder.run(['init', 'nowhere.csv', '--out', 'no/such/folder.yaml'])).code).toBe(6)
  })
})

describe('a preset', () => {
  const exports: Readonly<Record<string, readonly [header: string, row: string, patch: object]>> = {
    hubspot: [
      'Record ID,First Name,Last Name,Email,Phone Number,Contact owner,Lead Status,Create Date,Rapyd Customer ID',
      `901,Zoë,Groß,z@example.com,+33 4 50 11 22 33,Jo,NEW,2026-01-02 10:00,${id(1)}`,
      { name: 'Zoë Groß', email: 'z@example.com', phone_number: '+33450112233' },
    ],
    salesforce: [
      'Id,AccountId,LastName,FirstName,Name,Phone,MobilePhone,Email,Description,MailingStreet,Rapyd_Customer_ID__c',
      `0035g00000abc,0015g,Groß,Zoë,Zoë Groß,+1 (415) 555-0100,,z@example.com,private,1 Main St,${id(1)}`,
      { name: 'Zoë Groß', phone_number: '+14155550100', email: 'z@example.com' },
    ],
    zoho: [
      'Record Id,Contact Owner.id,Contact Owner,First Name,Last Name,Full Name,Account Name,Email,Phone,Mailing Street,Description,Rapyd Customer ID',
      `zcrm_1,zcrm_2,Jo,Zoë,Groß,Zoë Groß,ACME,z@example.com,+14155550100,1 Main St,private,${id(1)}`,
      { name: 'Zoë Groß', email: 'z@example.com', phone_number: '+14155550100' },
    ],
    dynamics: [
      '(Do Not Modify) Contact,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Full Name,Email,Company Name,Business Phone,Rapyd Customer ID',
      `1f2e,9kQw==,6/22/2026 10:05 AM,Zoë Groß,z@example.com,ACME,+14155550100,${id(1)}`,
      { name: 'Zoë Groß', email: 'z@example.com', phone_number: '+14155550100' },
    ],
    pipedrive: [
      'Person - Name,Person - Organization,Person - Email - Work,Person - Email - Home,Person - Phone - Work,Person - ID,Person - Rapyd Customer ID,metadata.tier',
      `Zoë Groß,ACME,z@example.com,,+14155550100,7,${id(1)},gold`,
      { name: 'Zoë Groß', email: 'z@example.com', phone_number: '+14155550100', metadata: { tier: 'gold' } },
    ],
  }

  it.each(Object.entries(exports))(
    '%s takes who a customer is from the default export, and no more',
    async (preset, [header, row, patch]) => {
      folder.write('crm.csv', `${header}\n${row}\n`)
      const { code, stdout, stderr } = await folder.run(['validate', 'crm.csv', '--map', preset, '--json'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { set, warnings } = JSON.parse(stdout)
      const fields = Object.entries(patch).map(([field]) => (field === 'metadata' ? 'metadata.tier' : field))
      expect(Object.keys(set).toSorted()).toEqual(fields.toSorted())
      expect(warnings).toEqual([])
      const sent = await folder.run(['update', 'crm.csv', '--map', preset, '--env', 'simulator'])
      expect(sent.code, sent.stderr).toBe(0)
    },
  )

  it('does without columns that an export leaves out, but not without the id', async () => {
    folder.write('crm.csv', `Email,Rapyd Customer ID\na@example.com,${id(1)}\n`)
    expect((await folder.run(['validate', 'crm.csv', '--map', 'zoho'])).code).toBe(0)
    folder.write('crm.csv', `Record Id,Email,customer\n1,a@example.com,${id(1)}\n`)
    expect(await folder.run(['validate', 'crm.csv', '--map', 'zoho'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('[E_HEADER_NO_ID]'),
    })
  })

  it('refuses numbers without a country code', async () => {
    folder.write('crm.csv', `Phone Number,Rapyd Customer ID\n04 50 11 22 33,${id(1)}\n`)
    const { stdout } = await folder.run(['validate', 'crm.csv', '--map', 'hubspot', '--max-errors', '100%'])
    expect(stdout).toContain('E_PHONE phone_number: ')
  })

  it('gives way to a file of its name, and an unknown one names those there are', async () => {
    folder.write('hubspot', 'columns: { Email: email }\n')
    folder.write('crm.csv', `customer,Email\n${id(1)},a@example.com\n`)
    expect((await folder.run(['validate', 'crm.csv', '--map', 'hubspot'])).code).toBe(0)
    expect(await folder.run(['validate', 'crm.csv', '--map', 'hubspto'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('[E_MAPPING]'),
    })
  })
})
