/** One line of a plan for each row of its input: what the customer holds, and what it would hold. */
import type { JsonObject, JsonValue } from '../domain/json.ts'
import { fieldOf } from '../domain/patch.ts'
import type { PatchedRow } from '../domain/patch.ts'
import { afterPatch, compareField, ownValue } from '../rapyd/held.ts'

export interface FieldChange {
  /** What Rapyd shows; `null` where it does not show the field. A coupon is its id, or empty. */
  readonly before: JsonValue
  readonly after: JsonValue
}

export type PlanRow = { readonly row: number; readonly line: number; readonly customer: string } & (
  | {
      readonly change: 'update'
      /** By the names of Update Customer. */
      readonly fields: Readonly<Record<string, FieldChange>>
      /** Paths that are blanked, of the fields that change. */
      readonly clears: readonly string[]
    }
  /** `missing`: Rapyd does not know the customer. `unreadable`: it could not be read. */
  | { readonly change: 'unchanged' | 'missing' | 'unreadable' }
  | { readonly change: 'invalid'; readonly code: string; readonly field: string }
)

/** The kinds of rows that a plan counts, in the order in which they are shown. */
export const planChanges = ['update', 'unchanged', 'missing', 'unreadable', 'invalid'] as const
export type PlanChange = (typeof planChanges)[number]

/** What the row would change on a customer that holds `image`. */
export function plannedRow(read: PatchedRow, image: JsonObject): PlanRow {
  const { row, line, customerId: customer, patch, cleared } = read
  const fields: Record<string, FieldChange> = {}
  for (const [field, wanted] of Object.entries(patch)) {
    if (compareField(field, wanted, image) === 'holds') continue
    const after = ownValue(afterPatch(image, { [field]: wanted }), field) ?? null
    fields[field] = { before: ownValue(image, field) ?? null, after }
  }
  if (Object.keys(fields).length === 0) return { row, line, customer, change: 'unchanged' }
  const clears = cleared.filter((path) => Object.hasOwn(fields, fieldOf(path)))
  return { row, line, customer, change: 'update', fields, clears }
}
