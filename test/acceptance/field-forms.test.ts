/** E-mail addresses and phone numbers as people paste them: what is around an address, and zeros after a country code. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

/** The code and message of each row that has an error or a warning, by its number. */
async function defectsOf(column: string, cells: readonly string[]): Promise<ReadonlyMap<number, string>> {
  folder.write(
    'crm.csv',
    `customer,${column}\n${cells.map((cell, row) => `${id(row)},${quoted(cell)}\n`).join('')}`,
  )
  const { stdout } = await folder.run(['validate', 'crm.csv', '--json', '--max-errors', '100%'])
  const result: Record<
    'findings' | 'warnings',
    readonly {
      readonly code: string
      readonly message: string
      readonly places: readonly { readonly row: number }[]
    }[]
  > = JSON.parse(stdout)
  return new Map(
    [...result.findings, ...result.warnings].flatMap(({ code, message, places }) =>
      places.map(({ row }): [number, string] => [row, `${code}: ${message}`]),
    ),
  )
}

describe('an e-mail address', () => {
  it('in the quotes of a mail program, or with other text behind it, is refused; an apostrophe inside is not', async () => {
    const found = await defectsOf('email', [
      "'eve@example.com'",
      "'eve@example.com",
      "eve@example.com'",
      '‘eve@example.com’',
      '“eve”@example.com',
      'eve@example.com?subject=hi',
      'eve@example.com/',
      'eve@example.com|x',
      'eve@example.com&gt',
      'eve@example.com%20',
      'eve@example.com!',
      "o'brien@example.com",
    ])
    const quotes = 'E_EMAIL: quotes in or around the address'
    const text = 'E_EMAIL: other text before or after the address'
    const punctuation = 'E_EMAIL: punctuation before or after the address'
    const expected = [...Array<string>(5).fill(quotes), text, punctuation, text, text, text, punctuation]
    expect([...found].toSorted(([left], [right]) => left - right)).toEqual(
      expected.map((message, row) => [row + 1, message]),
    )
  })

  it('is refused next to others, and behind a name', async () => {
    const found = await defectsOf('email', [
      'Ann Lee <ann@example.com>',
      'ann@example.com;bob@example.com',
      'ann@example.com, bob@example.com',
      'ann@example.com\nbob@example.com',
    ])
    expect(found.get(1)).toBe('E_EMAIL: a name before the address')
    for (const row of [2, 3, 4]) expect(found.get(row)).toBe('E_EMAIL: several e-mail addresses in one cell')
  })
})

it('a phone number has a warning for a trunk zero, by the numbering plan of its country', async () => {
  const found = await defectsOf('phone_number', [
    '+49030123456',
    '+4930123456',
    '+390612345678',
    '+4402079460958',
    '+49 (0)30 123456',
  ])
  const warning =
    'W_TRUNK_ZERO: a digit after the country code (mostly 0) that is dialled only inside the country'
  expect(found).toEqual(
    new Map([
      [1, warning],
      [4, warning],
      [5, 'E_PHONE: a phone number with (0) after its country code'],
    ]),
  )
})
