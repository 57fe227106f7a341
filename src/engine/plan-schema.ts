/** The shape of a plan, which a person may have edited or another version may have written. Loaded only when a plan is read. */
import { z } from 'zod'
import { isErrorCode, type ErrorCode } from '../model/errors.ts'
import { isJsonObject, type JsonObject } from '../model/json.ts'
import { planVersion, planChanges, type PlanHead, type PlanRow } from './plan-format.ts'

const count = z.int().nonnegative()
const counts = z.record(z.string(), count)
const object = z.custom<JsonObject>(isJsonObject)

/** The keys that are read; the digest covers the others. */
const head = z.object({
  rapyd_bulk_plan: z.literal(planVersion),
  input: z.object({ path: z.string(), sha256: z.string() }),
  mapping_sha256: z.string(),
  host: z.string(),
  account: z.string(),
  options: object,
  counts: z.object({
    rows: count,
    changes: z.record(z.enum(planChanges), count),
    fields: counts,
    clears: counts,
  }),
  sha256: z.string(),
  signature: z.string(),
})

const place = { row: count, line: count, offset: count, length: count, customer: z.string() }
const row = z.discriminatedUnion('change', [
  z.object({
    ...place,
    change: z.literal('update'),
    fields: z.record(z.string(), z.object({ before: z.json(), after: z.json() })),
    clears: z.array(z.string()),
    patch: object,
    paths: z.array(z.string()),
  }),
  z.object({ ...place, change: z.literal('unchanged'), message: z.string().optional() }),
  z.object({ ...place, change: z.enum(['missing', 'unreadable']) }),
  z.object({
    ...place,
    change: z.literal('invalid'),
    code: z.custom<ErrorCode>((code) => typeof code === 'string' && isErrorCode(code)),
    field: z.string(),
    message: z.string(),
  }),
])

export function isPlanHead(found: unknown): found is PlanHead {
  return head.safeParse(found).success
}

export function isPlanRow(found: unknown): found is PlanRow {
  return row.safeParse(found).success
}
