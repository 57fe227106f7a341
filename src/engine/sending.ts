/** The sending pass of a run: parts put together around the one loop, and what can stop it. */
import { parseErrorLimit } from '../config/values.ts'
import { systemClock } from '../http/clock.ts'
import { preflight } from '../http/preflight.ts'
import { createReadBack, createReadCustomer, withoutReading } from '../http/read-customer.ts'
import { createSender } from '../http/sender.ts'
import type { Outcome } from '../model/outcome.ts'
import { fieldOf } from '../model/patch.ts'
import type { MalformedRow, Row } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { firstRows } from '../input/rows.ts'
import { interruption } from './interruption.ts'
import { createLanes } from './keyed-queue.ts'
import type { Deliver, Source } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { send } from './drain.ts'
import { createThreshold } from '../validation/guards.ts'
import { refuseRolledBack } from './rollback-family.ts'
import { openOutcome } from './account.ts'
import { keepsImages } from './backup.ts'
import type { Before } from './before.ts'
import { openClient } from './client.ts'
import { lookFirst } from './looks.ts'
import type { RunParts, Watch } from './parts.ts'
import { settledAfterMs } from './slowest.ts'
import { openBeforeImages } from '../store/before-images.ts'
import type { RunJournal } from '../store/journal.ts'
import { endNight } from './vanished-file.ts'
import { openSyncing } from './begin.ts'

/** Rows that may run or wait in lanes. After a crash no more of them can be in doubt. */
function lanePlaces(concurrency: number): number {
  return Math.min(concurrency * 8, Math.max(256, concurrency))
}

/** Entries of the journal that go to disk without waiting for more: while they are written, some rows are on their way and as many are ready. */
export function groupPlaces(concurrency: number): number {
  return Math.max(concurrency, lanePlaces(concurrency) - 2 * concurrency)
}

/** Rows in doubt that may wait besides, until they can be read back: new rows need not wait with them. */
const mostDoubts = 4_000

/** Sends what has no outcome yet. Gives what stopped it, or nothing when every row has an outcome. */
export async function sendAll(
  parts: RunParts,
  journal: RunJournal,
  found: Scan,
  concurrency: number,
  before: Before,
): Promise<BulkUpdateError | undefined> {
  const { options, prepare, judge } = parts
  refuseRolledBack(parts)
  const isBackedUp = keepsImages(options, journal, before)
  const clock = systemClock
  const syncing = await openSyncing(parts, journal)
  const stopping = stopWith(parts.signal)
  const intend = syncing?.intend ?? ((request) => journal.intend(request))
  const stop = (error: Error): void => stopping.abort(error)
  const intents = { ...journal, intend }
  const client = openClient(parts, intents, concurrency, clock, stop)
  const { signal } = stopping
  signal.addEventListener('abort', () => client.calls.giveUp(signal.reason), { once: true })
  const inDoubt = new Map([...parts.asked, ...journal.inDoubt])
  let openDoubts = inDoubt.size
  const isInDoubt = (row: number): boolean => inDoubt.has(row)
  const read = createReadCustomer({ ...client, clock, random: Math.random })
  const sender = createSender({
    calls: client.calls,
    signer: client.signer,
    proof: client.proof,
    clock,
    random: Math.random,
    inDoubt,
    isSentAgain: (row) => parts.asked.has(row) && !journal.inDoubt.has(row),
    // Asked anew each time: the slowest answer may have come in this session.
    settledAfterMs: () => settledAfterMs(journal),
    readBack: options.readBack ? createReadBack(read) : withoutReading,
    withdraw: (request) => journal.withdraw(request),
    stop,
  })
  const images = isBackedUp ? openBeforeImages(parts.directory, lanePlaces(concurrency)) : undefined
  const looked =
    images === undefined && judge === undefined
      ? sender
      : lookFirst(sender, {
          read,
          clock,
          images,
          fields: new Set([...found.set.keys()].map(fieldOf)),
          judge,
          isInDoubt,
        })
  const synced =
    syncing?.around(looked, {
      read: options.readBack ? read : undefined,
      isInDoubt,
      settledAfterMs: () => settledAfterMs(journal),
    }) ?? looked
  const closed = new Set(before.closedLanes)
  const deliver: Deliver = (request) => {
    if (closed.has(request.customerId)) return Promise.resolve(openOutcome(request, behindBadRow))
    return synced(request, signal)
  }
  const onOutcome = guardedOutcome(parts.watch.onOutcome)
  const threshold = createThreshold(parseErrorLimit(options.maxErrors))
  const judged = (outcome: Outcome): void => {
    if (inDoubt.has(outcome.row)) openDoubts--
    if (threshold.passed(outcome.outcome)) stopping.abort(tooManyErrors())
  }
  const told = (outcome: Outcome): void | Promise<void> => {
    parts.progress.settled(outcome)
    // What it throws ends the run before the row counts.
    return onOutcome === undefined ? judged(outcome) : onOutcome(outcome).then(() => judged(outcome))
  }
  const settle = (outcome: Outcome): Promise<void> => {
    if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') closed.add(outcome.customerId)
    const confirmed = syncing?.confirmedBy(outcome)
    const durable = journal.settle(outcome, confirmed)
    if (confirmed === undefined || syncing === undefined) return durable.then(() => told(outcome))
    return durable.then(() => syncing.settled(confirmed)).then(() => told(outcome))
  }
  // An error of one row ends the run at once: the others begin no further attempt while their lanes empty.
  const onFailure = (error: unknown): void => stopping.abort(error)
  try {
    parts.progress.sending({
      found,
      limit: options.limit,
      settled: before.settled,
      errors: before.errors,
      windows: parts.remote.windows,
      pausedForMs: () => client.limiter.pausedForMs,
      requestsPerCall: looked === sender ? 1 : 2,
    })
    if (found.calls > 0) {
      const { firstOutageMs: patienceMs } = options
      await preflight({ ...client, clock, random: Math.random, patienceMs }, signal)
    }
    const rows = parts.openRows(journal.lastOfSettled())
    await send({
      source: withoutSettled(options.limit === undefined ? rows : firstRows(rows, options.limit), journal),
      prepare,
      deliver: parts.watch.around?.(deliver) ?? deliver,
      lanes: createLanes(() => lanePlaces(concurrency) + Math.min(mostDoubts, openDoubts), onFailure),
      settle,
      signal,
    })
  } catch (error) {
    stopping.abort(error)
  } finally {
    await client.close()
    images?.close()
  }
  if (!signal.aborted) {
    if (options.limit === undefined) {
      if (parts.sync?.isNight === true) await endNight(parts.sync, journal, parts)
      journal.set('finished_at', new Date().toISOString())
      journal.set('state', 'finished')
    }
    return undefined
  }
  // The first reason counts; whatever else was thrown is its consequence, or a bug and no end of the run.
  if (signal.reason instanceof BulkUpdateError) return signal.reason
  throw signal.reason
}

const behindBadRow = {
  code: 'E_EARLIER_ROW',
  message: 'an earlier row of this customer failed or is unknown',
} as const

/** What a program makes of an outcome, and the error of a run that it stops. */
function guardedOutcome(onOutcome: Watch['onOutcome']): ((outcome: Outcome) => Promise<void>) | undefined {
  if (onOutcome === undefined) return undefined
  return async (outcome) => {
    try {
      await onOutcome(outcome)
    } catch (error) {
      throw new BulkUpdateError(
        'LOCAL',
        'E_ON_OUTCOME',
        `onOutcome failed for row ${outcome.row}`,
        'The cause of this error is what it threw. The same call goes on with the rows that are left.',
        { cause: error },
      )
    }
  }
}

/** Aborts with an error as its reason: the first of an interruption from outside and what ends the run from within. */
function stopWith(outside: AbortSignal): AbortController {
  const controller = new AbortController()
  const interrupt = (): void => controller.abort(interruption(outside.reason))
  if (outside.aborted) interrupt()
  else outside.addEventListener('abort', interrupt, { once: true })
  return controller
}

/** Leaves out rows that have an outcome from an earlier session. */
async function* withoutSettled(
  source: Source,
  journal: RunJournal,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  const settled = journal.settledRows
  for await (const rows of source) {
    const open = settled.size === 0 ? rows : rows.filter(({ row }) => !settled.has(row))
    if (open.length > 0) yield open
  }
}

function tooManyErrors(): BulkUpdateError {
  return new BulkUpdateError(
    'REMOTE',
    'E_MAX_ERRORS',
    'more rows than --max-errors allows ended not updated',
    'Look at errors and summary.json, then run the same command again: it goes on where it stopped.',
  )
}
