/** The sending pass of a run: parts put together around the one loop, and what can stop it. */
import type { HeldCustomers } from '../http/sender.ts'
import type { UpdateRequest, MalformedRow, Row } from '../model/row.ts'
import { createHeldCustomers } from './pauses.ts'
import { parseErrorLimit } from '../config/values.ts'
import { sleepUntil, systemClock as clock } from '../http/clock.ts'
import { preflight } from '../http/access.ts'
import { createReadBack, createReadCustomer, withoutReading } from '../http/read-customer.ts'
import type { ReadCustomer } from '../http/read-customer.ts'
import { createSender, endOfEarlierAttempts } from '../http/sender.ts'
import type { Outcome } from '../model/outcome.ts'
import { fieldOf } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { firstRows } from '../input/rows.ts'
import { interruption } from './program-options.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import type { KeyedQueue, Send, Source } from '../model/ports.ts'
import type { Scan } from '../model/scan.ts'
import { send } from './drain.ts'
import { createThreshold } from '../validation/guards.ts'
import { refuseRolledBack } from './child-runs.ts'
import { openOutcome } from './all-outcomes.ts'
import { keepsImages } from './backup.ts'
import type { EarlierSessions } from './earlier-sessions.ts'
import { openClient } from './client.ts'
import type { Client } from '../http/client.ts'
import { preRead } from './pre-read.ts'
import type { RunParts } from './parts.ts'
import type { Middleware, Watch } from './watch.ts'
import { openBeforeImages } from '../store/before-images.ts'
import type { BeforeImages } from '../store/before-images.ts'
import type { RunJournal } from '../store/journal.ts'
import { endSyncRun } from './vanished-file.ts'
import { openSyncing } from './only-changed.ts'
import type { SyncSending } from './only-changed.ts'

/** Rows that may run or wait in their customers' queues. After a crash no more of them can be in doubt. */
function queuePlaces(concurrency: number): number {
  return Math.min(concurrency * 8, Math.max(256, concurrency))
}

/** Journal entries that are committed without waiting for more: while they are written, some rows are on their way and as many are ready. */
export function groupPlaces(concurrency: number): number {
  return Math.max(concurrency, queuePlaces(concurrency) - 2 * concurrency)
}

/** Rows in doubt that may wait on top until they can be read back: new rows need not wait with them. */
const mostDoubts = 4_000

/** Rows that may wait for their settle time on top. With more, no new row is started. */
const mostSettling = 1_000

/**
 * So long after its last attempt a row without a clear answer is in doubt. The embedded simulator applies nothing late; what does
 * harm twice waits longer.
 */
function settleAfterMs({ options }: RunParts, isRepeatable: boolean): number {
  if (options.settleAfterMs !== undefined) return options.settleAfterMs
  if (options.env === 'simulator') return 2_000
  return isRepeatable ? 90_000 : 300_000
}

/** What the parts of one sending pass share. */
interface Sending {
  readonly parts: RunParts
  readonly journal: RunJournal
  readonly client: Client
  readonly fieldState: SyncSending | undefined
  readonly read: ReadCustomer
  /** Rows that an earlier session, or the parent run, may have sent, with the time of their intent (ms since 1970). */
  readonly inDoubt: ReadonlyMap<number, number>
  /** Rows in doubt of the parent run, which the user asked to send again. */
  readonly isSentAgain: (row: number) => boolean
  /** Customers with a row that was settled early. */
  readonly held: HeldCustomers
  /** Rows that wait for their settle time now. */
  readonly settling: { rows: number; onGrowth: () => void }
  readonly stop: (error: unknown) => void
}

/** Sends what has no outcome yet. Returns what stopped it, or undefined if every row has an outcome. */
export async function sendAll(
  parts: RunParts,
  journal: RunJournal,
  found: Scan,
  concurrency: number,
  before: EarlierSessions,
): Promise<BulkUpdateError | undefined> {
  const { options } = parts
  refuseRolledBack(parts)
  const keepsBackup = keepsImages(options, journal, before)
  const fieldState = await openSyncing(parts, journal)
  const stopping = stopWith(parts.signal)
  const { signal } = stopping
  const stop = (error: unknown): void => stopping.abort(error)
  const intend = fieldState?.intend ?? ((request) => journal.intend(request))
  const client = openClient(parts, { ...journal, intend }, concurrency, clock, stop)
  signal.addEventListener('abort', () => client.calls.giveUp(signal.reason), { once: true })
  const read = createReadCustomer({ ...client, clock, random: Math.random })
  const sending: Sending = {
    parts,
    journal,
    client,
    fieldState,
    read,
    inDoubt: new Map([...parts.asked, ...journal.inDoubt]),
    isSentAgain: (row) => parts.asked.has(row) && !journal.inDoubt.has(row),
    held: createHeldCustomers(journal, clock),
    settling: { rows: 0, onGrowth() {} },
    stop,
  }
  const images = keepsBackup ? openBeforeImages(parts.directory, queuePlaces(concurrency)) : undefined
  const closed = new Set(before.closedCustomers)
  const middleware = createMiddleware(sending, closed, images, found)
  const outcomes = createOutcomeWriter(sending, closed)
  try {
    parts.progress.sending({
      found,
      limit: options.limit,
      settled: before.settled,
      errors: before.errors,
      windows: parts.remote.windows,
      pausedForMs: () => client.limiter.pausedForMs,
      requestsPerCall: middleware.reduce((requests, { extraRequests }) => requests + extraRequests, 1),
    })
    if (found.calls > 0) {
      const { firstOutageMs: patienceMs } = options
      await preflight({ ...client, clock, random: Math.random, patienceMs }, signal)
    }
    const rows = parts.openRows(journal.lastOfSettled())
    const queue = createQueue(sending, outcomes, concurrency)
    await send({
      source: withoutSettled(options.limit === undefined ? rows : firstRows(rows, options.limit), journal),
      prepare: parts.prepare,
      deliver: compose(createRowSender(sending), middleware),
      lanes: queue,
      settle: (outcome) => outcomes.settle(outcome),
      signal,
    })
  } catch (error) {
    stop(error)
  } finally {
    await client.close()
    images?.close()
  }
  if (!signal.aborted) {
    if (options.limit === undefined) await finish(parts, journal)
    return undefined
  }
  // The first reason counts; whatever else was thrown is its consequence, or a bug and no end of the run.
  if (signal.reason instanceof BulkUpdateError) return signal.reason
  throw signal.reason
}

/** Rows that wait for a time take no place from others. */
function createQueue({ settling, stop }: Sending, outcomes: OutcomeWriter, concurrency: number): KeyedQueue {
  const queue = createKeyedQueue(
    () =>
      queuePlaces(concurrency) +
      Math.min(mostDoubts, outcomes.openDoubts) +
      Math.min(mostSettling, settling.rows),
    // An error of one row ends the run at once: the others begin no further attempt while their queues empty.
    stop,
  )
  settling.onGrowth = () => queue.recheck()
  return queue
}

async function finish(parts: RunParts, journal: RunJournal): Promise<void> {
  if (parts.sync?.isSyncRun === true) await endSyncRun(parts.sync, journal, parts)
  journal.set('finished_at', new Date().toISOString())
  journal.set('state', 'finished')
}

/** The innermost part: sends a row until its outcome can be proved. */
function createRowSender(sending: Sending): Send {
  const { parts, journal, client, read, inDoubt, isSentAgain, held, settling, stop } = sending
  return createSender({
    calls: client.calls,
    access: client.access,
    clock,
    random: Math.random,
    inDoubt,
    isSentAgain,
    settleAfterMs: (request) => settleAfterMs(parts, request.repeatable),
    held,
    onSettling(change) {
      settling.rows += change
      if (change > 0) settling.onGrowth()
    },
    readBack: parts.options.readBack ? createReadBack(read) : withoutReading,
    withdraw: (request) => journal.withdraw(request),
    stop,
  })
}

/** What stands around the sender, innermost first. */
function createMiddleware(
  { parts, fieldState, read, inDoubt, isSentAgain, held }: Sending,
  closed: ReadonlySet<string>,
  images: BeforeImages | undefined,
  found: Scan,
): readonly Middleware[] {
  const { options, precondition, watch } = parts
  const isInDoubt = (row: number): boolean => inDoubt.has(row)
  const middleware: Middleware[] = []
  if (images !== undefined || precondition !== undefined) {
    const fields = new Set([...found.set.keys()].map(fieldOf))
    const begun = clock.now()
    const untilSettled = ({ row, customerId, repeatable }: UpdateRequest, signal: AbortSignal) => {
      const endedAt = endOfEarlierAttempts({ clock, inDoubt, isSentAgain }, row, begun)
      const own = isInDoubt(row) ? endedAt + settleAfterMs(parts, repeatable) : 0
      return sleepUntil(clock, Math.max(own, held.until(customerId)), signal)
    }
    const looking = { read, clock, images, fields, precondition, isInDoubt, untilSettled }
    middleware.push({ extraRequests: 1, wrap: (next) => preRead(next, looking) })
  }
  if (fieldState !== undefined) {
    const looking = {
      read: options.readBack ? read : undefined,
      isInDoubt,
      settleAfterMs: settleAfterMs(parts, false),
    }
    middleware.push({ extraRequests: 0, wrap: (next) => fieldState.around(next, looking) })
  }
  middleware.push({
    extraRequests: 0,
    wrap: (next) => (request, signal) =>
      closed.has(request.customerId)
        ? Promise.resolve(openOutcome(request, behindBadRow))
        : next(request, signal),
  })
  if (watch.around !== undefined) middleware.push({ extraRequests: 0, wrap: watch.around })
  return middleware
}

interface OutcomeWriter {
  /** Resolves when the outcome is durable and everybody who watches the run has been told. */
  settle(outcome: Outcome): Promise<void>
  /** Rows in doubt that have no outcome yet. */
  readonly openDoubts: number
}

/** `closed` gets the customers of rows that ended `failed` or `unknown`: nothing more is sent to them. */
function createOutcomeWriter(
  { parts, journal, fieldState, inDoubt, stop }: Sending,
  closed: Set<string>,
): OutcomeWriter {
  const onOutcome = guardedOutcome(parts.watch.onOutcome)
  const threshold = createThreshold(parseErrorLimit(parts.options.maxErrors))
  let openDoubts = inDoubt.size

  function count({ row, outcome }: Outcome): void {
    if (inDoubt.has(row)) openDoubts--
    if (threshold.passed(outcome)) stop(tooManyErrors())
  }

  function notify(outcome: Outcome): void | Promise<void> {
    parts.progress.settled(outcome)
    // What it throws ends the run before the row counts.
    return onOutcome === undefined ? count(outcome) : onOutcome(outcome).then(() => count(outcome))
  }

  return {
    settle(outcome) {
      if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') closed.add(outcome.customerId)
      const confirmed = fieldState?.confirmedBy(outcome)
      const durable = journal.settle(outcome, confirmed)
      if (confirmed === undefined || fieldState === undefined) return durable.then(() => notify(outcome))
      return durable.then(() => fieldState.settled(confirmed)).then(() => notify(outcome))
    },
    get openDoubts() {
      return openDoubts
    },
  }
}

function compose(sender: Send, middleware: readonly Middleware[]): Send {
  return middleware.reduce((next, { wrap }) => wrap(next), sender)
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
    'E_MAX_ERRORS',
    'more rows than --max-errors allows ended not updated',
    'Look at errors and summary.json, then run the same command again: it goes on where it stopped.',
  )
}
