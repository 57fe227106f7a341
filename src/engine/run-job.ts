/** Runs a job: open the input, scan it, let the guards decide, take the run, send, report. The only place that knows all parts. */
import { join } from 'node:path'
import { systemClock } from '../http/clock.ts'
import { BulkUpdateError, exitCodes } from '../model/errors.ts'
import { openInputGuard } from '../validation/input-guard.ts'
import { isInputKept } from './run-input.ts'
import { withRemote } from './store-and-remote.ts'
import { recordedOptions, type ResolvedOptions } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { version } from '../config/system.ts'
import { createPrepare, unmatchedColumns } from '../validation/row-reader.ts'
import { createRepeatCheck } from './sent-before.ts'
import type { Remote } from '../http/ports.ts'
import { createRunLog, type RunStarted, type RunEvent } from '../report/run-log.ts'
import { acceptRun, manifestText, signManifest } from './signed-manifest.ts'
import type { Summary } from '../report/summary.ts'
import { recallScan, keepScan, keepEnding, keepRecord, parentOf, type RunBinding } from './record.ts'
import { refuseRolledBack } from './saved-run.ts'
import { closingReport, withoutClaim, withRoomNeeded } from './closing.ts'
import { formerSummary } from './former-run.ts'
import { mappingDigest } from './identity.ts'
import { errorOf } from './errors.ts'
import { chooseMetadataKeys, keysNote, priceOfKeys } from './metadata-keys.ts'
import { reportNotices } from './notices.ts'
import { openGiven, type OpenGiven } from './open-input.ts'
import type { JobDefinition, RunParts } from './parts.ts'
import type { RunWatch, Watch } from './watch.ts'
import { createRunProgress } from './progress.ts'
import { endingOf, type ReportParts } from './report.ts'
import { sendAll } from './sending.ts'
import { groupPlaces, settleAfterMs } from './waiting-rows.ts'
import type { Run, RunReader, Store } from '../model/store.ts'
import { formerRunState } from '../store/former-layout.ts'
import { busyRun, lostStore } from '../store/errors.ts'
import { openFieldState, type OnlyChanged } from './open-field-state.ts'
import { isRunBegun, openRunDirectory, runFoldersIn } from '../store/run-directory.ts'
import { finishProbe } from './probe.ts'
import { traced } from './telemetry.ts'

export interface UpdateResult {
  readonly summary: Summary
  readonly directory: string
  readonly exitCode: number
  /** What stopped the run; undefined if it reached its end. */
  readonly stopped?: BulkUpdateError
  /** True if every row has an outcome. */
  readonly isFinished: boolean
  /** True if the run had been finished before and nothing was done. */
  readonly finishedBefore: boolean
}

/**
 * Runs a job. Resolves with a summary for every run that began to send, stopped or not; rejects with a `BulkUpdateError` if it
 * did not begin.
 */
export function runJob(
  options: UpdateOptions,
  watch: Watch,
  signal: AbortSignal,
  job: JobDefinition,
): Promise<UpdateResult> {
  return withRemote(options, signal, ({ store, remote, options: resolved }) =>
    traced(watch, (watched) => runOn(store, remote, resolved, watched, signal, job)),
  )
}

async function runOn(
  store: Store,
  remote: Remote,
  options: ResolvedOptions,
  watch: RunWatch,
  signal: AbortSignal,
  job: JobDefinition,
): Promise<UpdateResult> {
  const kept = await findKeptInput(store, options)
  const opened = await openGiven(options, signal, { piped: job.piped, kept })
  const log = createRunLog(options.logLevel, (code) => watch.onEvent?.({ kind: 'log_off', code }))
  const notify = (event: RunEvent): void => {
    log.write(event)
    watch.onEvent?.(event)
  }
  const progress = createRunProgress({
    clock: systemClock,
    onSnapshot: (snapshot) => watch.onSnapshot?.(snapshot),
    onEvent: notify,
  })
  let fieldState: OnlyChanged | undefined
  let releaseInput: (() => void) | undefined
  try {
    const binding = await bindingOf(remote, opened.given, job)
    fieldState = await openFieldState(store, remote, options, job.redo !== undefined)
    // Before the scan: two runs that begin together do not see what the other one sends.
    if (fieldState !== undefined) releaseInput = await store.holdInput(fieldState.accountId, binding.input)
    const given = { ...opened, isInputBusy: fieldState !== undefined && releaseInput === undefined }
    const shared = { ...given, remote, binding, watch, signal, job, store, fieldState, progress, log, notify }
    const named = await nameRun(shared)
    const summary = named.known === undefined ? formerSummary(named.directory) : undefined
    if (summary !== undefined)
      return { summary, directory: named.directory, exitCode: 0, isFinished: true, finishedBefore: true }
    return await runTaken(await acceptScan(shared, named))
  } catch (error) {
    throw error instanceof BulkUpdateError && progress.requests > 0 ? withoutClaim(error) : error
  } finally {
    releaseInput?.()
    await fieldState?.close()
    progress.stop()
    log.close()
    await opened.input.close()
  }
}

/** What the run is bound to. */
async function bindingOf(
  { host, account }: Remote,
  { file, options, mapping }: OpenGiven['given'],
  { planned }: JobDefinition,
): Promise<RunBinding> {
  return {
    input: await file.digest(),
    host,
    account,
    mapping: mappingDigest(options, mapping),
    encoding: file.encoding,
    ...(planned === undefined ? {} : { plan: planned.sha256 }),
  }
}

type Opened = OpenGiven & { readonly isInputBusy: boolean } & Pick<
    RunParts,
    'job' | 'remote' | 'binding' | 'watch' | 'signal' | 'store' | 'fieldState' | 'progress' | 'log' | 'notify'
  >

type NamedRun = Awaited<ReturnType<typeof nameRun>>

/** Throws BUSY if another process has the run, and LOCAL, E_STORE_LOST, if folders of runs show more than it knows. */
async function nameRun(opened: Opened) {
  const { job, binding, remote, runsDir, store, fieldState, given, notify } = opened
  const lastSender = (await fieldState?.state.lastSender()) ?? ''
  const runId = await job.runIdOf({ binding, runsDir, store, lastSender })
  /** The run, if the store knows it. */
  const reader = await store.findRun(runId)
  const known = reader?.stored
  if (known?.isRunning === true) throw busyRun(runId, known.owner, known.settled)
  // A run without outcomes has changed nothing, so its signature is not checked.
  const hasChanged = known !== undefined && known.settled > 0
  if (hasChanged) await acceptRun(store, known, given.options, opened.watch)
  const usual = join(runsDir, runId)
  const directory = known?.directory ?? usual
  if (known === undefined && formerRunState(directory) === undefined && isRunBegun(directory))
    throw lostStore(
      store.path,
      `does not know the run in ${directory}, and files there show that it had begun`,
    )
  // What a redo or a rollback would do again may have been done by a run that the store does not know.
  for (const folder of new Set([directory, usual, ...(job.kind === 'update' ? [] : runFoldersIn(runsDir))])) {
    const lost = await store.lostSince(folder)
    if (lost !== undefined) throw lostStore(store.path, lost)
  }
  const { options } = given
  const { proxy } = remote
  reportNotices({ options, proxy, storePath: store.path, known, directory: usual }, notify)
  return { runId, directory, known }
}

/** Reads the whole file without a socket. Throws if a guard refuses it, or `confirm` does. */
async function acceptScan(
  { given, ...opened }: Opened,
  { runId, directory, known }: NamedRun,
): Promise<RunParts> {
  const { job, remote, binding, signal, store, fieldState, progress, watch } = opened
  const { options, head, mapping } = given
  const { host, account } = remote
  const mayRepeat = known === undefined && job.rollback === undefined
  const repeats = fieldState && createRepeatCheck(fieldState, mayRepeat)
  const remembered = recallScan(known, binding)
  // The file of a run that exists was accepted then. Redo and apply have rows of such a file, a rollback has none.
  const isNewFile = known === undefined && job.kind === 'update'
  const guard = isNewFile ? await openInputGuard({ ...given, store, facts: binding }) : undefined
  const watches = { examiners: [guard, progress], onCalls: repeats?.onCalls }
  progress.checking()
  const scanned = await job.scan({ ...given, ...watches, signal, remembered })
  progress.checked()
  const { scan: whole, refusal, openRows, readRow, parentDoubts, lineage, limit } = scanned
  if (refusal !== undefined) throw refusal
  const metadataKeys = await chooseMetadataKeys({ ...opened, options, known, scan: whole })
  const keepProfile = await guard?.check(whole)
  // What an earlier session of this run has sent is among its calls.
  const scan = (remembered === undefined ? repeats?.leftOf(whole) : undefined) ?? whole
  const damaged = repeats?.damagedText(store.path)
  if (damaged !== undefined) opened.notify({ kind: 'notice', text: damaged, isWarning: true })
  const isRepeat = opened.isInputBusy && mayRepeat && !options.allowRepeat
  if (isRepeat && whole.addingUp !== undefined) throw errorOf('E_BUSY', 'busy_input')
  const text = repeats?.examine(whole, options.allowRepeat)
  if (text !== undefined) opened.notify({ kind: 'notice', text, isWarning: false })
  const unmatched = unmatchedColumns(head, options.ignoreColumns, mapping)
  const isRead = options.backup || job.precondition !== undefined || known !== undefined
  const price = isRead ? undefined : priceOfKeys(scan, metadataKeys, { limit, windows: remote.windows })
  await watch.confirm?.({ host, account, scan, unmatched, price })
  return {
    ...opened,
    ...given,
    options: limit === undefined ? options : { ...options, limit },
    runId,
    directory,
    scan,
    metadataKeys,
    parentDoubts: parentDoubts ?? new Map<number, number>(),
    lineage,
    keepProfile,
    openRows,
    prepare: createPrepare(readRow, { host, runId }),
  }
}

/** Takes the run for as long as it is sent and reported. */
async function runTaken(parts: RunParts): Promise<UpdateResult> {
  const { job, scan, options, runId, directory, binding, store, fieldState } = parts
  if (options.env !== 'simulator') await finishProbe({ ...parts, requested: parts.progress.requested })
  openRunDirectory(directory)
  const { host, account, ...bound } = binding
  const run = await store.openRun(
    { id: runId, kind: job.kind, parentId: parentOf(job), host, account, directory, facts: bound },
    {
      fieldsOf: fieldState?.accountId,
      group: groupPlaces(options.concurrency),
      settleMs: settleAfterMs(options, true),
      rows: scan.rows,
    },
  )
  try {
    return await runIn(parts, run)
  } catch (error) {
    parts.notify({ kind: 'stopped', code: error instanceof BulkUpdateError ? error.code : 'E_BUG' })
    throw error
  } finally {
    await run.close()
  }
}

/** The exclusive part of a run: sends what is open, and reports. */
async function runIn(parts: RunParts, run: Run): Promise<UpdateResult> {
  const { directory, scan, store, progress, notify } = parts
  const finishedBefore = run.finishedAt > 0
  if (!finishedBefore) await keepBeginning(parts, run)
  parts.log.open(directory)
  notify(startOf(parts, run.settledRows.size))
  let ended: BulkUpdateError | undefined
  if (!finishedBefore) {
    await refuseRolledBack(store, parts.runId)
    const stopped = await sendAll(parts, run)
    // The files belong to the other process now.
    if (stopped?.code === 'E_TAKEN_OVER') throw stopped
    if (stopped !== undefined) {
      const known = progress.requests > 0 ? withoutClaim(stopped) : stopped
      ended = withRoomNeeded(known, { storePath: store.path, run, rows: scan.rows })
      notify({ kind: 'stopped', code: ended.code })
    }
  }
  progress.reporting()
  const { summary, stopped } = await closingReport(reportOf(parts, run, ended), ended, store.path)
  if (stopped !== undefined && stopped.kind !== 'LOCAL') await keepEnding(run, stopped)
  if (run.finishedAt > 0) await run.removeInput()
  const exitCode = finishedBefore && stopped === undefined ? exitCodes.OK : summary.exit_code
  notify({ kind: 'finished', outcomes: summary.outcomes, exitCode })
  const isFinished = run.finishedAt > 0
  return {
    summary,
    directory,
    exitCode,
    isFinished,
    finishedBefore,
    ...(stopped === undefined ? {} : { stopped }),
  }
}

/** Stores what a resume needs: how the run was begun, what the scan found, and standard input. */
async function keepBeginning(parts: RunParts, run: Run): Promise<void> {
  await parts.input.keepIn(run)
  const { host, credentials } = parts.remote
  await keepRecord(run, recordOf(parts), (text) =>
    signManifest(host, credentials, manifestText(run.stored, text)),
  )
  await parts.keepProfile?.(run)
  if (parts.lineage !== undefined) run.noteLater('lineage', parts.lineage.join(','))
  run.noteLater(keysNote, parts.metadataKeys)
  await keepScan(run, parts.scan)
}

/** An open run of standard input, whose input is read from the store if nothing is piped in. */
async function findKeptInput(
  store: Store,
  { input, runId }: ResolvedOptions,
): Promise<RunReader | undefined> {
  if (input !== '-' || runId === undefined) return undefined
  const reader = await store.findRun(runId)
  return reader?.stored.state === 'open' && isInputKept(reader.stored) ? reader : undefined
}

function reportOf(parts: RunParts, run: Run, stopped: BulkUpdateError | undefined): ReportParts {
  const { options, file, head, openRows, prepare, runId, directory, binding, parentDoubts } = parts
  return {
    ...recordOf(parts),
    runId,
    directory,
    run,
    // A row that another run may have applied is in doubt until its customer was read.
    isInDoubt: (row) => parentDoubts.has(row) || run.isInDoubt(row),
    options,
    binding,
    input: { file, head, openRows: () => openRows(), prepare },
    ending: endingOf(stopped),
  }
}

function recordOf(parts: RunParts): Parameters<typeof keepRecord>[1] {
  const { options, head, file, scan, runId, runsDir } = parts
  const { redo, planned, rollback } = parts.job
  const isNamed = options.runId !== undefined || options.newRun || options.input === '-'
  const named = isNamed && redo === undefined ? runId : undefined
  return {
    options: recordedOptions({ ...options, runId: named, runsDir }),
    format: head.format,
    bytes: file.size,
    rows: scan.rows,
    calls: scan.calls,
    redo,
    planned,
    rollback,
  }
}

/** `settled` are the rows that have an outcome from earlier sessions. */
function startOf({ options, remote, runId, scan: { rows, calls } }: RunParts, settled: number): RunStarted {
  return {
    kind: 'started',
    run: runId,
    version,
    env: options.env,
    host: remote.host,
    account: remote.account,
    rows,
    calls,
    settled,
    // No texts of the user: names of columns and files, and literals, are left out.
    options: {
      windows: remote.windows.map(({ limit, perMs }) => `${limit}/${perMs}ms`).join(','),
      concurrency: options.concurrency,
      blank: options.blank,
      duplicates: options.duplicates,
      mapping_file: options.map !== undefined,
      max_errors: options.maxErrors,
      max_clears: options.maxClears,
      strict: options.strict,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...(options.seed === undefined ? {} : { seed: options.seed }),
    },
  }
}
