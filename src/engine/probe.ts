/**
 * The probe: one key of a customer's metadata is sent alone, with the value that it has. If the other keys are gone then, the account
 * replaces metadata, and they are written back at once. Every step has an intent, and a probe that was killed is finished before
 * anything else is sent for the account.
 */
import { hash, randomUUID } from 'node:crypto'
import { preflight } from '../http/access.ts'
import { sleepUntil, systemClock as clock } from '../http/clock.ts'
import { createReadBack, createReadCustomer } from '../http/read-customer.ts'
import { createSender, type SenderParts } from '../http/sender.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { BulkUpdateError, type ErrorCode } from '../model/errors.ts'
import { errorOf } from './errors.ts'
import { hasMembers, isJsonObject, parseJson, type JsonObject } from '../model/json.ts'
import type { UpdateRequest, Outcome } from '../model/row.ts'
import type { Run } from '../model/store.ts'
import { shownKey, shownNames } from '../model/text.ts'
import { keysOf } from '../rapyd/metadata.ts'
import { createUpdateRequest, withReading, type RunIdentity } from '../rapyd/requests.ts'
import { isEmpty, isHeld } from '../rapyd/snapshot.ts'
import { openClient, type RunClient } from './run-client.ts'
import { metadataFact } from './metadata-keys.ts'
import { accountOf } from './open-field-state.ts'
import { stopWith } from './program-options.ts'
import { loadDoubts, settleAfterMs, untilSettled } from './waiting-rows.ts'
import type { RunParts } from './parts.ts'
import type { CustomerReading, ReadCustomer, Remote } from '../http/ports.ts'

export interface ProbeParts extends Pick<RunParts, 'store' | 'remote' | 'notify' | 'signal'> {
  readonly options: Pick<
    ResolvedOptions,
    'env' | 'maxOutageMs' | 'firstOutageMs' | 'concurrency' | 'settleAfterMs' | 'useSystemCa'
  >
  readonly requested?: (() => void) | undefined
}

export type Metadata = 'merge' | 'replace'

/** What a probe is about to do, kept before its first request. */
interface ProbeState {
  readonly customer: string
  readonly metadata: JsonObject
  /** The key that is sent alone. */
  readonly key: string
  /** Makes its idempotency keys those of no other probe. */
  readonly nonce: string
}

const probeNote = 'probe'

/** The rows of its run: the key alone, and all keys. */
const [aloneRow, allRow] = [1, 2]

function runIdOf({ host, account }: Remote): string {
  return `probe-${hash('sha256', `${host}\n${account}`, 'hex').slice(0, 12)}`
}

/** Finishes the probe that was killed, if there is one. Throws BUSY if another process probes, REMOTE if it cannot be finished. */
export async function finishProbe(parts: ProbeParts): Promise<void> {
  if ((await parts.store.findRun(runIdOf(parts.remote))) === undefined) return
  await withProbe(parts, async (session) => {
    const state = readState(session.run)
    if (state === undefined) return
    const text = `A probe of ${state.customer} was interrupted: it is finished first.`
    parts.notify({ kind: 'notice', text, isWarning: false })
    await carryOut(session, state, true)
  })
}

/** Probes a customer. Throws USAGE if it will not do, REMOTE if nothing was seen or keys could not be written back. */
export function probeCustomer(parts: ProbeParts, customer: string): Promise<Metadata> {
  return withProbe(parts, async (session) => {
    await untilQuiet(session, customer)
    const metadata = metadataToProbe(customer, await session.read(customer, session.signal))
    const key = Object.keys(metadata).find((name) => !isEmpty(metadata[name])) ?? ''
    const state: ProbeState = { customer, metadata, key, nonce: randomUUID() }
    await session.run.setNote(probeNote, JSON.stringify(state))
    const found = await carryOut(session, state, false)
    if (found !== undefined) return found
    throw errorOf('E_PROBE_UNCLEAR', 'unclear_probe', { customer })
  })
}

interface ProbeSession extends ProbeParts {
  readonly run: Run
  readonly client: RunClient
  readonly settleMs: number
  readonly read: ReadCustomer
}

/** Takes the run of the probe, and deletes it unless something is left to do. */
async function withProbe<Result>(
  parts: ProbeParts,
  action: (session: ProbeSession) => Promise<Result>,
): Promise<Result> {
  const { store, remote, options, notify } = parts
  const { host, account } = remote
  const id = runIdOf(remote)
  // As long as for what must not be sent twice.
  const settleMs = settleAfterMs(options, false)
  const run = await store.openRun(
    { id, kind: 'probe', parentId: undefined, host, account, directory: '', facts: {} },
    { fieldsOf: accountOf(remote).accountId, group: 1, settleMs, rows: 2 },
  )
  try {
    using stopping = stopWith(parts.signal)
    const { signal, stop } = stopping
    const sending = { run, settleAfterMs: () => settleMs }
    const client = await openClient({
      store,
      remote,
      options,
      notify,
      sending,
      stop,
      requested: parts.requested,
    })
    try {
      await preflight({ ...client, patienceMs: options.firstOutageMs }, signal)
      return await action({ ...parts, signal, run, client, settleMs, read: createReadCustomer(client) })
    } finally {
      await client.close()
    }
  } finally {
    const isOver = readState(run) === undefined
    await run.close()
    if (isOver) await store.deleteRun(id, () => Promise.resolve(true))
  }
}

/** What an earlier run has sent could arrive in the middle, and bring back keys that are gone. */
async function untilQuiet(
  { run, settleMs, signal, notify }: ProbeSession,
  customerId: string,
): Promise<void> {
  const parts = { run, clock, longestMs: settleMs, signal }
  const text = `An earlier request to ${customerId} may still be applied: the probe waits for that.`
  await untilSettled(parts, { customerId, row: aloneRow }, (until) => {
    notify({ kind: 'notice', text, isWarning: false })
    return sleepUntil(clock, until, signal)
  })
  signal.throwIfAborted()
}

/** Returns undefined if nothing was begun, or nothing is left to do. */
function readState(run: Run): ProbeState | undefined {
  const found: unknown = parseJson(run.note(probeNote) ?? '')
  return isProbeState(found) ? found : undefined
}

function isProbeState(found: unknown): found is ProbeState {
  const isNamed = hasMembers(found, { customer: 'string', key: 'string', nonce: 'string' })
  return isNamed && isJsonObject(found['metadata'])
}

/** The metadata of a customer on which something can be seen, and which can be written back. Throws USAGE. */
function metadataToProbe(customer: string, reading: CustomerReading): JsonObject {
  const unfit = (code: ErrorCode | 'E_PROBE_KEYS', message: string): BulkUpdateError =>
    new BulkUpdateError(code, `${customer} ${message}`, otherCustomer, { kind: 'USAGE' })
  if (reading.kind === 'missing') throw unfit(reading.code, 'is not known to Rapyd')
  if (reading.kind !== 'found') throw unfit('E_METADATA_UNREAD', 'could not be read')
  const [changed] = reading.changedKeys ?? []
  if (changed !== undefined)
    throw unfit(
      'E_METADATA_NUMBER',
      `has a number that would be written back changed: ${shownKey(`metadata.${changed}`)}`,
    )
  const keys = keysOf(reading.customer) ?? {}
  if (Object.keys(keys).length > 1 && !Object.values(keys).every(isEmpty)) return keys
  throw unfit('E_PROBE_KEYS', 'has fewer than two keys of metadata, so nothing can be seen')
}

const otherCustomer = 'Name another customer, one that has two keys of metadata or more. Nothing was sent.'

/**
 * Resolves with undefined if nothing was seen. After a kill the key is not sent alone again: what was sent is settled, and restored if
 * need be.
 */
async function carryOut(
  session: ProbeSession,
  state: ProbeState,
  wasKilled: boolean,
): Promise<Metadata | undefined> {
  const { run, store, remote } = session
  const isAnswered = await sendAlone(session, state, wasKilled)
  const isLost = await areKeysMissing(session, state)
  const isReplaced = isLost || run.inDoubt.has(allRow) || run.settledRows.has(allRow)
  if (isReplaced && !run.settledRows.has(allRow)) await restore(session, state, wasKilled)
  const value = isReplaced ? 'replace' : 'merge'
  const isSeen = isReplaced || isAnswered
  if (isSeen) await store.keepFact(remote, metadataFact, { value, customer: state.customer, at: Date.now() })
  await run.setNote(probeNote, '')
  return isSeen ? value : undefined
}

/** Resolves with true if an answer shows that the request was applied. */
async function sendAlone(session: ProbeSession, state: ProbeState, wasKilled: boolean): Promise<boolean> {
  const { run } = session
  const first = await run.outcomes().next()
  if (first.done !== true) return first.value[0]?.outcome === 'updated'
  if (wasKilled && !run.inDoubt.has(aloneRow)) return false
  const { [state.key]: value = '' } = state.metadata
  const outcome = await sendRow(session, toRequest(session, state, aloneRow, { [state.key]: value }), {
    async readBack() {
      if (await areKeysMissing(session, state)) return 'applied'
      return wasKilled ? 'unanswered' : 'different'
    },
  })
  await run.recordOutcome(outcome)
  return outcome.outcome === 'updated'
}

/** Writes all keys back. Throws REMOTE, E_PROBE_LEFT, if one is still missing then: the next start tries it again. */
async function restore(session: ProbeSession, state: ProbeState, wasKilled: boolean): Promise<void> {
  const { run, read, notify } = session
  const { [state.key]: _, ...others } = state.metadata
  const plain = toRequest(session, state, allRow, others)
  const patch = plain.body

  async function withAllKeys(): Promise<UpdateRequest> {
    const metadata = { ...state.metadata, ...(await readKeys(session, state)) }
    const reading = { patch, at: clock.now() }
    return withReading(plain, JSON.stringify({ metadata }), reading, identityOf(session, state))
  }

  const kept = run.intendedBody(allRow)
  const request =
    kept === undefined ? await withAllKeys() : { ...plain, ...kept, reading: { patch, at: -Infinity } }
  const compare = createReadBack(read)
  const outcome = await sendRow(session, request, {
    readAgain: withAllKeys,
    async readBack(...asked) {
      const found = await compare(...asked)
      // However old the doubt is, what is missing has to come back.
      return found === 'different' && wasKilled ? 'cannot_tell' : found
    },
  })
  const now = await readKeys(session, state)
  // Nothing can be given back to a customer that was deleted.
  if (now === undefined) return
  const missing = missingIn(now, state)
  if (outcome.outcome !== 'updated' || missing.length > 0) throw notRestored(state, missing)
  const changed = Object.keys(others).filter((key) => !isHeld(now[key], others[key] ?? '', ''))
  if (changed.length > 0) notify({ kind: 'notice', text: changedText(state, changed), isWarning: true })
  await run.recordOutcome(outcome)
}

async function sendRow(
  { run, client, settleMs, signal }: ProbeSession,
  request: UpdateRequest,
  more: Pick<SenderParts, 'readBack' | 'readAgain'>,
): Promise<Outcome> {
  const send = createSender({
    ...more,
    ...client,
    inDoubt: loadDoubts(run, new Map(), clock),
    settleAfterMs: () => settleMs,
    held: { until: () => 0, hold() {} },
    cancelIntent: ({ row }) => run.cancelIntents([row]),
    stop() {},
  })
  const outcome = await send(request, signal)
  if (outcome !== undefined) return outcome
  signal.throwIfAborted()
  throw new Error('a row that was not taken up, and no stop')
}

function identityOf({ remote }: ProbeSession, { nonce }: ProbeState): RunIdentity {
  return { host: remote.host, runId: nonce }
}

function toRequest(
  session: ProbeSession,
  state: ProbeState,
  row: number,
  metadata: JsonObject,
): UpdateRequest {
  const fields = Object.keys(metadata).map((key) => `metadata.${key}`)
  const place = { row, line: 0, offset: 0, length: 0, customerId: state.customer }
  return createUpdateRequest(identityOf(session, state))({
    ...place,
    patch: { metadata },
    fields,
    cleared: [],
  })
}

/** What the customer has now; undefined if Rapyd does not know it any more. Throws REMOTE if it cannot be read. */
async function readKeys({ read, signal }: ProbeSession, state: ProbeState): Promise<JsonObject | undefined> {
  const reading = await read(state.customer, signal)
  if (reading.kind === 'missing') return undefined
  if (reading.kind === 'unreadable') throw notRestored(state, [])
  return keysOf(reading.customer) ?? {}
}

async function areKeysMissing(session: ProbeSession, state: ProbeState): Promise<boolean> {
  const now = await readKeys(session, state)
  return now !== undefined && missingIn(now, state).length > 0
}

function missingIn(now: JsonObject, { metadata }: ProbeState): readonly string[] {
  return Object.keys(metadata).filter((key) => !Object.hasOwn(now, key))
}

function notRestored({ customer }: ProbeState, missing: readonly string[]): BulkUpdateError {
  const what =
    missing.length === 0 ? 'its metadata could not be read' : `it lacks ${shownNames(missing, shownKey)}`
  return errorOf('E_PROBE_LEFT', 'open_probe', { customer, what })
}

function changedText({ customer }: ProbeState, keys: readonly string[]): string {
  return `While ${customer} was probed, others have changed ${shownNames(keys, shownKey)} of its metadata.`
}
