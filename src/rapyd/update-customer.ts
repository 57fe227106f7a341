/** From a patch to the call that applies it: path, body and key, made once and used on every attempt. */
import type { JsonValue } from '../model/json.ts'
import type { Patch, PatchedRow, UpdateRequest } from '../model/row.ts'
import { printable } from '../model/text.ts'
import { idempotencyKey } from './idempotency-key.ts'

export interface RunIdentity {
  readonly host: string
  readonly runId: string
}

/**
 * Gives the function that makes a row's `POST /v1/customers/:customer`. The body is serialised here and nowhere else:
 * those bytes are hashed, signed and sent.
 * A patch without fields has no call; the caller makes it `unchanged` before it comes here.
 */
export function createUpdateRequest(run: RunIdentity): (row: PatchedRow) => UpdateRequest {
  const { host, runId } = run
  return (row) => {
    const body = bodyOfPatch(row.patch)
    const { customerId } = row
    return {
      row: row.row,
      line: row.line,
      offset: row.offset,
      length: row.length,
      customerId,
      path: customerPath(customerId),
      body,
      idempotencyKey: idempotencyKey({ host, runId, row: row.row, customerId, body }),
      fields: printable(row.fields.join(';')),
      cleared: printable(row.cleared.join(';')),
      repeatable: isRepeatable(row.patch),
    }
  }
}

/** The minified JSON text of a patch. */
export function bodyOfPatch(patch: Patch): string {
  return JSON.stringify(withoutHoles(patch))
}

/** False where sending it twice may do more than once would. */
export function isRepeatable(patch: Patch): boolean {
  return !('coupon' in patch || 'addresses' in patch)
}

/**
 * Addresses have the numbers of their columns up to here, because rows of one customer are merged by them. One that the row
 * leaves out is no item of the list that is sent.
 */
export function withoutHoles(patch: Patch): Patch {
  const { addresses } = patch
  if (!Array.isArray(addresses)) return patch
  const items: readonly JsonValue[] = Object.values(addresses)
  return items.length === addresses.length ? patch : { ...patch, addresses: items }
}

/** Of Update and Retrieve Customer. The id has been checked, so nothing needs escaping. */
export function customerPath(customerId: string): string {
  return `/v1/customers/${customerId}`
}
