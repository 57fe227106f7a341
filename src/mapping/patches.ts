/** Sets values in patches, and merges the patches of two rows of one customer. */
import type { JsonValue } from '../model/json.ts'
import { isJsonObject, valueAt } from '../model/json.ts'
import type { Patch, PatchedRow } from '../model/row.ts'
import { overlaps, targetOf } from './targets.ts'
import type { Target } from '../rapyd/customer-fields.ts'

/**
 * For each path, the last row that names it wins. A whole top-level field replaces the paths inside it; paths such as
 * `metadata.tier` and `addresses[0].city` are merged. `earlier` may be a merged row.
 */
export function mergeRows(earlier: PatchedRow, later: PatchedRow): PatchedRow {
  const patch: Patch = {}
  /** Paths of the patch, and what is cleared at each or inside it. */
  const paths = new Map<string, readonly string[]>()
  for (const row of [earlier, later]) {
    for (const path of row.fields) {
      const target = findTarget(row.patch, path)
      for (const other of paths.keys()) {
        if (other !== path && overlaps(other, path) && isLost(patch, other, path)) paths.delete(other)
      }
      setValue(patch, target, copyValue(valueAt(row.patch, stepsTo(target))))
      paths.set(
        path,
        row.cleared.filter((cleared) => cleared.length >= path.length && overlaps(cleared, path)),
      )
    }
  }
  const { row, line, offset, length, customerId } = later
  const [fields, cleared] = [[...paths.keys()], [...paths.values()].flat()]
  return { row, line, offset, length, customerId, patch, fields, cleared }
}

/** A path inside `path` is replaced. A field around it stays if it is an object or list, and not if it was cleared. */
function isLost(patch: Patch, other: string, path: string): boolean {
  return other.length > path.length || typeof valueAt(patch, stepsTo(findTarget(patch, other))) !== 'object'
}

/** A copy, because values that are set inside it later must not change the earlier row. */
function copyValue(value: JsonValue | undefined): JsonValue {
  if (value === undefined) throw new Error('a row without a value that it names')
  return typeof value === 'object' ? structuredClone(value) : value
}

function stepsTo({ address, keys }: Target): readonly (string | number)[] {
  return address === undefined ? keys : ['addresses', address, ...keys]
}

function findTarget(patch: Patch, path: string): Target {
  const keys = findKeys(patch, path)
  const target = keys === undefined ? targetOf(path) : { path, keys, holds: 'any' as const }
  if (target === undefined) throw new Error('a row with a path that is no field')
  return target
}

/** The keys of a path, by the objects that it leads through: a key of metadata may hold dots itself. */
function findKeys(value: JsonValue | undefined, path: string): readonly string[] | undefined {
  if (!isJsonObject(value)) return undefined
  if (Object.hasOwn(value, path)) return [path]
  for (const key of Object.keys(value)) {
    const inner = path.startsWith(`${key}.`) ? findKeys(value[key], path.slice(key.length + 1)) : undefined
    if (inner !== undefined) return [key, ...inner]
  }
  return undefined
}

/** Sets the value of a target, and creates the objects and the address around it. */
export function setValue(patch: Patch, { address, keys }: Target, value: JsonValue): void {
  let holder = address === undefined ? patch : addressIn(patch, address)
  const last = keys.length - 1
  for (let depth = 0; depth < last; depth++) holder = objectIn(holder, keys[depth] ?? '')
  holder[keys[last] ?? ''] = value
}

function addressIn(patch: Patch, address: number): Patch {
  const { addresses } = patch
  const list: JsonValue[] = isList(addresses) ? addresses : []
  const held = list[address]
  const item: Patch = isObject(held) ? held : {}
  list[address] = item
  patch['addresses'] = list
  return item
}

/** Inherited members such as `toString` are no objects, and `__proto__` is no key: an object here is data. */
function objectIn(holder: Patch, key: string): Patch {
  const held = holder[key]
  if (isObject(held)) return held
  const made: Patch = {}
  holder[key] = made
  return made
}

/** May be changed: paths that overlap are refused, so no object of the input is inside a patch here. */
function isObject(value: JsonValue | undefined): value is Patch {
  return isJsonObject(value)
}

export function isList(value: JsonValue | undefined): value is JsonValue[] {
  return Array.isArray(value)
}
