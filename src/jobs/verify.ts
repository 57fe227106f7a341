/** `verify`: reads customers of a run back, and says which fields do not hold what the run last wrote. Changes nothing. */
import { createCustomerSample } from '../model/collections.ts'
import type { SampleSize } from '../model/collections.ts'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject, JsonValue } from '../model/json.ts'
import { asInterruption } from '../engine/interruption.ts'
import type { OptionsOf } from '../config/options.ts'
import { signalOf } from '../engine/program-options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { compareField, ownValue } from '../rapyd/snapshot.ts'
import type { ReadingWatch } from '../engine/reading-client.ts'
import { inTurns } from '../engine/in-turns.ts'
import { confirmedWrites } from '../engine/writes.ts'
import { readCustomersOf } from '../engine/read-customers.ts'
import { openSavedRun } from '../engine/saved-run.ts'
import { countCustomers } from '../store/customer-count.ts'
import { busy } from '../store/lock.ts'
import { openReadings } from '../store/readings.ts'
import type { Readings } from '../store/readings.ts'

export interface VerifyOptions extends OptionsOf<'verify'> {
  /** A run id below `runsDir`, or the path of a run directory. */
  readonly run: string
  /** Customers to read: a share from 0 to 1, or a number. Default all. The same ones each time. */
  readonly sample?: SampleSize
}

export interface VerifiedField {
  /** Customers of whom it was looked at, and those that hold something else. */
  readonly checked: number
  readonly differ: number
  /** Customers of whom Rapyd does not show it: nothing is proved. */
  readonly not_shown: number
}

export interface Difference {
  readonly customer: string
  readonly fields: readonly string[]
  /** What was written and what is held, in the order of `fields`. Personal data. */
  readonly values: readonly { readonly written: JsonValue; readonly held: JsonValue }[]
}

export interface Verified {
  readonly run_id: string
  /** Customers that the run updated, and those of them that were looked at. */
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

/** Rejects with USAGE for another host or account, BUSY where the run is running, INPUT where nobody can tell what it wrote. */
export async function verify(options: VerifyOptions & ReadingWatch & Stoppable): Promise<Verified> {
  const { run: name, sample = { share: 1 }, ...own } = options
  const signal = signalOf(options)
  const run = openSavedRun(name, options.runsDir)
  const written = openReadings('', 0)
  const readings = openReadings('', 0)
  const customers = countCustomers()
  try {
    if (run.isRunning) throw busy(run.directory, run.runId)
    const pick = createCustomerSample(sample, run.runId)
    for await (const batch of inTurns(run.journal.outcomes(), signal, 1)) {
      for (const { row, outcome, customerId } of batch) {
        if (outcome !== 'updated') continue
        pick.offer(customerId)
        customers.add(customerId, row, true)
      }
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
  } finally {
    written.close()
    readings.close()
    customers.close()
    run.close()
  }
}

/** What rows of one customer wrote, the later over the earlier; keys of metadata join, and so do addresses. */
function together(earlier: JsonObject, later: JsonObject): JsonObject {
  const both: Record<string, JsonValue> = { ...earlier }
  for (const [field, wanted] of Object.entries(later)) {
    const before = both[field]
    if (field === 'metadata' && isJsonObject(before) && isJsonObject(wanted))
      both[field] = { ...before, ...wanted }
    else if (field === 'addresses' && isList(before) && isList(wanted)) both[field] = [...before, ...wanted]
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
    const image = readings.known(customer)
    if (image === 'missing') {
      if (missing.length < mostNamed) missing.push(customer)
      checked++
    } else if (image === 'unreadable') unreadable++
    if (!isJsonObject(patch) || !isJsonObject(image)) continue
    checked++
    const wrong = differing(patch, image, fields)
    if (wrong.length === 0) continue
    different++
    if (differences.length < mostNamed) {
      const values = wrong.map((field) => ({
        written: patch[field] ?? '',
        held: ownValue(image, field) ?? '',
      }))
      differences.push({ customer, fields: wrong, values })
    }
  }
  return { checked, fields: Object.fromEntries(fields), differences, different, missing, unreadable }
}

/** Counts each field, and gives those that differ. */
function differing(
  patch: JsonObject,
  image: JsonObject,
  fields: Map<string, { checked: number; differ: number; not_shown: number }>,
): readonly string[] {
  const wrong: string[] = []
  for (const [field, wanted] of Object.entries(patch)) {
    const counts = fields.get(field) ?? { checked: 0, differ: 0, not_shown: 0 }
    fields.set(field, counts)
    counts.checked++
    const holding = compareField(field, wanted, image)
    if (holding === 'not_shown') counts.not_shown++
    if (holding !== 'differs') continue
    counts.differ++
    wrong.push(field)
  }
  return wrong
}
