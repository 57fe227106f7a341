/** How many rows may wait at a time, and how long a row stays in doubt. */
import type { ResolvedOptions } from '../config/job-options.ts'

/** Rows that may run or wait in their customers' queues. After a crash no more of them can be in doubt. */
export function queuePlaces(concurrency: number): number {
  return Math.min(concurrency * 8, Math.max(256, concurrency))
}

/** So many entries are committed without waiting for more. During the commit other rows are in flight, and as many are ready. */
export function groupPlaces(concurrency: number): number {
  return Math.max(concurrency, queuePlaces(concurrency) - 2 * concurrency)
}

/** Rows in doubt that may wait on top until they can be read back, so that new rows need not wait for them. */
export const mostDoubts = 4_000

/** Rows that may wait for their settle time on top. With more, no new row is started. */
export const mostSettling = 1_000

/**
 * How long a row without a clear answer stays in doubt after its last attempt. It is longer for rows that do harm if they are
 * applied twice. The embedded simulator applies nothing late.
 */
export function settleAfterMs(
  options: Pick<ResolvedOptions, 'settleAfterMs' | 'env'>,
  isRepeatable: boolean,
): number {
  if (options.settleAfterMs !== undefined) return options.settleAfterMs
  if (options.env === 'simulator') return 2_000
  return isRepeatable ? 90_000 : 300_000
}
