/**
 * What a customer holds, compared with what a patch asks for. A snapshot is the part of a customer that Update Customer can
 * write, by the names of its fields. Its `coupon` is the id of the coupon of the discount.
 */
import { isJsonObject, isList, type JsonObject, type JsonValue } from '../model/json.ts'
import { findCustomerField } from './customer-fields.ts'

/** `not_shown`: the answer proves neither. */
export type FieldMatch = 'holds' | 'differs' | 'not_shown'

/** The named fields of a customer, if Rapyd shows them. */
export function toSnapshot(customer: JsonObject, fields: Iterable<string>): JsonObject {
  const snapshot: Record<string, JsonValue> = {}
  for (const field of fields) {
    const value = field === 'coupon' ? couponOf(customer) : ownValue(customer, field)
    if (value !== undefined) snapshot[field] = value
  }
  return snapshot
}

/** The snapshot that is kept before a row. A removed discount cannot be made again, so all of it is kept for people. */
export function toBeforeImage(customer: JsonObject, fields: ReadonlySet<string>): JsonObject {
  const discount = ownValue(customer, 'discount')
  const isKept = fields.has('coupon') && discount !== undefined && !isEmpty(discount)
  return { ...toSnapshot(customer, fields), ...(isKept ? { discount } : {}) }
}

/** True if the customer shows that it has no discount. */
export function hasNoDiscount(customer: JsonObject): boolean {
  return Object.hasOwn(customer, 'discount') && isEmpty(customer['discount'])
}

/** Empty if there is no discount, undefined if it is not shown. A discount that does not show its coupon is kept as it is. */
function couponOf(customer: JsonObject): JsonValue | undefined {
  const discount = ownValue(customer, 'discount')
  if (discount === undefined) return undefined
  if (isEmpty(discount)) return ''
  const coupon = isJsonObject(discount) ? discount['coupon'] : undefined
  return (isJsonObject(coupon) ? coupon['id'] : undefined) ?? discount
}

/**
 * Compares only what `wanted` names: other keys of metadata and older addresses do not count. A blank matches an empty value. By
 * default a value that Rapyd writes in its own way is held; `isSame` may be stricter.
 */
export function compareField(
  field: string,
  wanted: JsonValue,
  snapshot: JsonObject,
  isSame: (value: JsonValue, wanted: JsonValue, field: string) => boolean = isHeld,
): FieldMatch {
  const value = ownValue(snapshot, field)
  // Every customer shows its discount, if only as null.
  if (isHidden(field, snapshot) || (field === 'coupon' && value === undefined)) return 'not_shown'
  if (wanted === '') return isEmpty(value) ? 'holds' : 'differs'
  if (value === undefined || (field === 'coupon' && typeof value === 'object')) return 'not_shown'
  return isSame(value, wanted, field) ? 'holds' : 'differs'
}

/** True if the customer holds all that a patch sets, as Rapyd may write it. */
export function holdsPatch(patch: JsonObject, customer: JsonObject): boolean {
  const snapshot = toSnapshot(customer, Object.keys(patch))
  return Object.entries(patch).every(([field, wanted]) => compareField(field, wanted, snapshot) === 'holds')
}

/**
 * True if `value` is `wanted` as Rapyd may write it: texts after NFC and trimming, e-mail addresses without case, phone numbers by
 * their digits, scalars of metadata as texts. `name` is that of the field or member; empty inside metadata.
 */
export function isHeld(
  value: JsonValue | undefined,
  wanted: JsonValue,
  name: string,
  isSame: typeof isSameText = isSameText,
): boolean {
  if (isList(wanted)) {
    const items = isList(value) ? value : []
    if (name === 'addresses')
      return wanted.every((item) => items.some((held) => isHeld(held, item, 'address', isSame)))
    return items.length === wanted.length && wanted.every((item, at) => isHeld(items[at], item, '', isSame))
  }
  if (isJsonObject(wanted)) {
    const isData = name === 'metadata' || name === ''
    return (
      isJsonObject(value) &&
      Object.entries(wanted).every(([key, item]) =>
        isHeld(ownValue(value, key), item, isData ? '' : key, isSame),
      )
    )
  }
  if (wanted === '' || wanted === null) return isEmpty(value)
  return typeof value !== 'object' && value !== undefined && isSame(value, wanted, name)
}

/** As `isHeld`, but for values that Rapyd writes in its own way. What Rapyd adds (ids, times, older addresses) does not count. */
export function holdsAll(value: JsonValue | undefined, wanted: JsonValue, name: string): boolean {
  return isHeld(value, wanted, name, (held, text) => held === text)
}

function isSameText(held: Scalar, wanted: Scalar, name: string): boolean {
  return held === wanted || plainText(held, name) === plainText(wanted, name)
}

type Scalar = string | number | boolean

function plainText(value: Scalar, name: string): string {
  const text = String(value).normalize('NFC').trim()
  if (name === 'email') return text.toLowerCase()
  return name === 'phone_number' ? text.replaceAll(/\D/g, '') : text
}

/** True if `snapshot` lacks a field that Rapyd may have without showing it. Other fields count as empty if they are absent. */
export function isHidden(field: string, snapshot: JsonObject): boolean {
  return findCustomerField(field)?.isUndocumentedInAnswers === true && !Object.hasOwn(snapshot, field)
}

/**
 * The snapshot after the patch is applied: metadata is merged by key and addresses are appended (rapyd-api.md, 5.1 and 5.3,
 * both inferred). Every other field is replaced.
 */
export function afterPatch(snapshot: JsonObject, patch: JsonObject): JsonObject {
  const after: Record<string, JsonValue> = { ...snapshot }
  for (const [field, wanted] of Object.entries(patch))
    after[field] = afterField(snapshot[field], wanted, field)
  return after
}

function afterField(value: JsonValue | undefined, wanted: JsonValue, field: string): JsonValue {
  if (field === 'metadata') {
    if (!isJsonObject(wanted)) return {}
    return mergeKeys(value, wanted)
  }
  if (field !== 'addresses') return wanted
  if (!isList(wanted)) return []
  return [...(isList(value) ? value : []), ...wanted]
}

/** Everything that `held` has, with `own` on top. Objects inside are merged the same way, since a path names a key in one. */
export function mergeKeys(held: JsonValue | undefined, own: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = isJsonObject(held) ? { ...held } : {}
  for (const [key, value] of Object.entries(own))
    merged[key] = isJsonObject(value) ? mergeKeys(ownValue(merged, key), value) : value
  return merged
}

/** Names come from a file, and `constructor` and `toString` are on every object. */
export function ownValue(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

export function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
