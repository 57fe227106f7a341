/** How many rows may wait at a time, how long a row stays in doubt, and which customers are held meanwhile. */
import type { HeldCustomers } from '../http/ports.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { Clock } from '../model/ports.ts'
import type { Run } from '../model/store.ts'

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

/** When the attempts of earlier sessions count as ended, in the clock's milliseconds. */
export function endOfEarlierSessions(
  { earlier }: Pick<Run, 'earlier'>,
  clock: Pick<Clock, 'now' | 'wall'>,
): number {
  return earlier.endedAt === 0 ? clock.now() : clock.now() + earlier.endedAt - clock.wall()
}

const heldKey = 'held_customers'

/**
 * Customers with a row that was settled early. A hold is noted at the latest with the outcome of its row. The system's clock counts
 * only between sessions, and a hold never becomes longer.
 */
export function createHeldCustomers(
  run: Pick<Run, 'note' | 'noteLater'>,
  clock: Pick<Clock, 'now' | 'wall'>,
): HeldCustomers {
  const held = new Map<string, Hold>()
  for (const [customerId, { until, ms }] of readHolds(run.note(heldKey)))
    held.set(customerId, { until: clock.now() + Math.min(ms, until - clock.wall()), ms })
  return {
    until: (customerId) => held.get(customerId)?.until ?? 0,
    hold(customerId, until) {
      for (const [other, hold] of held) if (hold.until < clock.now()) held.delete(other)
      held.set(customerId, { until, ms: until - clock.now() })
      const offset = clock.wall() - clock.now()
      const stored = [...held].map(([id, hold]) => [id, { ...hold, until: hold.until + offset }])
      run.noteLater(heldKey, JSON.stringify(Object.fromEntries(stored)))
    },
  }
}

/** Both in milliseconds: a time, and how long the hold was. */
interface Hold {
  readonly until: number
  readonly ms: number
}

function readHolds(text: string | undefined): readonly (readonly [string, Hold])[] {
  const found = text === undefined ? undefined : parseJson(text)
  return Object.entries(isJsonObject(found) ? found : {}).flatMap(([customerId, hold]) => {
    const { until, ms } = isJsonObject(hold) ? hold : {}
    return typeof until === 'number' && typeof ms === 'number' ? [[customerId, { until, ms }]] : []
  })
}
