/** How many rows may wait at a time, how long a row stays in doubt, and which customers are held meanwhile. */
import type { HeldCustomers } from '../http/ports.ts'
import type { Doubt } from '../http/settling.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { Clock, Prepare, Source } from '../model/ports.ts'
import { isOutcome, type UpdateRequest } from '../model/row.ts'
import { defaultSettleMs, type Run } from '../model/store.ts'

/** Rows that may run or wait in their customers' queues. After a crash no more of them can be in doubt. */
export function queuePlaces(concurrency: number): number {
  return Math.min(concurrency * 8, Math.max(256, concurrency))
}

/** This many entries are committed without waiting for more. During the commit other rows are in flight, and as many are ready. */
export function groupPlaces(concurrency: number): number {
  return Math.max(concurrency, queuePlaces(concurrency) - 2 * concurrency)
}

/** With this many, no new row is started: rows that run, rows that wait for their settle time, and those queued after them. */
export const mostRows = 1_000

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
  return isRepeatable ? defaultSettleMs.repeatable : defaultSettleMs.addingUp
}

const doubtsNote = 'doubts'

/**
 * Rows in doubt of earlier sessions, and those of the parent run, with the ends of their attempts. What a session noted when it was
 * stopped is exact, and holds until the run begins again. Otherwise attempts may have followed until the session ended.
 */
export function loadDoubts(
  run: Pick<Run, 'inDoubt' | 'earlier' | 'note' | 'noteLater'>,
  parentDoubts: ReadonlyMap<number, number>,
  clock: Pick<Clock, 'now' | 'wall'>,
): Map<number, Doubt> {
  const wall = clock.wall()
  const offset = clock.now() - wall
  const doubts = new Map<number, Doubt>()
  for (const [row, endedAt] of parentDoubts)
    doubts.set(row, { at: Math.min(clock.now(), endedAt + offset), attempts: 0 })
  const kept = readPairs(run.note(doubtsNote))
  for (const [row, intendedAt] of run.inDoubt) {
    // The system's clock may have been set back since.
    const latest = Math.max(run.earlier.endedAt || wall, Math.min(wall, intendedAt))
    const [at, attempts] = kept.get(String(row)) ?? [latest, 1]
    doubts.set(row, { at: Math.min(latest, at) + offset, attempts })
  }
  if (kept.size > 0) run.noteLater(doubtsNote, '')
  return doubts
}

/** Call when the run is stopped, with what is known of its rows in doubt. */
export function keepDoubts(
  run: Pick<Run, 'isInDoubt' | 'noteLater'>,
  doubts: ReadonlyMap<number, Doubt>,
  clock: Pick<Clock, 'now' | 'wall'>,
): void {
  const offset = clock.wall() - clock.now()
  const left = [...doubts].filter(([row]) => run.isInDoubt(row))
  const pairs = left.map(([row, { at, attempts }]) => [row, [at + offset, attempts]])
  if (pairs.length > 0) run.noteLater(doubtsNote, JSON.stringify(Object.fromEntries(pairs)))
}

/**
 * The result returns later rows of a customer that may have been sent too, and write a field of the row. There are such rows only after
 * a store was put back: else a row has no intent while an earlier one of its customer is in doubt.
 */
export function createLaterDoubts(
  { openRows, prepare }: Rows,
  run: Pick<Run, 'inDoubt' | 'intendedOperation'>,
) {
  let found: Promise<ReadonlyMap<string, readonly UpdateRequest[]>> | undefined
  const isRestored = [...run.inDoubt.keys()].some((row) => run.intendedOperation(row) === undefined)

  async function* doubtful(): AsyncGenerator<UpdateRequest> {
    for await (const rows of openRows()) {
      for (const row of rows) {
        const request = run.inDoubt.has(row.row) ? prepare(row) : undefined
        if (request !== undefined && !isOutcome(request)) yield request
      }
    }
  }

  async function collect(): Promise<ReadonlyMap<string, readonly UpdateRequest[]>> {
    const once = new Set<string>()
    const repeated = new Map<string, UpdateRequest[]>()
    for await (const { customerId } of doubtful()) {
      if (once.has(customerId)) repeated.set(customerId, [])
      once.add(customerId)
    }
    for await (const request of doubtful()) repeated.get(request.customerId)?.push(request)
    return repeated
  }

  return async ({ customerId, row, sends }: UpdateRequest): Promise<readonly UpdateRequest[]> => {
    if (!isRestored) return []
    const rows = (await (found ??= collect())).get(customerId) ?? []
    return rows.filter((later) => later.row > row && later.sends.some((field) => sends.includes(field)))
  }
}

interface Rows {
  readonly openRows: () => Source
  readonly prepare: Prepare
}

/**
 * Waits until no request of another run to the customer can be applied any more, and none of a row that was settled early. Whatever
 * the system's clock shows, no longer than `longestMs`. `wait` resolves at a time of the clock, or when the run stops.
 */
export async function untilSettled(
  { run, clock, longestMs, signal }: WaitParts,
  { customerId, row }: Pick<UpdateRequest, 'customerId' | 'row'>,
  wait: (until: number) => Promise<void>,
): Promise<void> {
  const latest = clock.now() + longestMs
  for (;;) {
    const leftMs = (await run.arrivesUntil(customerId, row)) - clock.wall()
    const until = Math.min(latest, clock.now() + leftMs)
    if (until <= clock.now() || signal.aborted) return
    await wait(until)
  }
}

interface WaitParts {
  readonly run: Pick<Run, 'arrivesUntil'>
  readonly clock: Pick<Clock, 'now' | 'wall'>
  readonly longestMs: number
  readonly signal: AbortSignal
}

/** Customers with a row that was settled early. The next session finds the time in the field state, with the outcome of the row. */
export function createHeldCustomers(clock: Pick<Clock, 'now'>): HeldCustomers {
  const held = new Map<string, number>()
  return {
    until: (customerId) => held.get(customerId) ?? 0,
    hold(customerId, until) {
      for (const [other, end] of held) if (end < clock.now()) held.delete(other)
      held.set(customerId, until)
    },
  }
}

/** What a note keeps by row: two numbers each. */
function readPairs(text = ''): ReadonlyMap<string, readonly [number, number]> {
  const found = parseJson(text)
  const pairs = new Map<string, readonly [number, number]>()
  for (const [name, pair] of Object.entries(isJsonObject(found) ? found : {})) {
    const [one, other]: readonly unknown[] = Array.isArray(pair) ? pair : []
    if (typeof one === 'number' && typeof other === 'number') pairs.set(name, [one, other])
  }
  return pairs
}
