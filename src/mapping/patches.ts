/**
 * Two rows of one customer as one patch: of every path the last row that names it wins. A top-level field is replaced as a
 * whole; columns such as `metadata.tier` and `addresses[0].city` are paths of their own, so they join.
 */
import type { JsonValue } from '../model/json.ts'
import { valueAt } from '../model/json.ts'
import type { Patch, PatchedRow } from '../model/patch.ts'
import { place } from './rows.ts'
import { overlaps, targetOf } from './targets.ts'
import type { Target } from './targets.ts'

/** `earlier` may have been merged of several itself. */
export function mergeRows(earlier: PatchedRow, later: PatchedRow): PatchedRow {
  const patch: Patch = {}
  /** Paths of the patch, and whether they are cleared. */
  const paths = new Map<string, boolean>()
  for (const row of [earlier, later]) {
    for (const path of row.fields) {
      const target = knownTarget(path)
      for (const other of paths.keys()) {
        if (other !== path && overlaps(other, path) && isLost(patch, other, path)) paths.delete(other)
      }
      place(patch, target, copyOf(valueAt(row.patch, stepsTo(target))))
      paths.set(path, row.cleared.includes(path))
    }
  }
  const { row, line, offset, length, customerId } = later
  const cleared = [...paths].filter(([, clears]) => clears).map(([path]) => path)
  return { row, line, offset, length, customerId, patch, fields: [...paths.keys()], cleared }
}

/** What is inside `path` is replaced with it; what is around it stays where it can hold a path, and not where it was cleared. */
function isLost(patch: Patch, other: string, path: string): boolean {
  return other.length > path.length || typeof valueAt(patch, stepsTo(knownTarget(other))) !== 'object'
}

/** What is placed inside a value later must not change the row that the value comes from. */
function copyOf(value: JsonValue | undefined): JsonValue {
  if (value === undefined) throw new Error('a row without a value that it names')
  return typeof value === 'object' ? structuredClone(value) : value
}

function stepsTo({ address, keys }: Target): readonly (string | number)[] {
  return address === undefined ? keys : ['addresses', address, ...keys]
}

function knownTarget(path: string): Target {
  const target = targetOf(path)
  if (target === undefined) throw new Error('a row with a path that is no field')
  return target
}
