/** From a patch to the call that applies it: path, body and key, made once and used on every attempt. */
import type { PatchedRow } from '../domain/patch.ts'
import type { UpdateRequest } from '../domain/request.ts'
import { idempotencyKey } from './idempotency-key.ts'

export interface RunIdentity {
  readonly host: string
  readonly runId: string
}

/**
 * `POST /v1/customers/:customer`. The body is serialised here and nowhere else: those bytes are hashed, signed and sent.
 * A patch without fields has no call; the caller makes it `unchanged` before it comes here.
 */
export function updateRequest(row: PatchedRow, run: RunIdentity): UpdateRequest {
  const body = JSON.stringify(row.patch)
  const { customerId } = row
  return {
    row: row.row,
    line: row.line,
    offset: row.offset,
    length: row.length,
    customerId,
    path: customerPath(customerId),
    body,
    idempotencyKey: idempotencyKey({ ...run, row: row.row, customerId, body }),
    fields: row.fields.join(';'),
    cleared: row.cleared.join(';'),
    repeatable: !('coupon' in row.patch || 'addresses' in row.patch),
  }
}

/** Of Update and Retrieve Customer. The id has been checked, so nothing needs escaping. */
export function customerPath(customerId: string): string {
  return `/v1/customers/${customerId}`
}
