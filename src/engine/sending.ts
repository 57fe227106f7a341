/** The sending pass of a run: composes the parts around the one loop, and handles what stops it. */
import { sleepUntil, systemClock as clock } from '../http/clock.ts'
import { preflight } from '../http/access.ts'
import type { ReadCustomer, HeldCustomers } from '../http/ports.ts'
import { createReadBack, createReadCustomer, withoutReading } from '../http/read-customer.ts'
import { createSender } from '../http/sender.ts'
import type { Doubt } from '../http/settling.ts'
import { fieldOf, type MalformedRow, type Row } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { firstRows } from '../input/rows.ts'
import { stopWith } from './program-options.ts'
import { nameRoute } from './remote.ts'
import { createKeyedQueue, type KeyedQueue } from './keyed-queue.ts'
import type { Send, Source } from '../model/ports.ts'
import { callsOnTop } from '../model/scan.ts'
import { drain } from './drain.ts'
import {
  createHeldCustomers,
  createLaterDoubts,
  keepDoubts,
  mostRows,
  loadDoubts,
  queuePlaces,
  settleAfterMs,
  untilSettled,
} from './waiting-rows.ts'
import { unsentOutcome } from './all-outcomes.ts'
import { openClient, type RunClient } from './run-client.ts'
import { readsPerCall } from './metadata-keys.ts'
import { createPreRead, holdsAllKeys, keepsImages, type PreReadStep } from './pre-read.ts'
import { createSharedRead, type SharedRead } from './shared-read.ts'
import type { RunParts } from './parts.ts'
import type { Run } from '../model/store.ts'
import type { RunIdentity } from '../rapyd/requests.ts'
import { endExportRun } from './vanished-file.ts'
import { createAnswerCheck, type AnswerCheck } from './answer-check.ts'
import { createOutcomeWriter } from './outcome-writer.ts'
import { sendOperations } from './row-operations.ts'
import { createFieldStateSending, type FieldStateSending } from './only-changed.ts'
import { exportNote, stateNote } from './record.ts'

/** Wraps the sending of a row. */
type Middleware = (next: Send) => Send

/** What the parts of one sending pass share. */
interface Sending {
  readonly parts: RunParts
  readonly run: Run
  readonly client: RunClient
  readonly identity: RunIdentity
  readonly fieldState: FieldStateSending | undefined
  readonly read: ReadCustomer
  /** What is read before rows are sent. */
  readonly shared: SharedRead
  readonly answers: AnswerCheck
  /** Rows that an earlier session, or the parent run, may have sent. Loses rows that get an outcome. */
  readonly inDoubt: Map<number, Doubt>
  /** Rows in doubt of the parent run, which the user asked to send again. */
  readonly isSentAgain: (row: number) => boolean
  /** Customers with a row that was settled early. */
  readonly held: HeldCustomers
  readonly queues: KeyedQueue
  readonly stop: (error: unknown) => void
}

/** Sends what has no outcome yet. Returns what stopped it, or undefined if every row has an outcome. */
export async function sendAll(parts: RunParts, run: Run): Promise<BulkUpdateError | undefined> {
  const { options, scan } = parts
  const images = (await keepsImages(options, run)) ? run : undefined
  await beginFieldState(parts, run)
  await run.begin()
  using stopping = stopWith(parts.signal)
  const { signal } = stopping
  const sending = await openSending(parts, run, (error) => stopping.stop(nameRoute(error, parts.remote)))
  const { client, stop } = sending
  const closed = new Set(run.earlier.closedCustomers)
  const step = createPreReadStep(sending, images)
  const isEachRead = images !== undefined || parts.job.precondition !== undefined
  const reads = isEachRead ? 1 : readsPerCall(scan, parts.metadataKeys)
  const outcomes = createOutcomeWriter({ ...sending, clock, closed })
  const operations = { run, identity: sending.identity, clock, outcomes, inDoubt: sending.inDoubt }
  const middleware = [
    (next: Send) => sendOperations(next, operations),
    ...(step === undefined ? [] : [step.wrap]),
    ...createMiddleware(sending, closed),
  ]
  try {
    sending.answers.refuseIgnored()
    parts.progress.sending({
      scan,
      limit: options.limit,
      settled: run.earlier.settled,
      errors: run.earlier.errors,
      windows: parts.remote.windows,
      pausedForMs: () => client.limiter.pausedForMs,
      requestsPerCall: 1 + callsOnTop(scan) + reads,
    })
    if (scan.calls > 0) await preflight({ ...client, patienceMs: options.firstOutageMs }, signal)
    const rows = parts.openRows(await run.lastOfSettled())
    await drain({
      source: withoutSettled(options.limit === undefined ? rows : firstRows(rows, options.limit), run),
      prepare: parts.prepare,
      send: middleware.reduce((next, wrap) => wrap(next), createRowSender(sending, step)),
      queues: sending.queues,
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
  keepDoubts(run, sending.inDoubt, clock)
  // The first reason counts. Later errors follow from it. A reason that is no BulkUpdateError is a bug.
  if (signal.reason instanceof BulkUpdateError) return signal.reason
  throw signal.reason
}

/** Waits until a time of the clock. Meanwhile rows of the customer hold no places. */
async function waitInQueue(
  queues: KeyedQueue,
  customerId: string,
  until: number,
  signal: AbortSignal,
): Promise<void> {
  queues.waits(customerId, true)
  await sleepUntil(clock, until, signal)
  queues.waits(customerId, false)
}

async function openSending(parts: RunParts, run: Run, stop: (error: unknown) => void): Promise<Sending> {
  const { options, fieldState, remote, runId, progress } = parts
  const client = await openClient({
    ...parts,
    requested: progress.requested,
    callsLeft: options.pace === 'even' ? () => progress.callsLeft : undefined,
    sending: { run, settleAfterMs: ({ repeatable }) => settleAfterMs(options, repeatable) },
    stop,
  })
  const read = createReadCustomer(client)
  const shared = createSharedRead(createReadCustomer(client, true), clock)
  const inDoubt = loadDoubts(run, parts.parentDoubts, clock)
  // An error of one row ends the run at once: no other row begins an attempt while the queues empty.
  const queues = createKeyedQueue(() => queuePlaces(options.concurrency) + inDoubt.size, stop, mostRows)
  const identity = { host: remote.host, runId }
  return {
    parts,
    run,
    client,
    identity,
    read,
    shared,
    inDoubt,
    fieldState:
      fieldState &&
      createFieldStateSending({
        fieldState,
        run,
        identity,
        clock,
        wholeRows: options.wholeRows,
        read: options.readBack ? shared : undefined,
        isInDoubt: (row) => inDoubt.has(row),
        untilSettled: (request, signal) =>
          untilSettled({ run, clock, longestMs: settleAfterMs(options, false), signal }, request, (until) =>
            waitInQueue(queues, request.customerId, until, signal),
          ),
      }),
    answers: createAnswerCheck({
      run,
      accepted: options.acceptNotTaken,
      read: options.readBack ? read : undefined,
      stop,
    }),
    isSentAgain: (row) => parts.parentDoubts.has(row) && !run.inDoubt.has(row),
    held: createHeldCustomers(clock),
    queues,
    stop,
  }
}

async function finish({ fieldState, ...parts }: RunParts, run: Run): Promise<void> {
  if (fieldState?.isExport === true) await endExportRun(fieldState, run, parts)
  await run.finish()
}

/** Notes for the report and the next run of the export what this one begins with. */
async function beginFieldState({ fieldState }: RunParts, run: Run): Promise<void> {
  if (fieldState?.isExport !== true) return
  if (run.note(stateNote) === undefined) {
    if (fieldState.isNew) await fieldState.state.forget()
    run.noteLater(stateNote, fieldState.isFirst ? 'first' : 'known')
  }
  await run.setNote(exportNote, fieldState.exportName)
  await fieldState.state.accept()
}

/** The innermost part: sends a row until its outcome can be proved. */
function createRowSender(sending: Sending, preRead: PreReadStep | undefined): Send {
  const { parts, run, client, read, shared, answers, inDoubt, isSentAgain, held, queues, stop } = sending
  const sender = createSender({
    ...client,
    inDoubt,
    isSentAgain,
    settleAfterMs: ({ repeatable }) => settleAfterMs(parts.options, repeatable),
    held,
    waitFor: (customerId, until, signal) => waitInQueue(queues, customerId, until, signal),
    async examine(request, customer, signal) {
      const result = await answers.examine(request, customer, signal)
      if (holdsAllKeys(request, customer)) shared.note(request.customerId, customer)
      return result
    },
    readBack: parts.options.readBack ? createReadBack(read, createLaterDoubts(parts, run)) : withoutReading,
    cancelIntent: ({ row }) => run.cancelIntents([row]),
    keepDoubt: (row, doubt) => void inDoubt.set(row, doubt),
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
  { parts, run, client, identity, shared, inDoubt, held, queues }: Sending,
  images: Run | undefined,
): PreReadStep | undefined {
  const { precondition } = parts.job
  const { fieldState, scan } = parts
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
    fields: new Set([...scan.set.keys()].map(fieldOf)),
    precondition,
    isInDoubt,
    async untilSettled({ row, customerId, repeatable }, signal) {
      const doubt = inDoubt.get(row)
      const own = doubt === undefined ? 0 : doubt.at + settleAfterMs(parts.options, repeatable)
      const until = Math.max(own, held.until(customerId))
      if (until > clock.now()) await waitInQueue(queues, customerId, until, signal)
    },
    identity,
    sendsAllKeys,
    mayLeaveOut: fieldState?.isOnlyChanged === true && !fieldState.isNew ? isKnown : undefined,
    intendedBody: (row) => run.intendedBody(row),
    isPartial: (row) => run.outcomeSoFar(row) !== undefined,
    onMissing: (code, status) => client.access.rejected(code, status),
  })
}

/** The middleware around the sender and the pre-read, innermost first. */
function createMiddleware(
  { parts: { watch }, client, fieldState }: Sending,
  closed: ReadonlySet<string>,
): readonly Middleware[] {
  const closing: Middleware = (next) => (request, signal) =>
    closed.has(request.customerId)
      ? Promise.resolve(unsentOutcome(request, afterBadRow))
      : next(request, signal).finally(() => client.calls.giveBack(request.path))
  return [
    ...(fieldState === undefined ? [] : [fieldState.around]),
    closing,
    ...(watch.around === undefined ? [] : [watch.around]),
  ]
}

const afterBadRow = {
  code: 'E_EARLIER_ROW',
  message: 'an earlier row of this customer failed or is unknown',
} as const

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
