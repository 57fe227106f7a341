/** Characters that nobody sees: refused in addresses, ids, phone numbers and codes; found and fixed at the ends of texts. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freshFolder, type Folder } from './support/command.ts'

const id = (number: number) => `cus_${number.toString(16).padStart(32, '0')}`

/** Rows of a customer and the cell. */
const rowsWith = (cells: readonly string[]) => cells.map((cell, row) => `${id(row)},${cell}\n`).join('')

interface Found {
  readonly code: string
  readonly message: string
  readonly tip: string
  readonly firstRow: number
  readonly column: { readonly name: string }
}

let folder: Folder
beforeEach(() => {
  folder = freshFolder()
})
afterEach(() => folder.remove())

async function examine(text: string, ...args: readonly string[]) {
  folder.write('crm.csv', text)
  const limits = ['--max-errors', '100%', '--max-clears', '100%']
  const { stdout, stderr } = await folder.run(['validate', 'crm.csv', '--json', ...limits, ...args])
  expect(stdout, stderr).not.toBe('')
  const result: {
    readonly invalid: number
    readonly findings: readonly Found[]
    readonly warnings: readonly Found[]
  } = JSON.parse(stdout)
  return result
}

const fixed = () => readFileSync(join(folder.path, 'fixed.csv'), 'utf8')

it('in an e-mail address they make the row invalid, and are removed at its ends', async () => {
  const emails = [
    'eve\u200b@example.com',
    'eve@example.com\u200b',
    'eve@example.com\u200e',
    'eve@example.com\u202c',
    'eve@exa\u00admple.com',
    'eve@example.com\u2060',
    'eve@example.com',
  ]
  const { invalid, findings } = await examine(`customer,email\n${rowsWith(emails)}`, '--fix', 'fixed.csv')
  expect(invalid).toBe(6)
  expect(findings.map(({ code, message }) => `${code} ${message}`).toSorted()).toEqual(
    ['U+00AD', 'U+200B', 'U+200E', 'U+202C', 'U+2060'].map(
      (point) => `E_EMAIL holds a character that cannot be seen (${point})`,
    ),
  )
  expect(findings[0]?.tip).toMatch(/^Delete the character/)
  const mended = emails.map((email) => (/\u200b@|\u00ad/.test(email) ? email : 'eve@example.com'))
  expect(fixed()).toBe(`customer,email\n${rowsWith(mended)}`)
})

describe('a cell of a fixed form', () => {
  it.each([
    ['email', 'E_EMAIL', 'ann@example.com'],
    ['phone_number', 'E_PHONE', '+14155550100'],
    ['ewallet', 'E_EWALLET', 'ewallet_12ab'],
    ['default_payment_method', 'E_PAYMENT_METHOD', 'card_12ab'],
    ['nationality', 'E_COUNTRY', 'DE'],
    ['date_of_birth', 'E_DATE', '31/12/1980'],
    ['coupon', 'E_INVISIBLE_CHAR', 'WELCOME10'],
    ['invoice_prefix', 'E_INVISIBLE_CHAR', 'INV-'],
    ['business_vat_id', 'E_INVISIBLE_CHAR', 'DE123456789'],
  ])('%s is %s, whatever the character is, and has a fix', async (field, code, good) => {
    const points = ['\u00a0', '\u200d', '\u3164', '\ufe0f', '\u2800', '\u{e0041}', '\u180e', '\u2028']
    const rows = points.map((point, row) => `${id(row)},${row % 2 === 0 ? point + good : good + point}\n`)
    const text = `customer,${field}\n${rows.join('')}`
    const { invalid, findings, warnings } = await examine(text, '--fix', 'fixed.csv')
    expect({ invalid, warnings }).toEqual({ invalid: points.length, warnings: [] })
    expect(new Set(findings.map((found) => found.code))).toEqual(new Set([code]))
    expect(new Set(findings.map(({ message }) => /U\+([0-9A-F]+)/.exec(message)?.[1]))).toEqual(
      new Set(['00A0', '180E', '200D', '2028', '2800', '3164', 'E0041', 'FE0F']),
    )
    expect(fixed()).toBe(`customer,${field}\n${points.map((_, row) => `${id(row)},${good}\n`).join('')}`)
  })

  it('is the customer id as well', async () => {
    const text = `customer,name\n${id(1)}\ufeff,A\n${id(2)}\u200b,B\n`
    const { findings } = await examine(text, '--fix', 'fixed.csv')
    expect(findings.map(({ code, message }) => `${code} ${message}`).toSorted()).toEqual([
      'E_ID not a customer id: it holds a character that cannot be seen (U+200B)',
      'E_ID not a customer id: it holds a character that cannot be seen (U+FEFF)',
    ])
    expect(fixed()).toBe(`customer,name\n${id(1)},A\n${id(2)},B\n`)
  })

  it('is a postcode as well, whose spaces become plain ones', async () => {
    const columns = 'customer,addresses[0].name,addresses[0].line_1,addresses[0].zip'
    const { findings } = await examine(`${columns}\n${id(1)},A,Main St,SW1A\u00a01AA\n`, '--fix', 'fixed.csv')
    expect(findings).toMatchObject([{ code: 'E_INVISIBLE_CHAR', column: { name: 'addresses[0].zip' } }])
    expect(fixed()).toBe(`${columns}\n${id(1)},A,Main St,SW1A 1AA\n`)
  })

  it('is named before what a transform says', async () => {
    folder.write('map.yaml', 'columns: { Phone: { field: phone_number, transform: { phone: DE } } }\n')
    const { findings } = await examine(
      `customer,Phone\n${id(1)},\u202a+49 30 123456\u202c\n`,
      '--map',
      'map.yaml',
      '--fix',
      'fixed.csv',
    )
    expect(findings).toMatchObject([
      { code: 'E_PHONE', message: 'holds a character that cannot be seen (U+202A)' },
    ])
    expect(fixed()).toBe(`customer,Phone\n${id(1)},+4930123456\n`)
  })
})

it('a cell of nothing else is a suspect blank and clears nothing', async () => {
  const cells = [
    '\u200b',
    '\u00a0',
    ' \u2060 ',
    '\u3164',
    '\u2800',
    '\u00ad\u200e',
    '\u3000',
    '\ufeff',
    '\u0085',
  ]
  const rows = cells.map((cell, row) => `${id(row)},${cell},${cell}\n`)
  const { invalid, findings } = await examine(`customer,name,metadata.tier\n${rows.join('')}`)
  expect(invalid).toBe(cells.length)
  expect(new Set(findings.map(({ code }) => code))).toEqual(new Set(['E_SUSPECT_BLANK']))
  expect(findings.map(({ message }) => message)).toContain(
    'holds only characters that cannot be seen (U+200B)',
  )
  expect((await examine(`customer,name\n${id(1)},\u200b\n`, '--null-values', '\u200b')).invalid).toBe(0)
})

describe('at the ends of a text', () => {
  it('they are a warning and have a fix, and so has a space in front', async () => {
    const latin = [
      'Ann\u200b',
      '\u200eAnn',
      'Ann\u00a0',
      'Ann \u2060 ',
      'Ann\u00ad',
      'Anna\ufe0f',
      'Ann\u200d',
      '\u2068Ann\u2069 Lee',
      '\u202aAnn\u202c \u202aLee\u202c',
    ]
    const others = [
      'علی\u200c',
      'שלום\u200f',
      '山田\u3000',
      '홍길동\u3164',
      'e\u0301\u200c',
      '😀\ufe0f\ufe0f',
      ' Jo ',
    ]
    const names = [...latin, ...others]
    const text = rowsWith(names)
    const { invalid, warnings } = await examine(`customer,name\n${text}`, '--fix', 'fixed.csv')
    expect(invalid).toBe(0)
    expect(new Set(warnings.map(({ code }) => code))).toEqual(new Set(['W_INVISIBLE_CHAR']))
    expect(warnings.map(({ message }) => message)).toContain(
      'holds a character that cannot be seen at an end (U+FE0F)',
    )
    const seen = [
      'Ann',
      'Ann',
      'Ann',
      'Ann',
      'Ann',
      'Anna',
      'Ann',
      'Ann Lee',
      'Ann Lee',
      'علی',
      'שלום',
      '山田',
      '홍길동',
      'e\u0301',
    ]
    const mended = [...seen, '😀\ufe0f', 'Jo'].map((name, row) => `${id(row)},${name}\n`)
    expect(fixed()).toBe(`customer,name\n${mended.join('')}`)
    expect(readFileSync(join(folder.path, 'fixed.csv.changes.csv'), 'utf8')).toContain(
      '\n1,2,2,name,W_INVISIBLE_CHAR,characters that cannot be seen removed at its ends\n',
    )
  })

  it('of one part of a joined field, they are fixed in the column of that part', async () => {
    folder.write('map.yaml', 'joined: { name: [First, Last] }\n')
    const { warnings } = await examine(
      `customer,First,Last\n${id(1)},Ann,Lee\u200b\n`,
      '--map',
      'map.yaml',
      '--fix',
      'fixed.csv',
    )
    expect(warnings).toMatchObject([{ code: 'W_INVISIBLE_CHAR', column: { name: 'Last' } }])
    expect(fixed()).toBe(`customer,First,Last\n${id(1)},Ann,Lee\n`)
  })

  it('they are found in NDJSON too, and a fix that makes a suspect blank is none', async () => {
    const lines = [
      `{"customer":"${id(1)}","name":"Ann\u200b"}`,
      `{"customer":"${id(2)}","name":"NULL\u200b"}`,
    ]
    folder.write('crm.ndjson', `${lines.join('\n')}\n`)
    const { stdout } = await folder.run(['validate', 'crm.ndjson', '--json', '--fix', 'fixed.ndjson'])
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [{ code: 'W_INVISIBLE_CHAR', rows: 1 }],
      findings: [{ code: 'E_SUSPECT_BLANK', rows: 1 }],
    })
    expect(readFileSync(join(folder.path, 'fixed.ndjson'), 'utf8')).toBe(
      `{"customer":"${id(1)}","name":"Ann"}\n${lines[1]}\n`,
    )
  })

  it('they belong to the text if a script or an emoji needs them', async () => {
    const letters = ['رضا\u200cزاده', 'هه\u200c', 'ه\u200d', 'రాజ్\u200c', 'രാജന്\u200d', 'র\u200d্যাব', 'ක්\u200dෂ']
    const emoji = [
      '❤\ufe0f',
      '👩\u200d💻',
      '1\ufe0f\u20e3',
      '辻\u{e0100}',
      '🏴\u{e0067}\u{e0062}\u{e007f}',
      '山田\u3000太郎',
    ]
    const names = [...letters, ...emoji, 'Ann \u2067שלום\u2069']
    const { invalid, warnings } = await examine(
      `customer,name,metadata.id\n${names.map((name, row) => `${id(row)},${name},${name}\n`).join('')}`,
    )
    expect({ invalid, warnings: warnings.filter(({ column }) => column.name === 'name') }).toEqual({
      invalid: 0,
      warnings: [],
    })
  })
})

it("inside a code of the user's own they are a warning", async () => {
  const { warnings } = await examine(`customer,metadata.crm_id,metadata.note\n${id(1)},47\u200b11,a\u200bb\n`)
  expect(warnings).toMatchObject([{ code: 'W_INVISIBLE_CHAR', column: { name: 'metadata.crm_id' } }])
})
