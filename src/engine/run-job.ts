/** The composition root: options → parts → scan → guards → preflight → send → report. The only place that knows all parts. */
import { join } from 'node:path'
import { systemClock } from '../http/clock.ts'
import { BulkUpdateError, exitCodes } from '../model/errors.ts'
import { openInputGuard } from '../validation/input-guard.ts'
import { asInterruption } from './program-options.ts'
import { recordedOptions, resolveOptions } from '../config/job-options.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import type { Scan } from '../model/scan.ts'
import type { OutcomeKind } from '../model/outcome.ts'
import type { RunStarted, RunEvent } from '../report/run-log.ts'
import { version } from '../config/system.ts'
import { createPrepare, unmatchedColumns } from '../validation/row-reader.ts'
import { openRemote } from './remote.ts'
import type { Remote } from './remote.ts'
import { createRunLog } from '../report/run-log.ts'
import type { Summary } from '../report/summary.ts'
import { recallScan, rememberScan, keepEnding, keepRecord } from './record.ts'
import { readEarlierSessions } from './earlier-sessions.ts'
import { closingReport, withRoomNeeded } from './closing.ts'
import { bind, mappingDigest } from './identity.ts'
import { openGiven } from './open-input.ts'
import type { OpenGiven } from './open-input.ts'
import { removeKeptInput } from './input.ts'
import type { RunBinding, RunKind, RunParts } from './parts.ts'
import type { RunWatch, Watch } from './watch.ts'
import { createRunProgress } from './progress.ts'
import { endingOf } from './report.ts'
import type { ReportParts } from './report.ts'
import { groupPlaces, sendAll } from './sending.ts'
import { openJournal } from '../store/journal.ts'
import type { RunJournal } from '../store/journal.ts'
import { lockRun } from '../store/lock.ts'
import { asDamage } from '../store/open-database.ts'
import { countChanges, openSync } from './open-sync.ts'
import type { Sync } from './open-sync.ts'
import { openRunDirectory } from '../store/run-directory.ts'
import { traced } from './telemetry.ts'

export interface UpdateResult {
  readonly summary: Summary
  readonly directory: string
  readonly exitCode: number
  /** What stopped the run, where it did not reach its end. */
  readonly stopped?: BulkUpdateError
  /** True where the run had been finished before and nothing was done. */
  readonly finishedBefore: boolean
}

/**
 * Runs a job. Resolves with a summary for every run that began to send, stopped or not; rejects with a `BulkUpdateError` if it
 * did not begin.
 */
export async function runJob(
  options: UpdateOptions,
  watch: Watch,
  signal: AbortSignal,
  kind: RunKind,
): Promise<UpdateResult> {
  const resolved = resolveOptions(options)
  const remote = await openRemote(resolved)
  try {
    return await traced(watch, (told) => runOn(remote, resolved, told, signal, kind))
  } catch (error) {
    throw asInterruption(asDamage(error), signal)
  } finally {
    await remote.close()
  }
}

async function runOn(
  remote: Remote,
  options: ResolvedOptions,
  watch: RunWatch,
  signal: AbortSignal,
  kind: RunKind,
): Promise<UpdateResult> {
  const opened = await openGiven(options, signal, kind.piped)
  const log = createRunLog(options.logLevel, (code) => watch.onEvent?.({ kind: 'log_off', code }))
  const tell = (event: RunEvent): void => {
    log.write(event)
    watch.onEvent?.(event)
  }
  const progress = createRunProgress({
    clock: systemClock,
    onSnapshot: (snapshot) => watch.onSnapshot?.(snapshot),
    onEvent: tell,
  })
  let sync: Sync | undefined
  try {
    const facts = await factsOf(remote, opened.given, kind)
    sync = await openSync(remote, options, opened.runsDir, kind.redo !== undefined)
    const { parts, found } = await acceptScan({
      ...opened,
      remote,
      facts,
      watch,
      signal,
      kind,
      sync,
      progress,
      log,
      tell,
    })
    return await runLocked(parts, found)
  } finally {
    sync?.close()
    progress.stop()
    log.close()
    await opened.input.close()
  }
}

/** What the run is bound to. */
async function factsOf(
  { host, account }: Remote,
  { file, options, mapping }: OpenGiven<ResolvedOptions>['given'],
  { planned }: RunKind,
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

type Opened = OpenGiven<ResolvedOptions> &
  Pick<RunParts, 'remote' | 'facts' | 'watch' | 'signal' | 'sync' | 'progress' | 'log' | 'tell'> & {
    readonly kind: RunKind
  }

/** Reads the whole file without a socket. Throws if a guard refuses it, or `confirm` does. */
async function acceptScan({
  kind,
  given,
  ...opened
}: Opened): Promise<{ readonly parts: RunParts; readonly found: Scan }> {
  const { remote, facts, runsDir, signal, sync, progress, watch } = opened
  const { options, head, mapping } = given
  const { host, account } = remote
  const runId = kind.runIdOf(facts, runsDir, sync?.state.lastSender)
  const directory = join(runsDir, runId)
  const counter = countChanges(sync, options.duplicates)
  const remembered = recallScan(directory, facts)
  const guard = openInputGuard({ ...given, runsDir, runId, facts }, kind)
  const examiner = counter.beside(guard?.watch)
  const { found, refusal, openRows, readRow, asked, lineage, limit } = await kind.check(
    { ...given, onInvalid: progress.invalid, signal, remembered, examiner },
    (source) => progress.checking(source),
  )
  if (refusal !== undefined) throw refusal
  const keepPortrait = await guard?.check(found)
  const scan = remembered === undefined ? counter.calls(found) : found
  const unmatched = unmatchedColumns(head, options.ignoreColumns, mapping)
  await watch.confirm?.({ host, account, scan, unmatched })
  const parts = {
    ...opened,
    ...given,
    options: limit === undefined ? options : { ...options, limit },
    digest: facts.input,
    runId,
    directory,
    redo: kind.redo,
    planned: kind.planned,
    rollback: kind.rollback,
    precondition: kind.precondition,
    asked: asked ?? new Map<number, number>(),
    lineage,
    keepPortrait,
    openRows,
    prepare: createPrepare(readRow, { host, runId }),
  }
  return { parts, found: scan }
}

async function runLocked(parts: RunParts, found: Scan): Promise<UpdateResult> {
  openRunDirectory(parts.runsDir, parts.runId)
  const unlock = lockRun(parts.directory, parts.runId)
  try {
    return await runIn(parts, found)
  } catch (error) {
    parts.tell({ kind: 'stopped', code: error instanceof BulkUpdateError ? error.code : 'E_BUG' })
    throw error
  } finally {
    unlock()
  }
}

/** The exclusive part of a run: sends what is open, and reports. */
async function runIn(parts: RunParts, found: Scan): Promise<UpdateResult> {
  const { directory, progress, tell } = parts
  const { concurrency } = parts.options
  const journal = openJournal(`${directory}/journal.db`, groupPlaces(concurrency))
  try {
    bind(journal, parts.facts)
    const finishedBefore = journal.get('state') === 'finished'
    if (!finishedBefore) {
      parts.input.keepIn(directory)
      keepRecord(journal, recordOf(parts, found))
      parts.keepPortrait?.(journal)
      if (parts.lineage !== undefined) journal.set('lineage', parts.lineage.join(','))
    }
    parts.log.open(directory)
    const before = await readEarlierSessions(journal)
    tell(startOf(parts, found, before.settled))
    let ended: BulkUpdateError | undefined
    if (!finishedBefore) {
      if (journal.get('started_at') === undefined) journal.set('started_at', new Date().toISOString())
      rememberScan(journal, found)
      const stopped = await sendAll(parts, journal, found, concurrency, before)
      if (stopped !== undefined) {
        ended = withRoomNeeded(stopped, { directory, journal, rows: found.rows })
        tell({ kind: 'stopped', code: ended.code })
      }
    }
    progress.reporting()
    const { summary, stopped } = await closingReport(reportOf(parts, journal, found, ended), ended)
    if (stopped !== undefined && stopped.kind !== 'LOCAL') keepEnding(journal, stopped)
    if (journal.get('state') === 'finished') removeKeptInput(directory)
    const exitCode = finishedBefore && stopped === undefined ? exitCodes.OK : summary.exit_code
    tell({ kind: 'finished', outcomes: summary.outcomes, exitCode })
    return { summary, directory, exitCode, finishedBefore, ...(stopped === undefined ? {} : { stopped }) }
  } finally {
    journal.close()
  }
}

function reportOf(
  parts: RunParts,
  journal: RunJournal,
  found: Scan,
  stopped: BulkUpdateError | undefined,
): ReportParts {
  const { options, file, head, openRows, prepare, runId, remote, digest, asked } = parts
  const { directory, redo, planned, rollback } = parts
  return {
    runId,
    directory,
    // What another run may have applied stays in doubt until it has been looked at.
    journal: { ...journal, isInDoubt: (row) => asked.has(row) || journal.isInDoubt(row) },
    options,
    host: remote.host,
    account: remote.account,
    digest,
    rows: found.rows,
    bytes: file.size,
    format: head.format,
    redo,
    planned,
    rollback,
    input: { file, head, openRows: () => openRows(), prepare },
    ending: endingOf(stopped),
  }
}

function recordOf(
  { options, head, file, runId, redo, planned, rollback, runsDir }: RunParts,
  found: Scan,
): Parameters<typeof keepRecord>[1] {
  const isNamed = options.runId !== undefined || options.newRun || options.input === '-'
  const named = isNamed && redo === undefined ? runId : undefined
  return {
    options: recordedOptions({ ...options, runId: named, runsDir }),
    format: head.format,
    bytes: file.size,
    rows: found.rows,
    calls: found.calls,
    redo,
    planned,
    rollback,
  }
}

/** `settled` are the rows that have an outcome from earlier sessions. */
function startOf(
  { options, remote, runId }: RunParts,
  { rows, calls }: Scan,
  settled: ReadonlyMap<OutcomeKind, number>,
): RunStarted {
  return {
    kind: 'started',
    run: runId,
    version,
    env: options.env,
    host: remote.host,
    account: remote.account,
    rows,
    calls,
    settled: settled.values().reduce((sum, settledRows) => sum + settledRows, 0),
    // Only options without a text of the user's own: names of columns and files, and literals, stay out.
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
