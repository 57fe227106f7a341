/** Rows that are counted as bytes: whatever the file, everything is as if each of them had been read. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkInput } from '../../src/guard/check-input.ts'
import { countingPass } from '../../src/plain-rows/counting-pass.ts'
import { openExamination } from '../../src/validate/examination.ts'
import { openInput } from '../../src/input/bytes.ts'
import type { InputFile } from '../../src/input/bytes.ts'
import { readHead } from '../../src/input/header.ts'
import { loadMapping } from '../../src/mapping/mapping-file.ts'
import type { UpdateOptions } from '../../src/options.ts'
import type { Examiner } from '../../src/pipeline/ports.ts'
import { createCountedCustomers } from '../../src/store/counted-customers.ts'
import { freshFolder } from '../support/command.ts'
import type { Folder } from '../support/command.ts'

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

/** The same file in blocks of that many bytes. */
function inBlocks(file: InputFile, size: number): InputFile {
  return {
    ...file,
    async *blocks(offset) {
      for await (const block of file.blocks(offset))
        for (let at = 0; at < block.length; at += size) yield block.subarray(at, at + size)
    },
  }
}

interface Look {
  readonly counts: unknown
  readonly invalid: readonly unknown[]
  readonly defects: readonly unknown[]
  /** Rows that were counted as bytes. */
  readonly plain: number
}

/** What `validate` makes of a file. */
async function lookAt(
  input: string,
  given: Partial<UpdateOptions>,
  { asBytes, blockSize, streams }: { asBytes: boolean; blockSize: number; streams: boolean },
): Promise<Look | string> {
  const options = { input, ...given }
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openInput(input)
  const customers = createCountedCustomers(tmpdir())
  const [invalid, defects]: [unknown[], unknown[]] = [[], []]
  try {
    const head = await readHead(file, { format: undefined, delimiter: undefined })
    const examination = openExamination({
      head,
      options,
      mapping,
      customers,
      onDefect: streams ? (defect) => defects.push(defect) : undefined,
      onRefused: (row, problems) => defects.push({ row, problems }),
    })
    const { plainRows, doubted } = examination
    const counting = countingPass(
      inBlocks(file, blockSize),
      head,
      customers,
      asBytes ? { plainRows, doubted } : { plainRows: undefined, doubted },
      () => Promise.resolve(),
    )
    let begun = 0
    const examiner: Examiner = {
      ...examination,
      begin(row) {
        begun++
        examination.begin(row)
      },
    }
    const checked = await checkInput({
      file,
      head,
      options,
      mapping,
      counting,
      examiner,
      signal: new AbortController().signal,
      onInvalid: (outcome, columnOf) => invalid.push([outcome, columnOf()]),
    })
    const { found, refusal } = checked
    const fields = { set: [...found.set], cleared: [...found.cleared], refusal: String(refusal) }
    const counts = { ...found, ...fields, ...examination.finish() }
    return { counts, invalid, defects, plain: found.rows - begun }
  } catch (error) {
    return String(error)
  } finally {
    customers.close()
    await file.close()
  }
}

/** Gives how many of its rows were counted as bytes; -1 where the file cannot be read at all. */
async function expectSame(
  text: string | Buffer,
  options: Partial<UpdateOptions> = {},
  blockSize = 1 << 20,
  streams = false,
): Promise<number> {
  const input = join(folder.path, 'crm.csv')
  writeFileSync(input, text)
  const asBytes = await lookAt(input, options, { asBytes: true, blockSize, streams })
  const asTexts = await lookAt(input, options, { asBytes: false, blockSize, streams })
  if (typeof asBytes === 'string') {
    expect(asBytes).toEqual(asTexts)
    return -1
  }
  expect({ ...asBytes, plain: 0 }).toEqual(asTexts)
  return asBytes.plain
}

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`
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
const header = columns.map(([name]) => name).join(',')

const written = (text: string, inQuotes: boolean): string =>
  inQuotes || /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
const fineRow = fc.tuple(...columns.map(([, fine]) => fine))
const someCell = fc
  .nat(columns.length - 1)
  .chain((at) => one(...(columns[at]?.[2] ?? [''])).map((text) => ({ at, text })))
const someRow = fc
  .record({ fine: fineRow, odd: fc.option(someCell, { freq: 4 }), quoted: fc.nat(40), blank: fc.nat(20) })
  .map(({ fine, odd, quoted, blank }) =>
    fine
      .map((text, at) => (at === odd?.at ? odd.text : blank === 0 && at > 0 ? '' : text))
      .map((text, at) => written(text, at === quoted))
      .join(','),
  )
const someFile = fc
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
const someOptions = fc.record<Partial<UpdateOptions>>({
  blank: fc.constantFrom('clear', 'clear', 'keep', 'reject'),
  nullValues: fc.constantFrom([], [], ['NULL'], ['gold', 'DE', '+49151120001', 'p1@example.com']),
  literals: fc.constantFrom([], ['NULL', '#N/A']),
})
const common = { ignoreColumns: ['set aside'], maxErrors: '100%' }

const settings = { blockSize: fc.integer({ min: 300, max: 30_000 }), streams: fc.boolean() }

describe('rows that are counted as bytes', () => {
  it('give what they give when they are read, whatever stands in their cells', async () => {
    let plain = 0
    await fc.assert(
      fc.asyncProperty(fc.record({ text: someFile, options: someOptions, ...settings }), async (given) => {
        const { text, options, blockSize, streams } = given
        plain += await expectSame(text, { ...common, ...options }, blockSize, streams)
      }),
      { numRuns: 80, endOnFailure: true },
    )
    expect(plain).toBeGreaterThan(500)
  })

  it('do so in files with characters where they do not belong', async () => {
    const noises = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), noise }), {
      maxLength: 6,
    })
    await fc.assert(
      fc.asyncProperty(someFile, noises, settings.blockSize, async (file, added, blockSize) => {
        let text = file
        for (const { at, noise: more } of added) {
          const index = header.length + 1 + Math.floor(at * (text.length - header.length))
          text = text.slice(0, index) + more + text.slice(index)
        }
        await expectSame(text, common, blockSize)
      }),
      { numRuns: 80, endOnFailure: true },
    )
  })

  it('do so under a mapping', async () => {
    const map = join(folder.path, 'mapping.yaml')
    writeFileSync(
      map,
      [
        'columns:',
        '  email: { field: email, transform: [trim, lowercase] }',
        '  phone_number: { field: phone_number, transform: { phone: DE } }',
        '  business_vat_id: { field: metadata.vat, transform: uppercase, blank: keep }',
        '  occupation: { field: occupation, blank: reject }',
        '  ewallet: { field: metadata.wallet, blank: { clear_with: none } }',
        '  metadata.tier: { field: metadata.tier, transform: { replace: { gold: silver } } }',
        '  set aside: ignore',
        'constants: { invoice_prefix: ACME-, metadata.source: crm }',
      ].join('\n'),
    )
    let plain = 0
    await fc.assert(
      fc.asyncProperty(fc.record({ text: someFile, options: someOptions, ...settings }), async (given) => {
        const { text, options, blockSize, streams } = given
        plain += await expectSame(text, { maxErrors: '100%', map, ...options }, blockSize, streams)
      }),
      { numRuns: 40, endOnFailure: true },
    )
    expect(plain).toBeGreaterThan(200)
  })

  it.each([
    'columns: { description: [description, metadata.note] }',
    'columns: {}\njoined: { name: { columns: [metadata.first, metadata.last], separator: " " } }',
    'columns: {}\nconstants: { email: a@example.com }',
    'columns: {}\nconstants: { invoice_prefix: "" }',
  ])('are none under %j, where cells do not stand for themselves', async (text) => {
    const map = join(folder.path, 'mapping.yaml')
    writeFileSync(map, text)
    const rows = Array.from({ length: 20 }, (_, number) => `${id(number)},Ann,Lee,A text`)
    const file = ['customer,metadata.first,metadata.last,description', ...rows, ''].join('\n')
    expect(await expectSame(file, { map })).toBe(0)
  })

  it('are no rows that an errors file keeps as one text', async () => {
    const names = [
      ...Array.from({ length: 20 }, (_, number) => `Ann ${number}`),
      'rapyd_bulk_raw: x',
      'rapyd',
    ]
    const file = ['name,customer', ...names.map((name, number) => `${name},${id(number)}`), ''].join('\n')
    expect(await expectSame(file, common)).toBeGreaterThan(15)
  })

  it('do so behind a record that is too long to be read as bytes, and in a quote that is never closed', async () => {
    const row = (number: number, note: string) => `${id(number)},Ann ${number},"${note}"`
    const rows = (from: number) => Array.from({ length: 2_000 }, (_, index) => row(from + index, 'a, b'))
    const file = (long: string) =>
      ['customer,name,metadata.note', ...rows(1), long, ...rows(5_000), ''].join('\n')
    const long = 'x'.repeat(1_200_000)
    expect(await expectSame(file(row(4_000, long)), common, 100_000)).toBeGreaterThan(1_900)
    expect(await expectSame(file(`${id(4_000)},${long.repeat(4)},`), common, 100_000)).toBeGreaterThan(1_900)
    await expectSame(file(`${row(4_000, long)}"`.slice(0, -2)), common, 100_000)
    await expectSame(`${file('')}${id(4_000)},Ann,"never\nclosed`, common, 100_000)
    await expectSame(`${file('')}${id(4_000)},Ann,"${long.repeat(4)}`, common, 100_000)
  })
})
