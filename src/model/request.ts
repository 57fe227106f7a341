/** One row's update, ready to be signed: everything about it that stays the same on every attempt. */
import type { Place } from './row.ts'

export interface UpdateRequest extends Place {
  readonly customerId: string
  /** `/v1/customers/<id>`, exactly as signed and sent. */
  readonly path: string
  /** The minified JSON text that is signed and sent on every attempt. */
  readonly body: string
  readonly idempotencyKey: string
  /** Top-level fields of the patch, joined with `;`, as `results` shows them. */
  readonly fields: string
  /** Fields that the patch clears, joined with `;`. */
  readonly cleared: string
  /** False for patches that hold `coupon` or `addresses`: sending them twice may do more than once would. */
  readonly repeatable: boolean
  /** Where a sync state is kept: what it is about to change. The journal notes it with the intent. */
  readonly sends?: Sends
}

export interface Sends {
  /** Top-level fields. */
  readonly fields: readonly string[]
  /** Since when nobody knows what they hold, milliseconds since 1970; later than all that was confirmed of the customer. */
  readonly at: number
}
