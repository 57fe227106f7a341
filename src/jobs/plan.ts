/** `plan`: reads the customers of a file and saves what an update would change, row by row. Changes nothing. */
import { rmSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { checkInput } from '../validation/scan.ts'
import type { CheckedInput } from '../validation/scan.ts'
import type { InputFile } from '../input/bytes.ts'
import { openInputGuard } from '../validation/input-guard.ts'
import type { UnmatchedName } from '../mapping/column-plans.ts'
import { callsOnTop } from '../model/scan.ts'
import type { Scan } from '../model/scan.ts'
import { openNewFile } from '../report/output-file.ts'
import { recordedOptions, resolveOptions } from '../config/job-options.ts'
import type { Resolved } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { keptInput, lockPlan, planEnd } from './plan-directory.ts'
import { planVersion } from '../engine/plan-format.ts'
import type { PlanFacts, PlanHead, PlanRow } from '../engine/plan-format.ts'
import { fieldOf, isOutcome } from '../model/row.ts'
import { unmatchedColumns } from '../validation/row-reader.ts'
import { signalOf, asInterruption } from '../engine/program-options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { openRemote } from '../engine/remote.ts'
import type { Remote } from '../engine/remote.ts'
import { createPace } from '../report/pace.ts'
import { readCustomers } from '../engine/reading-client.ts'
import type { ReadingWatch } from '../engine/reading-client.ts'
import { openGiven } from '../engine/open-input.ts'
import { mappingDigest, runDigest } from '../engine/identity.ts'
import { signManifest } from '../engine/signed-manifest.ts'
import type { Store } from '../model/store.ts'
import { openStore } from '../store/open-store.ts'
import { openReadings } from '../store/readings.ts'
import type { Readings } from '../store/readings.ts'
import { openRunDirectory, runName } from '../store/run-directory.ts'
import { version } from '../config/system.ts'
import { writePlan } from './write-plan.ts'

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
export async function plan(options: PlanOptions & PlanWatch & Stoppable): Promise<PlanResult> {
  const signal = signalOf(options)
  const resolved = resolveOptions(options)
  const remote = await openRemote(resolved)
  let store: Store | undefined
  try {
    store = await openStore(resolved)
    return await planOn({ store, remote, options: resolved, watch: options, signal })
  } catch (error) {
    throw asInterruption(error, signal)
  } finally {
    await store?.close()
    await remote.close()
  }
}

async function planOn(asked: Asked): Promise<PlanResult> {
  const { store, remote, options, signal } = asked
  const { host, account } = remote
  const { runsDir, input, given } = await openGiven(options, signal)
  const { file, mapping } = given
  try {
    const digest = await file.digest()
    const facts = { input: digest, host, account, mapping: mappingDigest(options, mapping) }
    const planId = `${runName(options.input)}-${runDigest(facts)}${planEnd}`
    // A plan is too long to check by eye, so a file that is unlike the last one is refused before reading.
    const guard = await openInputGuard({ ...given, store, isKnown: false, facts }, {})
    const checked = await checkInput({ ...given, onInvalid: () => {}, signal, examiner: guard?.watch })
    if (checked.refusal !== undefined) throw checked.refusal
    await guard?.check(checked.found)
    using locked = lockPlan(openRunDirectory(join(runsDir, planId)))
    const { directory } = locked
    const path = resolve(options.out ?? join(directory, 'plan.ndjson'))
    // Before hours of reading, not after them.
    openNewFile(path, options.out === undefined || options.force === true, options.input).discard()
    const keep = (): Promise<void> => input.keepAt(keptInput(directory))
    const unmatched = unmatchedColumns(given.head, options.ignoreColumns, mapping)
    const planned = await planIn(directory, asked, { checked, file, facts, path, keep })
    const { missingColumns, setAside } = checked.found
    return { ...planned, unmatched, missingColumns, setAside }
  } finally {
    await input.close()
  }
}

interface Asked {
  readonly store: Store
  readonly remote: Remote
  readonly options: Resolved<PlanOptions>
  readonly watch: PlanWatch
  readonly signal: AbortSignal
}

interface CheckedFile {
  readonly checked: CheckedInput
  readonly file: InputFile
  readonly facts: Readonly<Record<'input' | 'host' | 'account' | 'mapping', string>>
  /** Path of the plan. */
  readonly path: string
  /** Keeps what came over standard input. */
  readonly keep: () => Promise<void>
}

/** The exclusive part: reads what is not known yet, and writes the plan. */
async function planIn(
  directory: string,
  asked: Asked,
  { checked, file, facts, path, keep }: CheckedFile,
): Promise<Omit<PlanResult, 'unmatched' | 'missingColumns' | 'setAside'>> {
  const { remote, options, watch } = asked
  const readingsPath = join(directory, 'readings.db')
  using readings = openReadings(readingsPath, Date.now() - longestMs)
  const requests = await readAll(asked, checked, readings)
  await keep()
  const isPiped = options.input === '-'
  const planned: PlanFacts = {
    rapyd_bulk_plan: planVersion,
    version,
    created_at: new Date().toISOString(),
    input: { path: isPiped ? keptInput(directory) : resolve(options.input), sha256: facts.input },
    mapping_sha256: facts.mapping,
    host: facts.host,
    account: facts.account,
    options: recordedOptions({ ...options, encoding: file.encoding, runsDir: dirname(directory) }),
    reads: {
      customers: readings.customers,
      ...readings.counts(),
      began_at: new Date(readings.beganAt).toISOString(),
    },
  }
  const onChange = watch.onChange ?? ((): void => {})
  const sign = (text: string): string => signManifest(facts.host, remote.credentials, text)
  const head = await writePlan({ ...checked, readings, plan: planned, path, sign, onChange })
  await file.checkUnchanged()
  readings.close()
  for (const end of ['', '-wal', '-shm']) rmSync(readingsPath + end, { force: true })
  const calls = head.counts.changes.update
  const etaMs = createPace(remote.windows).etaMs(calls, 2 + callsOnTop(checked.found)) ?? 0
  return { path, head, requests, calls, etaMs }
}

/** Reads every customer of a row that has a call. Resolves with the number of requests. */
async function readAll(
  { store, remote, options, watch, signal }: Asked,
  { openRows, readRow, found }: CheckedInput,
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
  const fields = new Set([...found.set.keys()].map(fieldOf))
  return readCustomers({ store, remote, options, watch, fields }, readings, signal)
}
