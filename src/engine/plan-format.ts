/** One line of a plan for each row of its input: what the customer holds, what it would hold, and what is sent for that. */
import type { ErrorCode } from '../model/errors.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { fieldOf, onlyFields, type PatchedRow, type Place, type Outcome } from '../model/row.ts'
import { afterPatch, compareField, holdsAll, ownValue } from '../rapyd/snapshot.ts'
import { removeHoles } from '../rapyd/requests.ts'
import { createHash, hash } from 'node:crypto'

export interface FieldChange {
  /** What Rapyd shows; `null` if it does not show the field. A coupon is its id, or empty. */
  readonly before: JsonValue
  readonly after: JsonValue
}

/** With its place in the input. */
export type PlanRow = Place & { readonly customer: string } & (
    | {
        readonly change: 'update'
        /** By the names of Update Customer. */
        readonly fields: Readonly<Record<string, FieldChange>>
        /** Paths that are blanked, of the fields that change. */
        readonly clears: readonly string[]
        /** What is sent. */
        readonly patch: JsonObject
        /** The paths that it sets or clears. */
        readonly paths: readonly string[]
      }
    /** The message of a row that asks for nothing. Undefined if the customer holds what the row asks for. */
    | { readonly change: 'unchanged'; readonly message?: string }
    /** `missing`: Rapyd does not know the customer. `unreadable`: it could not be read. */
    | { readonly change: 'missing' | 'unreadable' }
    | {
        readonly change: 'invalid'
        readonly code: ErrorCode
        readonly field: string
        readonly message: string
      }
  )

/** The kinds of rows that a plan counts, in the order in which they are shown. */
export const planChanges = ['update', 'unchanged', 'missing', 'unreadable', 'invalid'] as const
export type PlanChange = (typeof planChanges)[number]

/** What the row would change on a customer that holds `snapshot`. */
export function plannedRow(read: PatchedRow, snapshot: JsonObject): PlanRow {
  const at = placeOf(read)
  const fields: Record<string, FieldChange> = {}
  for (const [field, wanted] of Object.entries(read.patch)) {
    if (compareField(field, wanted, snapshot, holdsAll) === 'holds') continue
    const after = ownValue(afterPatch(snapshot, { [field]: wanted }), field) ?? null
    fields[field] = { before: ownValue(snapshot, field) ?? null, after }
  }
  if (Object.keys(fields).length === 0) return { ...at, change: 'unchanged' }
  const sent = onlyFields(read, (field) => Object.hasOwn(fields, field))
  const clears = read.cleared.filter((path) => Object.hasOwn(fields, fieldOf(path)))
  return { ...at, change: 'update', fields, clears, patch: removeHoles(sent.patch), paths: sent.fields }
}

/** The place of a row, and its customer. */
export function placeOf({ row, line, offset, length, customerId }: PatchedRow | Outcome) {
  return { row, line, offset, length, customer: customerId }
}

/** Raised with every change of the format. */
export const planVersion = 3

export interface PlanFacts {
  readonly rapyd_bulk_plan: number
  readonly version: string
  readonly created_at: string
  readonly input: { readonly path: string; readonly sha256: string }
  /** Digest over the mapping and every option that decides how the input is read. */
  readonly mapping_sha256: string
  readonly host: string
  /** A fingerprint of the access key, never the key. */
  readonly account: string
  /** Options that say how the input is read and which host is called. */
  readonly options: JsonObject
  /** How the customers were read. */
  readonly reads: {
    readonly customers: number
    readonly single: number
    readonly pages: number
    readonly began_at: string
  }
}

export interface PlanCounts {
  readonly rows: number
  readonly changes: Readonly<Record<PlanChange, number>>
  /** Rows that change the field, and that blank something in it, by field. */
  readonly fields: Readonly<Record<string, number>>
  readonly clears: Readonly<Record<string, number>>
}

export interface PlanHead extends PlanFacts {
  readonly counts: PlanCounts
  readonly sha256: string
  /** Of the digest, with a key that is derived from the secret key. */
  readonly signature: string
}

/** Takes the lines in order, each with its line end, and gives the head. */
export function createHeadDigest(): {
  add(line: string | Buffer): void
  head(facts: PlanFacts, counts: PlanCounts): Omit<PlanHead, 'signature'>
} {
  const rows = createHash('sha256')
  return {
    add: (line) => void rows.update(line),
    head(facts, counts) {
      const whole = { ...facts, counts }
      return { ...whole, sha256: hash('sha256', `${JSON.stringify(whole)}\n${rows.digest('hex')}`, 'hex') }
    },
  }
}
