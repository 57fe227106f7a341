/**
 * What Update Customer refuses, with the documented code if there is one (docs, "Customer Errors", "Address Errors", "Wallet
 * Errors"). For wrong types and unknown fields none is documented: `INVALID_FIELDS - [FIELD]`.
 */
import type { JsonObject, JsonValue } from '../model/json.ts'
import { isJsonObject, isList } from '../model/json.ts'
import { refusal } from './answers.ts'
import type { Answer } from './answers.ts'

type FieldRule = (value: JsonValue, field: string) => Answer | undefined

const invalidField = (field: string) =>
  refusal(400, 'INVALID_FIELDS', 'The request has invalid fields.', field)
export const couponSpent = () => refusal(400, 'ERROR_COUPON_WAS_USED_OR_OUT_OF_DATE')
/** Ids with this text are unknown: so a file can meet the refusal. */
const noSuch = /NO_SUCH_/

/** Accepts a text that matches, or a blank, which clears. Another type is an invalid field; another text gets the code. */
function text(pattern?: RegExp, code?: string, not?: RegExp): FieldRule {
  return (value, field) => {
    if (typeof value !== 'string') return invalidField(field)
    if (value === '' || pattern === undefined) return undefined
    if (pattern.test(value) && !not?.test(value)) return undefined
    return code === undefined ? invalidField(field) : refusal(400, code)
  }
}

/** Digits without a plus sign are valid too (measured). */
const phone = /^\+?[1-9]\d{5,14}$/
const country = text(/^[A-Z]{2}$/)
const metadata: FieldRule = (value, field) =>
  value === '' || isJsonObject(value) ? undefined : invalidField(field)

const couponId = text(/^[A-Za-z0-9_]+$/, 'ERROR_GET_COUPON', noSuch)
const coupon: FieldRule = (value, field) => {
  const isSpent = typeof value === 'string' && /USED_UP|OUT_OF_DATE/.test(value)
  return couponId(value, field) ?? (isSpent ? couponSpent() : undefined)
}

const customerRules: ReadonlyMap<string, FieldRule> = new Map<string, FieldRule>([
  ['name', text()],
  ['email', text(/^(?=.{3,512}$)[^\s@]+@[^\s@]+\.[^\s@.]+$/, 'INVALID_CUSTOMER_EMAIL')],
  ['phone_number', text(phone, 'INVALID_CUSTOMER_PHONE_NUMBER')],
  ['description', text()],
  ['business_vat_id', text()],
  ['invoice_prefix', text()],
  ['default_payment_method', text(/^(card|other)_[A-Za-z0-9_]+$/, 'ERROR_GET_PAYMENT_METHOD', noSuch)],
  ['ewallet', text(/^ewallet_[A-Za-z0-9_]+$/, 'ERROR_GET_EWALLET', noSuch)],
  ['coupon', coupon],
  ['addresses', addresses],
  ['metadata', metadata],
  ['date_of_birth', text(/^\d{2}\/\d{2}\/\d{4}$/)],
  ['birth_country', country],
  ['nationality', country],
  ['occupation', text(/^.{1,35}$/su)],
])

const addressRules: ReadonlyMap<string, FieldRule> = new Map<string, FieldRule>([
  ...['name', 'line_1', 'line_2', 'line_3', 'city', 'district', 'canton', 'state', 'zip'].map(
    (name): [string, FieldRule] => [name, text()],
  ),
  ['country', country],
  ['phone_number', text(phone, 'INVALID_ADDRESS_PHONE_NUMBER')],
  ['metadata', metadata],
])

/** The refusal of this body of Update Customer, for any customer. Returns undefined if it is valid. */
export function checkUpdate(body: JsonObject): Answer | undefined {
  return checkFields(body, customerRules)
}

function checkFields(fields: JsonObject, rules: ReadonlyMap<string, FieldRule>): Answer | undefined {
  for (const [field, value] of Object.entries(fields)) {
    const rule = rules.get(field)
    const refused = rule === undefined ? invalidField(field) : rule(value, field)
    if (refused !== undefined) return refused
  }
  return undefined
}

/** New addresses, each with the two fields that Create Address requires; a blank clears them all. */
function addresses(value: JsonValue): Answer | undefined {
  if (value === '') return undefined
  if (!isList(value)) return refusal(400, 'INVALID_ADDRESSES_FORMAT')
  for (const item of value) {
    if (!isJsonObject(item)) return refusal(400, 'INVALID_ADDRESSES_FORMAT')
    if (!item['name']) return refusal(400, 'INVALID_ADDRESS_NAME')
    if (!item['line_1']) return refusal(400, 'INVALID_ADDRESS_LINE_1')
    const refused = checkFields(item, addressRules)
    if (refused !== undefined) return refused
  }
  return undefined
}
