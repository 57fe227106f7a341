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
  /** Top-level fields that it sends, where a sync state is kept: the journal notes them with the intent. */
  readonly sends?: readonly string[]
}
