/** `plan`: reads the customers of a file and saves what an update would change, row by row. Changes nothing. */
import { isOutcome, fieldOf, type Outcome, type PatchedRow } from '../model/row.ts'
import { dirname, join, resolve } from 'node:path'
import { scanInput } from '../validation/scan.ts'
import type { ScannedInput } from '../validation/input-parts.ts'
import { openInputGuard } from '../validation/input-guard.ts'
import { callsOnTop, type Scan, type UnmatchedName } from '../model/scan.ts'
import { openNewFile, openOutputFile } from '../report/output-file.ts'
import { recordedOptions } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { keptInput, lockPlan, planEnd } from './plan-directory.ts'
import {
  planVersion,
  createHeadDigest,
  placeOf,
  plannedRow,
  type PlanFacts,
  type PlanHead,
  type PlanRow,
  type PlanChange,
} from '../engine/plan-format.ts'
import { afterPatch } from '../rapyd/snapshot.ts'
import { countEach } from '../model/collections.ts'
import { unmatchedColumns } from '../validation/row-reader.ts'
import { signalOf, type Stoppable } from '../engine/program-options.ts'
import { withRemote, type OpenedJob } from '../engine/store-and-remote.ts'
import { createPace } from '../report/pace.ts'
import { readCustomers, type ReadingWatch } from '../engine/reading-client.ts'
import { openGiven } from '../engine/open-input.ts'
import { mappingDigest, runDigest } from '../engine/identity.ts'
import { signManifest } from '../engine/signed-manifest.ts'
import { openReadings, type Readings } from '../store/readings.ts'
import { openRunDirectory, runName } from '../store/run-directory.ts'
import { version } from '../config/system.ts'

export interface PlanOptions extends UpdateOptions {
  /** Path of the plan. Default `plan.ndjson` in a directory of its own below `runsDir`. */
  readonly out?: string
  /** Write over a file at `out`. Default false. */
  readonly force?: boolean
}

export interface PlanWatch extends ReadingWatch {
  /** Called with every row that changes something, in the order of the file. It holds personal data. Must not throw. */
  readonly onChange?: (row: PlanRow) => void
}

export interface PlanResult {
  readonly path: string
  readonly head: PlanHead
  /** Requests that this session made. */
  readonly requests: number
  /** Calls that the apply will make, and how long they take at this rate, each with a read before it. Milliseconds. */
  readonly calls: number
  readonly etaMs: number
  /** Names of `ignoreColumns` that no column has; always empty for NDJSON. */
  readonly unmatched: readonly UnmatchedName[]
  /** Columns of the preset that the file does not have. */
  readonly missingColumns: Scan['missingColumns']
  /** What was left out of the file without a loss. */
  readonly setAside: Scan['setAside']
}

/** A plan that is resumed reads again what was read longer ago. Milliseconds. */
const longestMs = 24 * 3_600_000

/** Rejects like `bulkUpdate` if it cannot begin, and with what stopped it. The same call continues with what was read. */
export function plan(options: PlanOptions & PlanWatch & Stoppable): Promise<PlanResult> {
  const signal = signalOf(options)
  return withRemote<PlanOptions, PlanResult>(options, signal, (opened) =>
    planOn({ ...opened, watch: options, signal }),
  )
}

interface PlanParts extends OpenedJob<PlanOptions> {
  readonly watch: PlanWatch
  readonly signal: AbortSignal
}

async function planOn(parts: PlanParts): Promise<PlanResult> {
  const { store, remote, options, watch, signal } = parts
  const { host, account, credentials, windows } = remote
  const { runsDir, input, given } = await openGiven(options, signal)
  const { file, mapping } = given
  try {
    const digest = await file.digest()
    const facts = { input: digest, host, account, mapping: mappingDigest(options, mapping) }
    const planId = `${runName(options.input)}-${runDigest(facts)}${planEnd}`
    // A plan is too long to check by eye, so a file that is unlike the last one is refused before reading.
    const guard = await openInputGuard({ ...given, store, facts })
    const scanned = await scanInput({ ...given, signal, examiners: [guard] })
    if (scanned.refusal !== undefined) throw scanned.refusal
    await guard.check(scanned.scan)
    using locked = lockPlan(openRunDirectory(join(runsDir, planId)))
    const { directory } = locked
    const path = resolve(options.out ?? join(directory, 'plan.ndjson'))
    // Before hours of reading, not after them.
    openNewFile(path, options.out === undefined || options.force === true, options.input).discard()
    using readings = openReadings(join(directory, 'readings.db'), Date.now() - longestMs)
    const requests = await readAll(parts, scanned, readings)
    await input.keepAt(keptInput(directory))
    const planned = {
      rapyd_bulk_plan: planVersion,
      version,
      created_at: new Date().toISOString(),
      input: {
        path: options.input === '-' ? keptInput(directory) : resolve(options.input),
        sha256: digest,
      },
      mapping_sha256: facts.mapping,
      host,
      account,
      options: recordedOptions({ ...options, encoding: file.encoding, runsDir: dirname(directory) }),
      reads: readsOf(readings),
    }
    const sign = (text: string): string => signManifest(host, credentials, text)
    const head = await writePlan(path, planned, sign, () => plannedRows(scanned, readings), watch.onChange)
    await file.checkUnchanged()
    readings.remove()
    const calls = head.counts.changes.update
    const unmatched = unmatchedColumns(given.head, options.ignoreColumns, mapping)
    const { missingColumns, setAside } = scanned.scan
    const etaMs = createPace(windows).etaMs(calls, 2 + callsOnTop(scanned.scan)) ?? 0
    return { path, head, requests, calls, etaMs, unmatched, missingColumns, setAside }
  } finally {
    await input.close()
  }
}

function readsOf(readings: Readings): PlanFacts['reads'] {
  const { customers, beganAt } = readings
  return { customers, ...readings.counts(), began_at: new Date(beganAt).toISOString() }
}

/** Reads every customer of a row that has a call. Resolves with the number of requests. */
async function readAll(
  { store, remote, options, watch, signal }: PlanParts,
  { openRows, readRow, scan }: ScannedInput,
  readings: Readings,
): Promise<number> {
  for await (const rows of openRows()) {
    signal.throwIfAborted()
    const ids = rows.flatMap((row) => {
      const read = readRow(row)
      return isOutcome(read) ? [] : [read.customerId]
    })
    readings.want(ids)
  }
  const fields = new Set([...scan.set.keys()].map(fieldOf))
  return readCustomers({ store, remote, options, watch, fields }, readings, signal)
}

/** The head is first, so one pass counts and digests, and one writes. Throws LOCAL if the file cannot be written. */
async function writePlan(
  path: string,
  facts: PlanFacts,
  sign: (text: string) => string,
  openRows: () => AsyncIterable<PlanRow>,
  onChange: PlanWatch['onChange'],
): Promise<PlanHead> {
  const changes: Record<PlanChange, number> = {
    update: 0,
    unchanged: 0,
    missing: 0,
    unreadable: 0,
    invalid: 0,
  }
  const [fields, clears] = [new Map<string, number>(), new Map<string, number>()]
  const digest = createHeadDigest()
  let rows = 0
  for await (const row of openRows()) {
    rows++
    changes[row.change]++
    digest.add(lineOf(row))
    if (row.change !== 'update') continue
    countEach(fields, Object.keys(row.fields))
    countEach(clears, row.clears)
  }
  const [byField, cleared] = [Object.fromEntries(fields), Object.fromEntries(clears)]
  const unsigned = digest.head(facts, { rows, changes, fields: byField, clears: cleared })
  const head = { ...unsigned, signature: sign(unsigned.sha256) }
  using file = openOutputFile(path, 'run the same command again: what was read is kept.')
  file.write(lineOf(head))
  for await (const row of openRows()) {
    if (row.change === 'update') onChange?.(row)
    file.write(lineOf(row))
  }
  file.commit()
  return head
}

function lineOf(value: PlanRow | PlanHead): string {
  return `${JSON.stringify(value)}\n`
}

async function* plannedRows(
  { openRows, readRow, scan }: ScannedInput,
  readings: Readings,
): AsyncGenerator<PlanRow> {
  readings.forgetLeft()
  for await (const rows of openRows()) {
    for (const row of rows) {
      const read = readRow(row)
      if (isOutcome(read)) yield rowWithoutCall(read)
      else yield plannedOf(read, readings, scan.duplicateRows > 0)
    }
  }
}

/** `isFollowed`: rows of one customer may follow each other. */
function plannedOf(read: PatchedRow, readings: Readings, isFollowed: boolean): PlanRow {
  const { customerId, patch } = read
  const known = readings.known(customerId)
  if (known === undefined) throw new Error('a customer of the file that was not read')
  if (typeof known === 'string') return { ...placeOf(read), change: known }
  const planned = plannedRow(read, known)
  if (isFollowed && planned.change === 'update') readings.leave(customerId, afterPatch(known, patch))
  return planned
}

function rowWithoutCall(read: Outcome): PlanRow {
  const { errorCode: code, errorField: field, message } = read
  return code === ''
    ? { ...placeOf(read), change: 'unchanged', message }
    : { ...placeOf(read), change: 'invalid', code, field, message }
}
