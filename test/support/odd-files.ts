/** CSV files as they come and as they should not, for tests that hold two ways of reading them to one result. */
import * as fc from 'fast-check'
import type { InputFile } from '../../src/input/bytes.ts'
import type { UpdateOptions } from '../../src/options.ts'

/** The same file in blocks of that many bytes. */
export function inBlocks(file: InputFile, size: number): InputFile {
  return {
    ...file,
    async *blocks(offset) {
      for await (const block of file.blocks(offset))
        for (let at = 0; at < block.length; at += size) yield block.subarray(at, at + size)
    },
  }
}

export const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
const two = (number: number) => String(number).padStart(2, '0')
const one = (...texts: string[]) => fc.constantFrom(...texts)

/** For each column what is fine, in few different texts or in many, and what is odd, or looks so. */
const someId = fc.oneof(
  { weight: 20, arbitrary: fc.nat(200).map(id) },
  { weight: 1, arbitrary: fc.nat(20).map((number) => `cus_Aa-${number}`) },
)
const columns: readonly (readonly [name: string, fine: fc.Arbitrary<string>, odd: readonly string[]])[] = [
  ['customer', someId, ['', 'cus_1', 'CUS_2', id(171).toUpperCase(), ` ${id(2)}`, '49123', `${id(7)}0`]],
  [
    'name',
    fc.oneof(
      fc.nat(300).map((number) => `José Łukasz ${number}`),
      one('Noah', 'Šárka', '李', 'Âna', 'château', ''),
    ),
    [
      'NULL',
      'ひ',
      '\u00a0',
      '\u3000 ',
      'JosÃ©',
      'J\ufffd',
      'Itâ€™s',
      '4,5E+11',
      '#N/A',
      ' ',
      'nil',
      'Ann "B" C',
      '\ufeff',
    ],
  ],
  [
    'email',
    fc.oneof(
      { weight: 9, arbitrary: fc.nat(150).map((number) => `p${number}@example.com`) },
      one('', 'a.b+c@x.co.uk'),
    ),
    [
      'P1@Example.com',
      ' p2@example.com',
      'p3@example.com ',
      'ä@b.de',
      'none@x.y',
      'a@b',
      'a@b..c',
      '@b.c',
      'a@b@c.d',
      'a b@c.d',
      'a@b.c.',
      'a@.c',
      'a;b@c.d',
    ],
  ],
  [
    'phone_number',
    fc.nat(99).map((number) => `+491511200${two(number)}`),
    [
      '',
      '+0151123456',
      '+49 151',
      '+49151+1',
      '4.9E+11',
      '+123456',
      '+1234567',
      '004915112345',
      '+1234567890123456',
    ],
  ],
  ['business_vat_id', one('', 'DE1', 'DE2', 'DE-123456'), ['1-Mar', 'Mar-12', '-', 'n.a.', '7E+3']],
  [
    'date_of_birth',
    fc.nat(27).map((day) => `${two(day + 1)}/03/1980`),
    [
      '',
      '29/02/2000',
      '31/12/1999',
      '01/02/2999',
      '03/04/1850',
      '12/31/1999',
      '29/02/2001',
      '1980-01-02',
      '40000',
      '1/2/1980',
    ],
  ],
  ['nationality', one('DE', 'FR', 'US', 'SG'), ['', 'de', 'XX', 'Germany']],
  ['occupation', one('baker', 'ü'.repeat(35)), ['', 'ü'.repeat(36), 'x'.repeat(36)]],
  ['ewallet', one('ewallet_1', 'ewallet_2'), ['', 'wallet', 'ewallet_']],
  [
    'addresses[0].line_1',
    one('', 'Main Street 1', 'Weg 2, Hof\nlinks'),
    ['Weg\r\n3', 'Weg\r4', '"', 'Weg\0'],
  ],
  ['addresses[0].zip', one('', '12345', 'A1 B2'), ['1234', '123', '123456', '1234a', '01234']],
  ['addresses[0].country', one('', 'DE', 'US', 'GB'), ['CN', 'SG', 'UK', 'Germany']],
  ['addresses[1].city', one('', '', 'Rome', 'Bern'), ['none', 'NULL']],
  [
    'metadata.tier',
    one('', 'gold', 'gold', 'silver', 'a "b"'),
    ['none', '-', '=1+1', '\t', 'a\tb', '+1', '\u007f', '1-Mar'],
  ],
  ['set aside', one('', 'x'), ['NULL', '\r', 'a"b', 'Ã©']],
]
export const header = columns.map(([name]) => name).join(',')

export const written = (text: string, inQuotes = false): string =>
  inQuotes || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
export const someFine = fc.tuple(...columns.map(([, fine]) => fine))
const someCell = fc
  .nat(columns.length - 1)
  .chain((at) => one(...(columns[at]?.[2] ?? [''])).map((text) => ({ at, text })))
export const someRow = fc
  .record({ fine: someFine, odd: fc.option(someCell, { freq: 4 }), quoted: fc.nat(40), blank: fc.nat(20) })
  .map(({ fine, odd, quoted, blank }) =>
    fine
      .map((text, at) => (at === odd?.at ? odd.text : blank === 0 && at > 0 ? '' : text))
      .map((text, at) => written(text, at === quoted))
      .join(','),
  )
export const someFile = fc
  .record({
    rows: fc.array(someRow, { minLength: 40, maxLength: 120, size: 'max' }),
    lineEnd: one('\n', '\r\n'),
    end: one('', '\n', '\n\n'),
  })
  .map(({ rows, lineEnd, end }) => [header, ...rows].join(lineEnd) + end)
const noise = one(
  '"',
  '""',
  ',',
  '\n',
  '\r',
  '\r\n',
  '\n\n',
  '\0',
  '\u007f',
  'Ã',
  '\u2003',
  'NULL',
  ',,',
  '\ud83d\ude00',
)
/** From 0 to 1, evenly: `fc.double` is mostly next to nothing. */
export const share = fc.nat(10_000).map((number) => number / 10_000)
const noises = fc.array(fc.record({ at: share, noise }), {
  maxLength: 6,
})

/** The same files with characters where they do not belong, but for the header. */
export const withNoise = (files: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(files, noises).map(([file, added]) => {
    let text = file
    for (const { at, noise: more } of added) {
      const index = header.length + 1 + Math.floor(at * (text.length - header.length))
      text = text.slice(0, index) + more + text.slice(index)
    }
    return text
  })

/** A mapping of all that can be told of cells one by one. */
export const someMapping = [
  'columns:',
  '  email: { field: email, transform: [trim, lowercase] }',
  '  phone_number: { field: phone_number, transform: { phone: DE } }',
  '  business_vat_id: { field: metadata.vat, transform: uppercase, blank: keep }',
  '  occupation: { field: occupation, blank: reject }',
  '  ewallet: { field: metadata.wallet, blank: { clear_with: none } }',
  '  metadata.tier: { field: metadata.tier, transform: { replace: { gold: silver } } }',
  '  set aside: ignore',
  'constants: { invoice_prefix: ACME-, metadata.source: crm }',
].join('\n')

export const someOptions = fc.record<Partial<UpdateOptions>>({
  blank: fc.constantFrom('clear', 'clear', 'keep', 'reject'),
  nullValues: fc.constantFrom([], [], ['NULL'], ['gold', 'DE', '+49151120001', 'p1@example.com']),
  literals: fc.constantFrom([], ['NULL', '#N/A']),
})
export const common = { ignoreColumns: ['set aside'], maxErrors: '100%' }
