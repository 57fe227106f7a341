/** Files in which each cell holds a canary: in every column, in every form that a cell has been seen in. */
import tables from '../../../src/rapyd/customer-fields.json' with { type: 'json' }
import { lineOf } from './nights.ts'

/** Whoever shows a cell shows one of them, in whatever case. */
const word = 'zqvxk'
const digits = '73918264'
/** In keys, which are names of fields: they may be shown, and never in run.log. */
export const keyCanary = 'nkqzy'
export const canary = new RegExp(`${word}|${digits}`, 'i')

/** A value that its field takes, with a canary if it can have one. */
const values: Readonly<Record<string, string>> = {
  email: `${word}@example.com`,
  phone: `+4930${digits}`,
  // The simulator knows no wallet, payment method or coupon.
  default_payment_method: '',
  ewallet: '',
  coupon: '',
  date: '04/05/1990',
  country: 'DE',
}

/** What cells have been seen to hold. */
const forms = [
  '',
  `${word}@@example`,
  `${word} <${word}@example.com>`,
  `+49 (0) 30 ${digits}`,
  `00${digits}`,
  digits,
  `0${digits}`,
  `${digits}.0`,
  `4.${digits}E+11`,
  `="${word}"`,
  `'=${word}`,
  `<b>${word}</b>`,
  `O&#039;${word}`,
  `#${word}`,
  `#${digits}`,
  ` ${word} `,
  `${word}\u200b`,
  `${word}\u0000`,
  `\u001b[2J${word}`,
  `${word}\nand ${word}`,
  `Ã¼${word}`,
  `${word}\ufffd`,
  `cus_${word}`,
  `card_${word}`,
  `ewallet_${word}`,
  `{"${word}":"${word}"}`,
  `[${word}`,
  `${digits}/${digits}`,
  `32/13/${digits}`,
  `N/A ${word}`,
  word.repeat(30),
  word.repeat(200),
]

/** Columns and the rules of their cells. */
const rules = new Map<string, string | undefined>()
for (const { name, rule } of tables.customer)
  if (name !== 'addresses' && name !== 'metadata') rules.set(name, rule)
for (const { name, rule } of tables.address)
  if (rule !== undefined || name === 'name' || name === 'line_1') rules.set(`addresses[0].${name}`, rule)
rules.set('metadata.tier', undefined).set('Extra', undefined)

const columns = [...rules.keys()]
const usual = columns.map((name) => values[name] ?? values[rules.get(name) ?? ''] ?? word)

const customer = (row: number) => `cus_${String(row).padStart(32, '0')}`
/** What could be an id is shown as one. */
const noIds = forms.filter((form) => !form.startsWith('cus_'))

const ruled = columns.filter((name) => rules.get(name) !== undefined)
/** All columns of texts, and the others three at a time. */
const groups = [
  columns.filter((name) => !ruled.includes(name)),
  ...[0, 3, 6, 9, 12, 15].map((from) => ruled.slice(from, from + 3)),
]

/** Each row has cells of another form than their fields take, or a form of the id, or is no row. */
export function canaryCsv(): string {
  const rows = forms.flatMap((form) =>
    groups.map((group) => columns.map((name, at) => (group.includes(name) ? form : (usual[at] ?? '')))),
  )
  const lines = [
    ['customer', ...columns],
    ...[usual, ...rows].map((cells, at) => [customer(at + 1)].concat(cells)),
    ...noIds.map((form) => [form].concat(usual)),
    [customer(1), word],
    [customer(1), ...usual, word, digits],
  ]
  const broken = `${customer(2)},"${word}"${word},${digits}\n`
  return lines.map((cells) => `${lineOf(cells)}\n`).join('') + broken
}

/** The same of objects: keys, values of all types, and lines that are no objects. */
export function canaryNdjson(): string {
  const key = keyCanary
  const nested = [word, Number(digits), [word], { [key]: word }, { [key]: { [key]: [word] } }, null, true]
  const fields = ['name', 'email', 'date_of_birth', 'addresses', 'metadata', 'coupon']
  const names = [...fields, key, `${key}.${key}`, `metadata.${key}`]
  const parts = [
    ...names.flatMap((name) => [...nested, ...forms].map((value) => ({ [name]: value }))),
    ...[...nested, ...noIds].map((value) => ({ customer: value })),
    { addresses: [{ [key]: word, line_1: word, country: word }] },
    { metadata: { [key]: [word], [`${key}s`]: word } },
  ]
  const base = { name: word, email: values['email'], phone_number: values['phone'] }
  return [
    ...parts.map((part, at) => JSON.stringify(Object.assign({ customer: customer(at + 1) }, base, part))),
    `{"customer":"${customer(1)}","name":"${word}","name":"${digits}"}`,
    `{"customer":"${customer(1)}","${key}":"${word}","${key}":1}`,
    `{"customer":"${customer(1)}","name":"${word}`,
    `{"customer":"${customer(1)}","name":${word}}`,
    `{"customer":"${customer(1)}","metadata":{"${key}":${digits}.50}}`,
    `"${word}"`,
    `[${digits}]`,
    word,
    '',
  ].join('\n')
}

/** A mapping whose words are cells: what is replaced, what every row sets, and what stands for a blank. */
export const canaryMap = `customer: customer
columns:
  Extra: ignore
  default_payment_method: { field: default_payment_method, blank: keep }
  ewallet: { field: ewallet, blank: keep }
  coupon: { field: coupon, blank: keep }
  name: { field: name, transform: [trim, { replace: { '${word}a': x, '${word}  ': y } }] }
  occupation: { field: occupation, blank: { clear_with: ${word} } }
  description: { field: metadata.note, transform: html }
constants:
  metadata.source: ${word}
joined:
  metadata.all: [birth_country, nationality]
`
