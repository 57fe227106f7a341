/** The sending pass of a run: composes the parts around the one loop, and handles what stops it. */
import type { HeldCustomers } from '../http/sender.ts'
import type { UpdateRequest, MalformedRow, Row } from '../model/row.ts'
import { createHeldCustomers } from './pauses.ts'
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
import { nameRoute } from './remote.ts'
import { createKeyedQueue } from './keyed-queue.ts'
import type { KeyedQueue, Send, Source } from '../model/ports.ts'
import { callsOnTop } from '../model/scan.ts'
import type { Scan } from '../model/scan.ts'
import { send } from './drain.ts'
import { mostDoubts, mostSettling, queuePlaces, settleAfterMs } from './waiting-rows.ts'
import { refuseRolledBack } from './child-runs.ts'
import { openOutcome } from './all-outcomes.ts'
import { keepsImages } from './backup.ts'
import { openClient } from './client.ts'
import type { Client } from '../http/client.ts'
import { readsPerCall } from './metadata-keys.ts'
import { createPreRead, holdsAllKeys } from './pre-read.ts'
import type { PreReadStep } from './pre-read.ts'
import { createSharedRead } from './shared-read.ts'
import type { SharedRead } from './shared-read.ts'
import type { RunParts } from './parts.ts'
import type { Middleware } from './watch.ts'
import type { Run } from '../model/store.ts'
import { endExportRun, exportNote } from './vanished-file.ts'
import { createAnswerCheck } from './answer-check.ts'
import type { AnswerCheck } from './answer-check.ts'
import { createOutcomeWriter } from './outcome-writer.ts'
import type { OutcomeWriter } from './outcome-writer.ts'
import { sendOperations } from './row-operations.ts'
import { createFieldStateSending } from './only-changed.ts'
import type { FieldStateSending } from './only-changed.ts'
import { stateNote } from './report.ts'

/** What the parts of one sending pass share. */
interface Sending {
  readonly parts: RunParts
  readonly run: Run
  readonly client: Client
  readonly fieldState: FieldStateSending | undefined
  readonly read: ReadCustomer
  /** What is read before rows are sent. */
  readonly shared: SharedRead
  readonly answers: AnswerCheck
  /** Rows that an earlier session, or the parent run, may have sent, with the time of their intent (ms since 1970). Shrinks. */
  readonly inDoubt: Map<number, number>
  /** Rows in doubt of the parent run, which the user asked to send again. */
  readonly isSentAgain: (row: number) => boolean
  /** Customers with a row that was settled early. */
  readonly held: HeldCustomers
  /** When the attempts of earlier sessions count as ended, in the clock's milliseconds. */
  readonly earlierEndedAt: number
  /** Rows that wait for their settle time now. */
  readonly settling: { rows: number; onGrowth: () => void }
  readonly stop: (error: unknown) => void
}

/** Sends what has no outcome yet. Returns what stopped it, or undefined if every row has an outcome. */
export async function sendAll(parts: RunParts, run: Run, found: Scan): Promise<BulkUpdateError | undefined> {
  const { options } = parts
  const { concurrency } = options
  await refuseRolledBack(parts.store, parts.runId)
  const images = (await keepsImages(options, run)) ? run : undefined
  const fieldState = await openSendingState(parts, run)
  await run.begin()
  const stopping = stopWith(parts.signal)
  const { signal } = stopping
  const stop = (error: unknown): void => stopping.abort(nameRoute(error, parts.remote))
  const recordIntent = (request: UpdateRequest): Promise<void> | undefined =>
    run.recordIntent(request, settleAfterMs(parts, request.repeatable))
  const callsLeft = options.pace === 'even' ? () => parts.progress.callsLeft : undefined
  const client = await openClient(
    { ...parts, callsLeft },
    {
      note: (name) => run.note(name),
      noteLater: (name, value) => run.noteLater(name, value),
      recordIntent,
      owner: run,
    },
    concurrency,
    clock,
    stop,
  )
  const reading = { ...client, clock, random: Math.random }
  const read = createReadCustomer(reading)
  const sending: Sending = {
    parts,
    run,
    client,
    fieldState,
    read,
    shared: createSharedRead(createReadCustomer(reading, true), clock),
    answers: createAnswerCheck({
      run,
      accepted: options.acceptNotTaken,
      read: options.readBack ? read : undefined,
      stop,
    }),
    inDoubt: new Map([...parts.asked, ...run.inDoubt]),
    isSentAgain: (row) => parts.asked.has(row) && !run.inDoubt.has(row),
    held: createHeldCustomers(run, clock),
    earlierEndedAt:
      run.earlier.endedAt === 0 ? clock.now() : clock.now() + run.earlier.endedAt - clock.wall(),
    settling: { rows: 0, onGrowth() {} },
    stop,
  }
  const closed = new Set(run.earlier.closedCustomers)
  const step = createPreReadStep(sending, images, found)
  const preRead = step && {
    ...step,
    extraRequests: images || parts.precondition ? 1 : readsPerCall(found, parts.metadataKeys),
  }
  const outcomes = createOutcomeWriter({ ...sending, clock, closed })
  const operations = createOperations(sending, found, outcomes)
  const middleware = createMiddleware(sending, closed, [operations, ...(preRead ? [preRead] : [])])
  try {
    sending.answers.refuseIgnored()
    parts.progress.sending({
      found,
      limit: options.limit,
      settled: run.earlier.settled,
      errors: run.earlier.errors,
      windows: parts.remote.windows,
      pausedForMs: () => client.limiter.pausedForMs,
      requestsPerCall: middleware.reduce((requests, { extraRequests }) => requests + extraRequests, 1),
    })
    if (found.calls > 0) {
      const { firstOutageMs: patienceMs } = options
      await preflight({ ...client, clock, random: Math.random, patienceMs }, signal)
    }
    const rows = parts.openRows(await run.lastOfSettled())
    const queue = createQueue(sending, concurrency)
    await send({
      source: withoutSettled(options.limit === undefined ? rows : firstRows(rows, options.limit), run),
      prepare: parts.prepare,
      deliver: compose(createRowSender(sending, step), middleware),
      lanes: queue,
      settle: (outcome) => outcomes.settle(outcome),
      signal,
    })
  } catch (error) {
    stop(error)
  } finally {
    await client.close()
  }
  if (!signal.aborted) {
    if (options.limit === undefined) await finish(parts, run)
    return undefined
  }
  // The first reason counts. Later errors follow from it. A reason that is no BulkUpdateError is a bug.
  if (signal.reason instanceof BulkUpdateError) return signal.reason
  throw signal.reason
}

/** Rows in doubt and rows that settle get places of their own, so that others need not wait. */
function createQueue({ inDoubt, settling, stop }: Sending, concurrency: number): KeyedQueue {
  const queue = createKeyedQueue(
    () =>
      queuePlaces(concurrency) + Math.min(mostDoubts, inDoubt.size) + Math.min(mostSettling, settling.rows),
    // An error of one row ends the run at once: no other row begins an attempt while the queues empty.
    stop,
  )
  settling.onGrowth = () => queue.recheck()
  return queue
}

async function finish({ fieldState, ...parts }: RunParts, run: Run): Promise<void> {
  if (fieldState?.isExport === true) await endExportRun(fieldState, run, parts)
  await run.finish()
}

/** Returns undefined if no field state is kept. */
async function openSendingState(
  { fieldState, options, remote, runId }: RunParts,
  run: Run,
): Promise<FieldStateSending | undefined> {
  if (fieldState === undefined) return undefined
  if (fieldState.isExport) {
    if (run.note(stateNote) === undefined) {
      if (fieldState.isNew) await fieldState.state.forget()
      run.noteLater(stateNote, fieldState.isFirst ? 'first' : 'known')
    }
    await run.setNote(exportNote, fieldState.exportName)
    await fieldState.state.accept()
  }
  const identity = { host: remote.host, runId }
  return createFieldStateSending({ fieldState, run, identity, clock, wholeRows: options.wholeRows })
}

/** The innermost part: sends a row until its outcome can be proved. */
function createRowSender(sending: Sending, preRead: PreReadStep | undefined): Send {
  const { parts, run, client, read, shared, answers, inDoubt, isSentAgain, held, settling, stop } = sending
  const sender = createSender({
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
    async examine(request, customer, signal) {
      const result = await answers.examine(request, customer, signal)
      if (holdsAllKeys(request, customer)) shared.note(request.customerId, customer)
      return result
    },
    readBack: parts.options.readBack ? createReadBack(read) : withoutReading,
    cancelIntent: ({ row }) => run.cancelIntents([row]),
    earlierEndedAt: sending.earlierEndedAt,
    isOvertaken: (row) => run.isOvertaken(row),
    ...(preRead === undefined ? {} : { readAgain: preRead.readAgain }),
    stop,
  })
  return (request, signal) => {
    shared.forget(request.customerId)
    return sender(request, signal)
  }
}

/** Returns undefined if no customer has to be read before its row is sent. */
function createPreReadStep(
  { parts, run, client, shared, inDoubt, isSentAgain, held, earlierEndedAt }: Sending,
  images: Run | undefined,
  found: Scan,
): PreReadStep | undefined {
  const { precondition, fieldState, runId, remote } = parts
  const sendsAllKeys = parts.metadataKeys === 'all'
  if (images === undefined && precondition === undefined && !sendsAllKeys) return undefined
  const isInDoubt = (row: number): boolean => inDoubt.has(row)
  /** What nothing is known of is sent whole: a first run, or a customer that was forgotten. */
  async function isKnown(customerId: string): Promise<boolean> {
    const [known] = (await fieldState?.state.get([customerId])) ?? []
    return Object.keys(known?.digests ?? {}).length > 0
  }
  return createPreRead({
    shared,
    clock,
    images,
    fields: new Set([...found.set.keys()].map(fieldOf)),
    precondition,
    isInDoubt,
    untilSettled({ row, customerId, repeatable }, signal) {
      const endedAt = endOfEarlierAttempts({ clock, inDoubt, isSentAgain }, row, earlierEndedAt)
      const own = isInDoubt(row) ? endedAt + settleAfterMs(parts, repeatable) : 0
      return sleepUntil(clock, Math.max(own, held.until(customerId)), signal)
    },
    identity: { host: remote.host, runId },
    sendsAllKeys,
    leavesHeld: fieldState?.isOnlyChanged === true && !fieldState.isNew ? isKnown : undefined,
    intendedBody: (row) => run.intendedBody(row),
    isPartial: (row) => run.outcomeSoFar(row) !== undefined,
    onMissing: (code, status) => client.access.rejected(code, status),
  })
}

/** The two calls of a row that removes a discount and sets other fields. */
function createOperations(
  { parts, run, inDoubt }: Sending,
  found: Scan,
  outcomes: OutcomeWriter,
): Middleware {
  const operations = {
    run,
    identity: { host: parts.remote.host, runId: parts.runId },
    clock,
    recordRemoval: (soFar: Outcome, removal: UpdateRequest) => outcomes.recordRemoval(soFar, removal),
    endDoubt: (row: number) => void inDoubt.delete(row),
  }
  return { extraRequests: callsOnTop(found), wrap: (next) => sendOperations(next, operations) }
}

/** The middleware around the sender, innermost first. */
function createMiddleware(
  { parts, run, client, fieldState, shared, inDoubt }: Sending,
  closed: ReadonlySet<string>,
  inner: readonly Middleware[],
): readonly Middleware[] {
  const { options, watch } = parts
  const isInDoubt = (row: number): boolean => inDoubt.has(row)
  const middleware = [...inner]
  if (fieldState !== undefined) {
    const looking = {
      read: options.readBack ? shared : undefined,
      // Of a row whose discount may be removed, nothing else was sent.
      isInDoubt: (row: number, field: string) =>
        isInDoubt(row) && (field === 'coupon' || run.intendedOperation(row) !== 'delete_discount'),
      settleAfterMs: settleAfterMs(parts, false),
    }
    middleware.push({ extraRequests: 0, wrap: (next) => fieldState.around(next, looking) })
  }
  middleware.push({
    extraRequests: 0,
    wrap: (next) => (request, signal) =>
      closed.has(request.customerId)
        ? Promise.resolve(openOutcome(request, behindBadRow))
        : next(request, signal).finally(() => client.calls.giveBack(request.path)),
  })
  if (watch.around !== undefined) middleware.push({ extraRequests: 0, wrap: watch.around })
  return middleware
}

function compose(sender: Send, middleware: readonly Middleware[]): Send {
  return middleware.reduce((next, { wrap }) => wrap(next), sender)
}

const behindBadRow = {
  code: 'E_EARLIER_ROW',
  message: 'an earlier row of this customer failed or is unknown',
} as const

/** Aborts with the first reason: an interruption from outside, or an error of the run. */
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
  { settledRows: settled }: Run,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  for await (const rows of source) {
    const open = settled.size === 0 ? rows : rows.filter(({ row }) => !settled.has(row))
    if (open.length > 0) yield open
  }
}
