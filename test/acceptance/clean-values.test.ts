/** Good names, e-mail addresses, streets and phone numbers of many scripts and countries: none of them is doubted. */
import examples from 'libphonenumber-js/mobile/examples'
import { getCountries, getCountryCallingCode } from 'libphonenumber-js/max'
import { expect, it } from 'vitest'
import tables from '../support/names-by-script.json' with { type: 'json' }
import { freshFolder } from './support/command.ts'

const rowsOfScript = 500
const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`
const pick = (texts: readonly string[], at: number) => texts[at % texts.length] ?? ''

const header = [
  'customer',
  'name',
  'email',
  'description',
  'addresses[0].name',
  'addresses[0].line_1',
  'addresses[0].city',
  'metadata.nickname',
  'metadata.plan',
]

/** Rows of one script: every given name with every family name, in one word where the script has no capitals. */
const rowsOf = Object.values(tables).flatMap((table, script) =>
  Array.from({ length: rowsOfScript }, (_, number) => {
    const given = pick(table.given, number)
    const family = pick(table.family, Math.floor(number / 10))
    const row = script * rowsOfScript + number
    const joined = /\p{Lu}/u.test(given) ? `${family}-${given}` : `${family}${given}`
    const name = [`${given} ${family}`, `${family}, ${given}`, joined][number % 3] ?? ''
    const letters = `${given}.${family}`.replace(/\p{RGI_Emoji}/gv, '')
    const words = letters.replace(/[^\p{L}\p{M}\p{N}\p{Join_C}.'-]/gu, '')
    const own = `${words}${row}@${table.domain}`
    const email = number % 2 === 0 ? own : `o'brien+${row}@mail-${row}.example.co.uk`
    const city = pick(table.cities, number)
    const street = pick(table.streets, number + Math.floor(number / 5))
    return [id(row), name, email, `${name}\n${street}`, name, street, city, given, family]
  }),
)

it('finds nothing in 10,000 names, e-mail addresses and streets of twenty scripts', async () => {
  expect(rowsOf.length).toBeGreaterThanOrEqual(10_000)
  const folder = freshFolder()
  folder.write('crm.csv', [header, ...rowsOf].map((cells) => `${cells.map(quoted).join(',')}\n`).join(''))
  const { stdout, stderr } = await folder.run(['validate', 'crm.csv', '--json'])
  expect(JSON.parse(stdout), stderr).toMatchObject({ findings: [], warnings: [], invalid: 0 })
  folder.remove()
})

it('finds nothing in the phone numbers of all countries, some of which keep their zero', async () => {
  const phones = getCountries().map((country) => `+${getCountryCallingCode(country)}${examples[country]}`)
  const rows = [...phones, '+390612345678', '+2250712345678', '+78121234567'].map(
    (phone, row) => `${id(row)},${phone},X,Main St 1,${phone}\n`,
  )
  const folder = freshFolder()
  const names = 'customer,phone_number,addresses[0].name,addresses[0].line_1,addresses[0].phone_number'
  folder.write('crm.csv', `${names}\n${rows.join('')}`)
  const { stdout } = await folder.run(['validate', 'crm.csv', '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ findings: [], warnings: [], invalid: 0 })
  folder.remove()
})
