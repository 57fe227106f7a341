/**
 * What Rapyd took of an update. A `200 SUCCESS` holds the customer, which is compared with what was sent: field by field, and
 * metadata by key.
 */
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { isWithin, overlaps, splitNames, type PatchedRow, type UpdateRequest } from '../model/row.ts'
import { printable } from '../model/text.ts'
import { isCustomerField } from './customer-fields.ts'
import { parseBody, splitPaths } from './requests.ts'
import { compareField, isEmpty, isHeld, ownValue, toSnapshot } from './snapshot.ts'

/** `unproved`: it was set, and the answer does not show it. */
export type TakenFinding = 'taken' | 'not_taken' | 'not_cleared' | 'unproved'

/**
 * The findings by field, and by key of metadata: `metadata.tier`. Keys that the row does not name are sent as they were, so they do not
 * count. `customer` is that of the answer.
 */
export function compareAnswer(
  { body, fields, cleared }: Pick<UpdateRequest, 'body' | 'fields' | 'cleared'>,
  customer: JsonObject,
): ReadonlyMap<string, TakenFinding> {
  // A blank coupon is a call of its own, and in no body.
  const removed = splitNames(cleared).includes('coupon') ? { coupon: '' } : {}
  const patch = { ...removed, ...parseBody(body) }
  const snapshot = toSnapshot(customer, Object.keys(patch))
  const found = new Map<string, TakenFinding>()
  for (const [field, wanted] of Object.entries(patch)) {
    const held = ownValue(snapshot, field)
    if (field !== 'metadata' || !isJsonObject(wanted) || held === undefined) {
      found.set(field, findingOf(field, wanted, snapshot))
      continue
    }
    const keys = isJsonObject(held) ? held : {}
    const paths = splitPaths(fields, isCustomerField)
    for (const [key, item] of Object.entries(wanted)) {
      const name = keyPath(key)
      if (paths.some((path) => overlaps(path, name)))
        found.set(name, isHeld(ownValue(keys, key), item, '') ? 'taken' : differing(item))
    }
  }
  return found
}

function findingOf(field: string, wanted: JsonValue, snapshot: JsonObject): TakenFinding {
  const match = compareField(field, wanted, snapshot)
  if (match === 'not_shown') return isEmpty(wanted) ? 'taken' : 'unproved'
  return match === 'holds' ? 'taken' : differing(wanted)
}

function differing(wanted: JsonValue): TakenFinding {
  return isEmpty(wanted) ? 'not_cleared' : 'not_taken'
}

/** As `fields` of an outcome names it. */
function keyPath(key: string): string {
  return printable(`metadata.${key}`)
}

/** The paths of a row that are inside the fields and keys of metadata of `named`; a key inside a path is named itself. */
export function pathsWithin(fields: string, named: readonly string[]): readonly string[] {
  const paths = splitPaths(fields, isCustomerField)
  return named.flatMap((name) => {
    const inside = paths.filter((path) => isWithin(path, name))
    return inside.length > 0 ? inside : [name]
  })
}

/** The part of a patch that Rapyd took. `notTaken`: paths, joined with `;`. */
export function takenPatch(patch: JsonObject, notTaken: string): JsonObject {
  return notTaken === '' ? patch : partOf(patch, splitPaths(notTaken, isCustomerField), false)
}

/** The row with only what Rapyd did not take. */
export function onlyNotTaken(row: PatchedRow, notTaken: string): PatchedRow {
  const paths = splitPaths(notTaken, isCustomerField)
  const isNamed = (path: string): boolean => paths.some((named) => overlaps(printable(path), named))
  return {
    ...row,
    patch: partOf(row.patch, paths, true),
    fields: row.fields.filter(isNamed),
    cleared: row.cleared.filter(isNamed),
  }
}

/** The fields and keys of metadata that `paths` name, or all others. */
function partOf(patch: JsonObject, paths: readonly string[], isNamed: boolean): Record<string, JsonValue> {
  const isKept = (name: string): boolean => paths.some((path) => overlaps(path, name)) === isNamed
  const part: Record<string, JsonValue> = {}
  for (const [field, value] of Object.entries(patch)) {
    if (field !== 'metadata' || !isJsonObject(value)) {
      if (isKept(field)) part[field] = value
      continue
    }
    const keys = Object.entries(value).filter(([key]) => isKept(keyPath(key)))
    if (keys.length > 0) part[field] = Object.fromEntries(keys)
  }
  return part
}
