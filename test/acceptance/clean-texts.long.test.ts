/** Ten thousand clean names, e-mail addresses and addresses in many scripts: no warning, no invalid row, no fix. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import scripts from '../support/clean-texts.json' with { type: 'json' }
import { freshFolder, type Folder } from './support/command.ts'

const tables = Object.values(scripts).map((lists) =>
  lists.map((list) => list.split(',').map((text) => text.trim())),
)
const pick = (list: readonly string[] = [], at: number): string => list[at % list.length] ?? ''

/** The names of a person, and where the person lives: all combinations of a script's table in turn. */
function personOf(row: number) {
  const [given, family, streets] = tables[row % tables.length] ?? []
  const turn = Math.floor(row / tables.length)
  const [first, last] = [pick(given, turn), pick(family, turn >> 2)]
  const name = [`${first} ${last}`, first, `${last}, ${first}`, last][turn % 4] ?? ''
  const local = /^\p{L}+$/u.test(first) ? first.normalize() : 'person'
  return {
    customer: `cus_${row.toString(16).padStart(32, '0')}`,
    name,
    email: `${local}.${row}@example.com`,
    description: `${last}: ${pick(streets, turn + 1)}`,
    address: {
      name: `${last} ${first}`,
      line_1: pick(streets, turn),
      city: pick(streets, turn + 1),
      zip: `D${row}`,
    },
    metadata: { contact: first, account_no: `${row}`, contract: { owner: last, notes: [name, first] } },
  }
}

const people = Array.from({ length: 10_000 }, (_, row) => personOf(row))

async function validate(folder: Folder, name: string): Promise<unknown> {
  const { stdout } = await folder.run(['validate', name, '--fix', `fixed-${name}`, '--json'])
  return JSON.parse(stdout)
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`

const clean = { calls: 10_000, invalid: 0, findings: [], warnings: [] }

it('as columns', async () => {
  const folder = freshFolder()
  const lines = people.map(({ customer, name, email, description, address, metadata }) =>
    [customer, name, email, description, ...Object.values(address), metadata.contact, metadata.account_no]
      .map(cell)
      .join(','),
  )
  const header =
    'customer,name,email,description,addresses[0].name,addresses[0].line_1,addresses[0].city,addresses[0].zip,metadata.contact,metadata.account_no'
  const text = `${header}\n${lines.join('\n')}\n`
  folder.write('people.csv', text)
  expect(await validate(folder, 'people.csv')).toMatchObject(clean)
  expect(readFileSync(join(folder.path, 'fixed-people.csv'), 'utf8')).toBe(text)
  folder.remove()
})

it('as objects', async () => {
  const folder = freshFolder()
  const lines = people.map((person) =>
    JSON.stringify({ ...person, address: undefined, addresses: [person.address] }),
  )
  folder.write('people.ndjson', `${lines.join('\n')}\n`)
  expect(await validate(folder, 'people.ndjson')).toMatchObject(clean)
  folder.remove()
})
