/** Makes the files of a run again from its journal and its input: after a loss, and also while the run is running. */
import type { CheckedInput, InputParts } from '../validation/scan.ts'
import { resolveOptions } from '../config/job-options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { InputFile } from '../input/bytes.ts'
import { checkOf, openPlanOf } from '../engine/plan-source.ts'
import type { SavedPlan } from '../engine/saved-plan.ts'
import { createPrepare } from '../validation/row-reader.ts'
import { formatRows } from '../report/format.ts'
import type { Summary } from '../report/summary.ts'
import { readRedo } from '../engine/redo-source.ts'
import { checkRollback } from '../engine/rollback-source.ts'
import { wasRolledBack } from '../engine/child-runs.ts'
import { commandToResume } from '../engine/command.ts'
import { readEnding } from '../engine/record.ts'
import { endingOf, report } from '../engine/report.ts'
import type { ReadableInput, RunEnding } from '../engine/report.ts'
import { restoreVanished } from '../engine/vanished-file.ts'
import { inputPartsOf, openSameInput, readHeadOf, openSavedRun } from '../engine/saved-run.ts'
import type { SavedRun } from '../engine/saved-run.ts'

export interface RebuiltReport {
  readonly summary: Summary
  readonly directory: string
  /** Why `errors` could not be written; then `results` lists only rows that have an outcome. */
  readonly missing?: BulkUpdateError
}

export interface ReportOptions {
  /** Show in the page what the cells of rows that need attention hold: personal data. Default false. */
  readonly includeValues?: boolean
}

/**
 * `run` is a run id below `runsDir` (`./rapyd-runs`), or the path of a run directory. Throws LOCAL where its journal cannot
 * be read or a file cannot be written.
 */
export async function rebuildReport(
  run: string,
  runsDir?: string,
  { includeValues = false }: ReportOptions = {},
): Promise<RebuiltReport> {
  const saved = openSavedRun(run, runsDir)
  let file: InputFile | undefined
  let plan: SavedPlan | undefined
  try {
    const { runId, directory, journal, record, fact } = saved
    let input: ReadingOfRun | undefined
    let missing: BulkUpdateError | undefined
    try {
      file = await openSameInput(saved)
      const isSettled = journal.settledRows.size === record.rows
      plan = record.planned === undefined || isSettled ? undefined : await openPlanOf(record.planned)
      input = await readingOf(saved, file, plan)
    } catch (error) {
      if (!(error instanceof BulkUpdateError)) throw error
      missing = withoutErrors(saved, error)
    }
    const summary = await report({
      runId,
      directory,
      journal: {
        get: (key) => journal.get(key),
        outcomes: () => journal.outcomes(),
        settledRows: journal.settledRows,
        isInDoubt: (row) => journal.isInDoubt(row) || (input?.asked.has(row) ?? false),
      },
      options: resolveOptions({ ...record.options, includeValues }),
      host: fact('host'),
      account: fact('account'),
      digest: fact('input'),
      rows: record.rows,
      bytes: record.bytes,
      format: record.format,
      redo: record.redo,
      planned: record.planned,
      rollback: record.rollback,
      input,
      ending: endingOfSaved(saved),
    })
    restoreVanished(saved)
    return { summary, directory, ...(missing === undefined ? {} : { missing }) }
  } finally {
    await plan?.close()
    await file?.close()
    saved.close()
  }
}

interface ReadingOfRun extends ReadableInput {
  /** Rows of another run that may have been applied and were not looked at yet. */
  readonly asked: ReadonlyMap<number, number>
}

async function readingOf(
  saved: SavedRun,
  file: InputFile,
  plan: SavedPlan | undefined,
): Promise<ReadingOfRun> {
  const { record, fact, runId, journal } = saved
  const head = await readHeadOf(saved, file)
  // Rows with an outcome are copied by their places; only those without one are read and mapped again.
  if (journal.settledRows.size === record.rows)
    return { file, head, openRows: noRows, prepare: noRows, asked: new Map<number, number>() }
  const reading = await openReading(saved, await inputPartsOf(saved, file, head), plan)
  const prepare = createPrepare(reading.readRow, { host: fact('host'), runId })
  const asked = reading.asked ?? new Map<number, number>()
  return { file, head, openRows: () => reading.openRows(), prepare, asked }
}

/** A redo is read beside its parent, an apply beside its plan; a rollback has an input of its own. */
async function openReading(
  { record, runsDir }: SavedRun,
  parts: InputParts,
  plan: SavedPlan | undefined,
): Promise<CheckedInput & { readonly asked?: ReadonlyMap<number, number> }> {
  if (record.rollback !== undefined) return checkRollback(parts)
  const check = checkOf(plan)
  if (record.redo === undefined) return check(parts)
  const parent = openSavedRun(record.redo.parent, runsDir)
  try {
    return await readRedo(parent, record.redo.isMended, parts, undefined, check)
  } finally {
    parent.close()
  }
}

function noRows(): never {
  throw new Error('the rows of a run without open ones are asked for')
}

function endingOfSaved({ runId, directory, runsDir, journal, record, isRunning }: SavedRun): RunEnding {
  if (journal.get('state') === 'finished') return endingOf(undefined)
  if (isRunning) {
    return {
      ...endingOf(undefined),
      open: { code: 'E_STILL_RUNNING', message: 'the run is still going on' },
      next: `Run ${runId} is still going on: this is how it stood when the files were written.`,
    }
  }
  return {
    ...endingOf(readEnding(journal)),
    next: wasRolledBack({ runId, runsDir })
      ? `Run ${runId} was rolled back after it had been stopped: it goes on no more.`
      : `Run ${runId} is not finished. To go on: ${commandToResume({ runId, directory, record })}`,
  }
}

function withoutErrors({ runId, record, journal }: SavedRun, error: BulkUpdateError): BulkUpdateError {
  const open = record.rows - journal.settledRows.size
  const unlisted = open === 0 ? '' : `; ${formatRows(open)} without an outcome counted and not listed`
  const isGone = record.options.input === '-' && error.code === 'E_INPUT_OPEN'
  const why = isGone ? 'what came over standard input is not kept once a run is finished' : error.message
  return new BulkUpdateError(
    error.code,
    `${why}: results and summary.json are written from the journal, errors is not${unlisted}`,
    isGone
      ? 'The errors file that the run wrote itself is the one to use.'
      : `Put the input back where it was, then run again: rapyd-bulk report ${runId}`,
    { cause: error },
  )
}
