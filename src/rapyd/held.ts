/**
 * What a customer holds, beside what a patch asks for. An image is the part of a customer that Update Customer can write, by
 * the names of its fields; of a coupon it has the id, where the API shows the discount that it makes.
 */
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { customerField } from './customer-fields.ts'

/** `not_shown`: the answer proves nothing either way. */
export type Holding = 'holds' | 'differs' | 'not_shown'

/** The fields of a customer that are named, as far as Rapyd shows them. */
export function imageOf(customer: JsonObject, fields: Iterable<string>): JsonObject {
  const image: Record<string, JsonValue> = {}
  for (const field of fields) {
    const value = field === 'coupon' ? couponOf(ownValue(customer, 'discount')) : ownValue(customer, field)
    if (value !== undefined) image[field] = value
  }
  return image
}

/** Empty where there is no discount; a discount that does not show its coupon is kept as it is. */
function couponOf(discount: JsonValue | undefined): JsonValue {
  if (isEmpty(discount)) return ''
  const coupon = isJsonObject(discount) ? discount['coupon'] : undefined
  return (isJsonObject(coupon) ? coupon['id'] : undefined) ?? discount ?? ''
}

/** Only what `wanted` names is compared: keys of metadata and older addresses beside it do not count. A blank compares as empty. */
export function compareField(field: string, wanted: JsonValue, image: JsonObject): Holding {
  const held = ownValue(image, field)
  if (isHidden(field, image)) return 'not_shown'
  if (wanted === '') return isEmpty(held) ? 'holds' : 'differs'
  if (held === undefined || (field === 'coupon' && typeof held === 'object')) return 'not_shown'
  return holdsAll(held, wanted) ? 'holds' : 'differs'
}

/** True where `image` lacks a field that Rapyd may hold all the same. Others are shown empty, so an absent one counts as empty. */
export function isHidden(field: string, image: JsonObject): boolean {
  return customerField(field)?.isUndocumentedInAnswers === true && !Object.hasOwn(image, field)
}

/**
 * What the customer holds once the patch is applied: metadata joins by key and addresses are appended (rapyd-api.md, 5.1 and
 * 5.3, both inferred); every other field is replaced.
 */
export function afterPatch(image: JsonObject, patch: JsonObject): JsonObject {
  const after: Record<string, JsonValue> = { ...image }
  for (const [field, wanted] of Object.entries(patch)) after[field] = afterField(image[field], wanted, field)
  return after
}

function afterField(held: JsonValue | undefined, wanted: JsonValue, field: string): JsonValue {
  if (field === 'metadata') {
    if (!isJsonObject(wanted)) return {}
    return { ...(isJsonObject(held) ? held : {}), ...wanted }
  }
  if (field !== 'addresses') return wanted
  if (!isList(wanted)) return []
  return [...(isList(held) ? held : []), ...wanted]
}

/** `held` has everything that `wanted` names; what Rapyd adds (ids, times, older addresses) does not count. */
export function holdsAll(held: JsonValue | undefined, wanted: JsonValue): boolean {
  if (isList(wanted)) {
    const items = isList(held) ? held : []
    return wanted.every((item) => items.some((candidate) => holdsAll(candidate, item)))
  }
  if (isJsonObject(wanted)) {
    return (
      isJsonObject(held) &&
      Object.entries(wanted).every(([key, value]) => holdsAll(ownValue(held, key), value))
    )
  }
  return wanted === '' ? isEmpty(held) : held === wanted
}

/** Names come from a file: `constructor` and `toString` are on every object. */
export function ownValue(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

export function isEmpty(value: JsonValue | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}
