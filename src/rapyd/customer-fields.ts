/**
 * What Update Customer takes: the customer id, the fields, and the rules of their values. Documented rules are errors;
 * what the documentation leaves open is a warning.
 */
import type { ErrorCode, OnWarning, Problem } from '../model/errors.ts'
import { findInvisible } from '../model/invisible.ts'
import { isJsonObject, valueAt, type JsonObject, type JsonValue } from '../model/json.ts'
import { fieldOf, type PatchedRow } from '../model/row.ts'
import { decodeHtml, hasFraction, unguard } from '../model/wrappers.ts'
import { describeEmailDefect, isEmail } from './email.ts'
import alpha2Codes from './countries.json' with { type: 'json' }
import tables from './customer-fields.json' with { type: 'json' }

/** A blank id would make the path of Create Customer, and a slash another path. */
const wellFormed = /^cus_[A-Za-z0-9_-]{1,64}$/

export function isCustomerId(text: string): boolean {
  return wellFormed.test(text)
}

/** The only form seen in practice. Rapyd documents only the prefix. */
const usualForm = /^cus_[0-9a-f]{32}$/

const otherId = /^(?:ewallet|card|other|address|payment|coupon|sub|invoice|disc?|checkout|payout|refund)_\w/
const numberOrDate = /^[\d.,/:+E\s-]+$/i

/** The message for a text that is not a customer id. */
export function describeIdDefect(text: string): string {
  if (text === '') return 'not a customer id: it is blank'
  const wrapper = findWrapper('E_ID', text)
  if (wrapper !== undefined) return `not a customer id: it ${wrapper.message}`
  if (text !== text.trim() && isCustomerId(text.trim())) return 'not a customer id: spaces stand around it'
  const [inner, another] = new Set(text.match(/cus_[A-Za-z0-9]{8,64}(?!\w)/g))
  if (another !== undefined) return 'not a customer id: several ids in one cell'
  if (inner !== undefined) return 'not a customer id: other text stands around it'
  if (otherId.test(text)) return 'not a customer id: an id of another kind'
  if (text.length <= 40 && numberOrDate.test(text))
    return 'not a customer id: a number or date, as of a spreadsheet or another system'
  return 'not a customer id'
}

/** What is wrong with a value. The message never holds the value. */
export type CellDefect = Omit<Problem, 'field'>

/** Takes a text that is not empty; returns undefined if it is valid. Patterns are linear: they run for every cell. */
export interface Rule {
  (text: string): CellDefect | undefined
  /** The same without a description, which takes longer. */
  readonly isValid?: (text: string) => boolean
}

export const passes = (given: Rule): ((text: string) => boolean) =>
  given.isValid ?? ((text) => given(text) === undefined)

/** The problem of an invalid text names first what was written around it or into it. */
function rule(code: ErrorCode, describe: (text: string) => string, isValid: (text: string) => boolean): Rule {
  function find(text: string): CellDefect | undefined {
    return isValid(text) ? undefined : (findWrapper(code, text) ?? { code, message: describe(text) })
  }
  return Object.assign(find, { isValid })
}

/** Names what an export has written around or into a value of a fixed form. */
export function findWrapper(code: ErrorCode, text: string): CellDefect | undefined {
  const invisible = findInvisibleDefect(code, text)
  if (invisible !== undefined) return invisible
  if (decodeHtml(text) !== text) return { code, message: 'holds HTML entities or tags' }
  return unguard(text, code !== 'E_EMAIL') === undefined
    ? undefined
    : { code, message: 'has quotes or a guard against formulas around it' }
}

/** Names the first character that cannot be seen. */
function findInvisibleDefect(code: ErrorCode, text: string): CellDefect | undefined {
  const point = findInvisible(text)
  return point === undefined
    ? undefined
    : { code, message: `holds a character that cannot be seen (${point})` }
}

const e164 = /^\+[1-9]\d{6,14}$/
const countries: ReadonlySet<string> = new Set(alpha2Codes)

/** A real day of the years from 1000 on. */
export function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day))
  return year >= 1000 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

/** Documented: "valid email", at most 512 characters. */
export const emailRule = rule('E_EMAIL', describeEmailDefect, isEmail)

/** E.164 with its plus sign. Rapyd accepts digits alone too, but then a lost zero and a lost plus look the same. */
export const phoneRule = rule('E_PHONE', describePhoneDefect, (text) => e164.test(text))

const phoneDefects = tables.phoneDefects.map(({ pattern, message }) => ({
  pattern: new RegExp(pattern, 'iu'),
  message,
}))

function describePhoneDefect(text: string): string {
  if (hasFraction(text)) return 'a phone number with a fraction, as of a column of decimal numbers'
  const known = phoneDefects.find(({ pattern }) => text.length <= 40 && pattern.test(text))
  return known?.message ?? 'not a phone number in E.164 form'
}

/** ISO 3166-1 alpha-2, upper case. */
export const countryRule = rule(
  'E_COUNTRY',
  () => 'not an ISO 3166-1 alpha-2 country code',
  (text) => countries.has(text),
)

/** DD/MM/YYYY. */
export const dateRule = rule('E_DATE', describeDateDefect, (text) => {
  const [, day, month, year] = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text) ?? []
  return isDay(Number(year), Number(month), Number(day))
})

function describeDateDefect(text: string): string {
  return /^\d{5}(?:\.0+)?$/.test(text)
    ? 'a number, as spreadsheets keep dates'
    : 'not a date of the form DD/MM/YYYY'
}

/** Any text. */
const occupationRule: Rule = (text) =>
  text.length <= 35 || Array.from(text).length <= 35
    ? undefined
    : { code: 'E_TOO_LARGE', message: 'longer than 35 characters' }

export const paymentMethodRule = rule(
  'E_PAYMENT_METHOD',
  () => 'not the id of a payment method (card_… or other_…)',
  (text) => /^(?:card|other)_[!-~]+$/.test(text),
)

export const ewalletRule = rule(
  'E_EWALLET',
  () => 'not the id of a wallet (ewallet_…)',
  (text) => /^ewallet_[!-~]+$/.test(text),
)

/** For codes without a form of their own. */
export const codeRule: Rule = (text) => findInvisibleDefect('E_INVISIBLE_CHAR', text)

/** False for fields that take any text. */
export function hasForm(given: Rule | undefined): boolean {
  return given !== undefined && given !== occupationRule
}

/** False also for fields that take any text of a code: they may hold damaged texts. */
export function isStrictRule(given: Rule | undefined): boolean {
  return hasForm(given) && given !== codeRule
}

export interface CustomerField {
  readonly name: string
  readonly type: 'text' | 'addresses' | 'metadata'
  readonly rule?: Rule
  /** The warning for an empty string in this field: what Rapyd leaves open about it. */
  readonly clearWarning?: string
  /** The documented customer (rapyd-api.md, 5.2) has no such field. If an answer lacks it, its value is unknown. */
  readonly isUndocumentedInAnswers?: boolean
}

const rules = new Map<string | undefined, Rule>([
  ['email', emailRule],
  ['phone', phoneRule],
  ['country', countryRule],
  ['date', dateRule],
  ['occupation', occupationRule],
  ['paymentMethod', paymentMethodRule],
  ['ewallet', ewalletRule],
  ['code', codeRule],
])

function toField(entry: Omit<CustomerField, 'type' | 'rule'> & { readonly rule?: string }): CustomerField {
  const { rule: ruleName, ...field } = entry
  const found = rules.get(ruleName)
  if (found === undefined && ruleName !== undefined) throw new Error(`no rule ${ruleName}`)
  const type = field.name === 'addresses' || field.name === 'metadata' ? field.name : 'text'
  return { ...field, type, ...(found === undefined ? {} : { rule: found }) }
}

export const customerFields: readonly CustomerField[] = tables.customer.map(toField)
/** Fields of one item of `addresses`. */
export const addressFields: readonly CustomerField[] = tables.address.map(toField)

/** Where a column or key goes: a field, or a place inside `addresses` or `metadata`. */
export interface Target {
  /** Its name in messages and reports: `addresses[0].line_1`. */
  readonly path: string
  /** The number of the address that contains it, from 0. */
  readonly address?: number
  /** Its keys, from the top of the patch or of its address. */
  readonly keys: readonly string[]
  /** `any` inside metadata: every JSON value. */
  readonly holds: CustomerField['type'] | 'any'
  readonly rule?: Rule | undefined
}

export interface TargetValue {
  readonly target: Target
  readonly value: JsonValue
}

/** The problem of a value that the field at `path` cannot hold. */
export function badType(path: string): Problem {
  const isMetadata = path === 'metadata' || path.endsWith('].metadata')
  const needed = path === 'addresses' ? 'a JSON array of objects' : isMetadata ? 'a JSON object' : 'text'
  return { code: 'E_TYPE', field: path, message: `not ${needed}` }
}

export function isAddressList(value: unknown): value is readonly JsonObject[] {
  return Array.isArray(value) && value.every(isJsonObject)
}

const customerFieldsByName = new Map(customerFields.map((field) => [field.name, field]))
const addressFieldsByName = new Map(addressFields.map((field) => [field.name, field]))

export function isCustomerField(name: string): boolean {
  return customerFieldsByName.has(name)
}

export function findCustomerField(name: string): CustomerField | undefined {
  return customerFieldsByName.get(name)
}

export function findAddressField(name: string): CustomerField | undefined {
  return addressFieldsByName.get(name)
}

/** Warnings about a row that is still sent: unusual ids, and clears that Rapyd may refuse. */
export const rowWarnings = {
  unusualId(customerId: string, onWarning: OnWarning): void {
    if (!usualForm.test(customerId))
      onWarning('W_UNUSUAL_ID', 'customer', 'not cus_ and 32 lower-case hex digits, the only form seen')
  },
  clears({ patch, cleared }: PatchedRow, onWarning: OnWarning): void {
    for (const path of cleared) {
      const message = findCustomerField(fieldOf(path))?.clearWarning
      const keys = path.split(/[.[\]]+/).filter((key) => key !== '')
      // A mapping may clear with a value of its own, which needs no warning.
      if (message !== undefined && valueAt(patch, keys) === '') onWarning('W_DOUBTFUL_CLEAR', path, message)
    }
  },
}
