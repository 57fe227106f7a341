/** The files of a run and what its last line says. */
import { isErrorCode, exitCodes, type ErrorCode } from '../model/errors.ts'
import type { Head } from '../input/header.ts'
import type { InputFile } from '../input/bytes.ts'
import { isPartial, type Outcome, type OutcomeKind } from '../model/row.ts'
import type { RowSet } from '../model/collections.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { Run } from '../model/store.ts'
import type { Prepare, Source } from '../model/ports.ts'
import { nextStep } from '../report/summary-text.ts'
import { cellsOf } from '../input/csv.ts'
import { createReportData, pausesKey, readPauses, type RowValues } from '../report/html/report-data.ts'
import { renderReport, type ReportFacts } from '../report/html/html-report.ts'
import { writeResults } from '../report/results.ts'
import type { Summary } from '../report/summary.ts'
import { writeOutputFile } from '../report/output-file.ts'
import { allOutcomes } from './all-outcomes.ts'
import { unprovedFields } from './answer-check.ts'
import { basename, join } from 'node:path'
import { toFlag } from '../config/options.ts'
import {
  commandToRedo,
  commandToRollback,
  parentOf,
  readRecord,
  readScanNotes,
  readSyncNotes,
  unfitNote,
  type RunBinding,
  type RunRecord,
} from './record.ts'
import { version } from '../config/system.ts'

/** What the files are made from: a run that has just ended, or one that a report is asked for. */
export interface ReportParts extends Omit<RunRecord, 'options' | 'calls'> {
  readonly runId: string
  readonly directory: string
  /** What the store has of it. Times are milliseconds since 1970; 0 if it has not begun to send, or has not ended. */
  readonly run: Pick<Run, 'note' | 'outcomes' | 'startedAt' | 'finishedAt'> & {
    readonly settledRows: Pick<RowSet, 'has' | 'size'>
  }
  readonly isInDoubt: (row: number) => boolean
  readonly options: Pick<
    ResolvedOptions,
    'input' | 'env' | 'resultsFormat' | 'newRun' | 'store' | 'stateDir' | 'includeValues'
  >
  readonly binding: RunBinding
  /** Undefined if it is gone: then rows without an outcome are counted and not listed, and `errors` stays as it is. */
  readonly input: ReadableInput | undefined
  readonly ending: RunEnding
}

export interface ReadableInput {
  readonly file: InputFile
  readonly head: Head
  readonly openRows: () => Source
  readonly prepare: Prepare
}

export interface RunEnding {
  /** The code and message of rows without an outcome. */
  readonly open: { readonly code: ErrorCode; readonly message: string }
  /** Of what stopped the run; undefined if it reached its end, or that of `--limit`. */
  readonly exitCode: number | undefined
  readonly remedy: string | undefined
  /** What to do next, if it does not follow from the outcomes. */
  readonly next?: string
}

/** `stopped` is the error that stopped the run, or what the store keeps of it. */
export function endingOf(
  stopped: { readonly code: string; readonly exitCode: number; readonly remedy?: string } | undefined,
): RunEnding {
  const message = 'the run stopped before this row'
  if (stopped === undefined)
    return { open: { code: 'E_NOT_REACHED', message }, exitCode: undefined, remedy: undefined }
  const code = isErrorCode(stopped.code) ? stopped.code : 'E_STOPPED'
  return { open: { code, message }, exitCode: stopped.exitCode, remedy: stopped.remedy }
}

/** Writes everything again from the store and the input. */
export async function report(parts: ReportParts): Promise<Summary> {
  const { runId, directory, run, options, binding, rows, input, ending } = parts
  const settledRows = run.settledRows.size
  const fold = createReportData(options.includeValues ? valuesOf(input?.head) : undefined)
  const { totals } = fold
  await writeResults({
    directory,
    outcomes:
      input === undefined
        ? withoutPartial(run.outcomes())
        : whileUnchanged(
            input.file,
            allOutcomes({
              settled: run.outcomes(),
              openSource: input.openRows,
              prepare: input.prepare,
              rows,
              settledRows,
              isInDoubt: parts.isInDoubt,
              open: ending.open,
            }),
          ),
    resultsFormat: options.resultsFormat,
    errors: input,
    listener: fold,
  })
  const { cleared, calls, attempts, retries, errors, latency_ms, ...listed } = totals.totals()
  const outcomes = input === undefined ? withUnlisted(listed.outcomes, parts) : listed.outcomes
  const good = outcomes.updated + outcomes.unchanged - (parts.rollback === undefined ? 0 : totals.partly)
  const parent = parentOf(parts)
  // With `--limit`, the rows that may be sent.
  const wanted = ending.exitCode === undefined ? settledRows : rows
  // In the documented order.
  const summary: Summary = {
    run_id: runId,
    ...(parent === undefined ? {} : { parent: { run_id: parent } }),
    ...(parts.rollback === undefined ? {} : { rollback: totals.buckets() }),
    input: { path: options.input, sha256: binding.input, rows, bytes: parts.bytes },
    env: options.env,
    host: binding.host,
    account: binding.account,
    started_at: run.startedAt === 0 ? '' : new Date(run.startedAt).toISOString(),
    finished_at: new Date(run.finishedAt || Date.now()).toISOString(),
    outcomes,
    cleared,
    unproved: unprovedFields(run),
    calls,
    attempts,
    rate_limited: Number(run.note('rate_limited') ?? 0),
    unfit_texts: Number(run.note(unfitNote) ?? 0) || undefined,
    retries,
    errors,
    latency_ms,
    ...readSyncNotes(run, outcomes.unchanged),
    ...readScanNotes(run),
    exit_code: ending.exitCode ?? (good === wanted ? exitCodes.OK : exitCodes.ROWS),
    next:
      ending.next ??
      nextStep({
        runId,
        tip: ending.remedy,
        rowsLeft: rows - settledRows,
        outcomes,
        errorsFile: `${directory}/errors.${parts.format}`,
        redoCommand:
          parts.rollback === undefined
            ? commandToRedo(runId, options)
            : commandToRollback(parts.rollback.parent, options),
        insteadOfFixing: insteadOfFixing(parts),
        isInputKept: options.input !== '-',
        newRun: options.newRun,
      }) + withoutPiping(parts),
  }
  const page = renderReport(summary, pageFactsOf(run, binding.mapping), fold)
  writeOutputFile(join(directory, 'summary.json'), [`${JSON.stringify(summary, undefined, 2)}\n`])
  writeOutputFile(join(directory, 'report.html'), page)
  return summary
}

/** What to do about rows for which no fixed file can be made. */
function insteadOfFixing({ rollback, planned, options }: ReportParts): string | undefined {
  if (rollback !== undefined) {
    const again = commandToRollback(rollback.parent, options)
    return `it says by customer and field what was kept or cannot be put back. What Rapyd refused, this tries again:\n${again}`
  }
  return planned === undefined ? undefined : 'make another plan for what of it is still meant.'
}

/** The store keeps standard input while the run is open, so it need not be piped again. */
function withoutPiping({ options, runId, run }: ReportParts): string {
  if (options.input !== '-' || run.finishedAt > 0) return ''
  return `\nThe input is kept: to go on without piping it again, add --run-id ${runId} and pipe nothing.`
}

/** Without the input, open rows are counted and not listed. */
async function* withoutPartial(
  batches: AsyncIterable<readonly Outcome[]>,
): AsyncGenerator<readonly Outcome[]> {
  for await (const batch of batches) yield batch.filter((outcome) => !isPartial(outcome))
}

/** If the file has changed meanwhile, bytes that are copied from it may be those of other rows. */
async function* whileUnchanged<Batch>(file: InputFile, batches: AsyncIterable<Batch>): AsyncGenerator<Batch> {
  yield* batches
  await file.checkUnchanged()
}

/** Counts the rows without an outcome, which cannot be listed without the input. */
function withUnlisted(
  listed: Readonly<Record<OutcomeKind, number>>,
  { run, isInDoubt, rows }: ReportParts,
): Readonly<Record<OutcomeKind, number>> {
  const open = rows - run.settledRows.size
  if (open === 0) return listed
  let inDoubt = 0
  for (let row = 1; row <= rows; row++) if (!run.settledRows.has(row) && isInDoubt(row)) inDoubt++
  return {
    ...listed,
    unknown: listed.unknown + inDoubt,
    not_attempted: listed.not_attempted + open - inDoubt,
  }
}

/** What a page shows of a record. */
function valuesOf(head: Head | undefined): RowValues | undefined {
  if (head === undefined) return undefined
  if (head.format === 'ndjson') return { names: [], split: () => undefined }
  return { names: head.header, split: (record) => cellsOf(record, head.dialect) }
}

/** Not shown among the options: paths, addresses, and what the page shows in another place. */
const leftOut = new Set([
  'input',
  'env',
  'baseUrl',
  'allowHost',
  'map',
  'runId',
  'runsDir',
  'store',
  'stateDir',
])

function pageFactsOf(run: Pick<Run, 'note'>, digest: string): ReportFacts {
  const options = readRecord(run)?.options
  const name = options?.map === undefined ? 'columns by name' : basename(options.map)
  return {
    mapping: digest === '' ? name : `${name} (digest ${digest.slice(0, 12)})`,
    options: Object.entries(options ?? {})
      .filter(([option]) => !leftOut.has(option))
      .map(([option, value]) => [`--${toFlag(option)}`, shown(value)]),
    pauses: readPauses(run.note(pausesKey)),
    versions: `rapyd-bulk ${version}, Node ${process.versions.node}`,
  }
}

/** Lists hold names of columns and texts of cells, so only their length is shown. */
function shown(value: string | number | boolean | readonly string[]): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'object' ? `${value.length} given` : String(value)
}
