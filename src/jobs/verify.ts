/** `verify`: reads customers of a run back, and says which fields do not hold what the run last wrote. Changes nothing. */
import { setImmediate } from 'node:timers/promises'
import { createCustomerSample, type SampleSize } from '../model/collections.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { asInterruption, signalOf, type Stoppable } from '../engine/program-options.ts'
import type { OptionsOf } from '../config/options.ts'
import { compareField, ownValue } from '../rapyd/snapshot.ts'
import { eachOutcome, findTaken, type TakenRows } from '../engine/all-outcomes.ts'
import { readCustomersOf, type ReadingWatch } from '../engine/reading-client.ts'
import { inputNotKept } from '../engine/run-input.ts'
import { inputPartsOf, openSameInput } from '../engine/open-input.ts'
import { readHead } from '../input/header.ts'
import { changedCustomers, openSavedRun, refuseRunning, type SavedRun } from '../engine/saved-run.ts'
import { countCustomers } from '../store/customer-count.ts'
import { acceptRun } from '../engine/signed-manifest.ts'
import type { Store } from '../model/store.ts'
import { withExistingStore } from '../store/open-store.ts'
import { openReadings, type Readings } from '../store/readings.ts'
import { fieldOf, onlyFields, isOutcome, takenFields, type Outcome } from '../model/row.ts'
import { scannerOf, openPlanOf } from '../engine/plan-source.ts'
import { removeHoles } from '../rapyd/requests.ts'
import { takenPatch } from '../rapyd/taken.ts'

export interface VerifyOptions extends OptionsOf<'verify'> {
  /** The id of a run in the store, or the path of its directory. */
  readonly run: string
  /** Customers to read: a share from 0 to 1, or a number. Default all. The same ones each time. */
  readonly sample?: SampleSize
}

export interface VerifiedField {
  /** Customers that were compared, and those that hold something else. */
  readonly checked: number
  readonly differ: number
  /** Customers for whom Rapyd does not show the field: nothing is proved. */
  readonly not_shown: number
}

export interface Difference {
  readonly customer: string
  readonly fields: readonly string[]
  /** What was written and what is held, in the order of `fields`. Longer values are cut. Personal data. */
  readonly values: readonly { readonly written: JsonValue; readonly held: JsonValue }[]
}

export interface Verified {
  readonly run_id: string
  /** Customers that the run updated, and those of them that were read. */
  readonly customers: number
  readonly checked: number
  readonly fields: Readonly<Record<string, VerifiedField>>
  /** The first 10,000 of `different`. */
  readonly differences: readonly Difference[]
  readonly different: number
  /** Customers that Rapyd does not know any more, the first 10,000; and how many could not be read. */
  readonly missing: readonly string[]
  readonly unreadable: number
  readonly reads: { readonly single: number; readonly pages: number }
  readonly requests: number
}

const mostNamed = 10_000

/** Rejects with USAGE for another host or account, BUSY if the run is running, INPUT if it cannot be known what it wrote. */
export function verify(options: VerifyOptions & ReadingWatch & Stoppable): Promise<Verified> {
  return withExistingStore(options, (store) => verifyIn(store, options))
}

async function verifyIn(store: Store, options: VerifyOptions & ReadingWatch & Stoppable): Promise<Verified> {
  const { run: name, sample = { share: 1 }, ...own } = options
  const signal = signalOf(options)
  const run = await openSavedRun(store, name, options.runsDir)
  using written = openReadings('', 0)
  using readings = openReadings('', 0)
  using customers = countCustomers()
  try {
    refuseRunning(run)
    await acceptRun(store, run.reader.stored, own, options)
    const pick = createCustomerSample(sample, run.runId)
    for await (const outcome of eachOutcome(run.reader.outcomes())) {
      const { row, customerId } = outcome
      signal.throwIfAborted()
      if (takenFields(outcome).length === 0) continue
      pick.offer(customerId)
      customers.add(customerId, row, true)
    }
    const fields = new Set<string>()
    for await (const { customerId, patch } of inTurns(confirmedWrites(run), signal)) {
      if (!pick.has(customerId)) continue
      readings.want([customerId])
      const before = written.known(customerId)
      written.leave(customerId, together(isJsonObject(before) ? before : {}, patch))
      for (const field of Object.keys(patch)) fields.add(field)
    }
    const requests = await readCustomersOf(run, { options: own, watch: options, fields }, readings, signal)
    const found = await compareAll(written, readings, signal)
    return {
      run_id: run.runId,
      customers: customers.counts().customers,
      ...found,
      reads: readings.counts(),
      requests,
    }
  } catch (error) {
    throw asInterruption(error, signal)
  }
}

/** What rows of one customer wrote, the later over the earlier. Keys of metadata join; Rapyd may have replaced earlier addresses. */
function together(earlier: JsonObject, later: JsonObject): JsonObject {
  const both: Record<string, JsonValue> = { ...earlier }
  for (const [field, wanted] of Object.entries(later)) {
    const before = both[field]
    if (field === 'metadata' && isJsonObject(before) && isJsonObject(wanted))
      both[field] = { ...before, ...wanted }
    else both[field] = wanted
  }
  return both
}

async function compareAll(
  written: Readings,
  readings: Readings,
  signal: AbortSignal,
): Promise<Omit<Verified, 'run_id' | 'customers' | 'reads' | 'requests'>> {
  const fields = new Map<string, { checked: number; differ: number; not_shown: number }>()
  const differences: Difference[] = []
  const missing: string[] = []
  let [checked, different, unreadable] = [0, 0, 0]
  for await (const customer of inTurns(readings.all(), signal)) {
    const patch = written.known(customer)
    const snapshot = readings.known(customer)
    if (snapshot === 'missing') {
      if (missing.length < mostNamed) missing.push(customer)
      checked++
    } else if (snapshot === 'unreadable') unreadable++
    if (!isJsonObject(patch) || !isJsonObject(snapshot)) continue
    checked++
    const wrong = Object.entries(patch).flatMap(([field, wanted]) => {
      const counts = fields.get(field) ?? { checked: 0, differ: 0, not_shown: 0 }
      const holding = compareField(field, wanted, snapshot)
      counts.checked++
      if (holding === 'not_shown') counts.not_shown++
      if (holding === 'differs') counts.differ++
      fields.set(field, counts)
      return holding === 'differs' ? [field] : []
    })
    if (wrong.length === 0) continue
    different++
    if (differences.length < mostNamed) {
      const values = wrong.map((field) => ({
        written: shortened(patch[field] ?? ''),
        held: shortened(ownValue(snapshot, field) ?? ''),
      }))
      differences.push({ customer, fields: wrong, values })
    }
  }
  return { checked, fields: Object.fromEntries(fields), differences, different, missing, unreadable }
}

/** Characters of a value that are kept: customers may hold values of any size. */
const longestValue = 1_000

/** A longer value becomes the start of its text: a copy, because a part of a text keeps the whole of it in memory. */
function shortened(value: JsonValue): JsonValue {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (text.length <= longestValue) return value
  return `${Buffer.from(text.slice(0, longestValue)).toString()}…`
}

interface RunWrite {
  readonly customerId: string
  readonly patch: JsonObject
}

/** Rows of one customer come in their order. Throws INPUT if the input is gone or has changed, and there are no before-images. */
async function* confirmedWrites(run: SavedRun): AsyncGenerator<RunWrite> {
  const rows = await findTaken(run.reader.outcomes())
  const { taken, partly } = rows
  if (await run.reader.hasBeforeImages()) {
    for await (const { customerId, writes } of changedCustomers(run, rows))
      for (const { row, patch } of writes)
        if (taken.has(row)) yield { customerId, patch: takenPatch(patch, partly.get(row) ?? '') }
  } else yield* writesOfInput(run, rows)
}

async function* writesOfInput(run: SavedRun, { taken, partly }: TakenRows): AsyncGenerator<RunWrite> {
  const { record, runId, isFinished } = run
  if (record.options.input === '-' && isFinished)
    throw inputNotKept(runId, 'Only runs with --backup keep what they wrote.')
  await using opened = new AsyncDisposableStack()
  const file = opened.adopt(await openSameInput(run), (found) => found.close())
  const plan = record.planned && opened.adopt(await openPlanOf(record.planned), (found) => found.close())
  const parts = await inputPartsOf(run, file, await readHead(file, record.options))
  const { openRows, readRow } = await scannerOf(plan)(parts)
  const sent = sentFields(run)
  for await (const rows of openRows()) {
    for (const row of rows) {
      if (!taken.has(row.row)) continue
      const read = readRow(row)
      const fields = await sent(row.row)
      if (isOutcome(read)) continue
      const { patch } = onlyFields(read, (field) => fields.has(field))
      const { customerId } = read
      yield { customerId, patch: takenPatch(removeHoles(patch), partly.get(row.row) ?? '') }
    }
  }
  await file.checkUnchanged()
}

/** The fields that a row sent, which may be fewer than it has. Asked in the order of rows. */
function sentFields({ reader }: SavedRun): (row: number) => Promise<ReadonlySet<string>> {
  const outcomes = eachOutcome(reader.outcomes())
  let next: Outcome | undefined
  return async (row) => {
    while (next === undefined || next.row < row) {
      const { value, done } = await outcomes.next()
      if (done === true) break
      next = value
    }
    return new Set(next?.row === row ? next.fields.split(';').map(fieldOf) : [])
  }
}

/** So many items are read without a pause, in which signals and timers run. */
const turnRows = 500

/** The items, with a pause after every `turnRows` of them. Throws the signal's reason when it is aborted. */
async function* inTurns<Item>(
  items: Iterable<Item> | AsyncIterable<Item>,
  signal: AbortSignal,
): AsyncGenerator<Item> {
  let count = 0
  for await (const item of items) {
    if (++count % turnRows === 0) await setImmediate(undefined, { signal })
    yield item
  }
}
