/**
 * A patch: the fields that one row changes on one customer. `''` clears a field. The list of `addresses` has holes for those
 * that the row leaves out; the request closes them.
 */
import type { JsonValue } from './json.ts'
import type { Place } from './place.ts'

export type Patch = Record<string, JsonValue>

/** What the mapping makes of a good row. */
export interface PatchedRow extends Place {
  readonly customerId: string
  readonly patch: Patch
  /** Paths that the row sets or clears, in the order of the columns: `name`, `addresses[0].city`. */
  readonly fields: readonly string[]
  /** Those of `fields` that a blank clears. */
  readonly cleared: readonly string[]
}

/** The field that a path is inside of: `metadata` of `metadata.tier`. */
export function fieldOf(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? path
}

/** The row with those of its fields alone that `isKept` names. */
export function onlyFields(row: PatchedRow, isKept: (field: string) => boolean): PatchedRow {
  const { patch, fields, cleared } = row
  return {
    ...row,
    patch: Object.fromEntries(Object.entries(patch).filter(([field]) => isKept(field))),
    fields: fields.filter((path) => isKept(fieldOf(path))),
    cleared: cleared.filter((path) => isKept(fieldOf(path))),
  }
}
