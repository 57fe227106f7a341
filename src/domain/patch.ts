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
