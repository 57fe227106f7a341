/** Writes the files of a run again from the store and its input: after a loss, and also while the run is running. */
import type { ScannedInput, InputParts } from '../validation/input-parts.ts'
import { resolveOptions } from '../config/job-options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { InputFile } from '../input/bytes.ts'
import { scannerOf, openPlanOf, type SavedPlan } from '../engine/plan-source.ts'
import { openRunDirectory } from '../store/run-directory.ts'
import { createPrepare } from '../validation/row-reader.ts'
import { formatRows } from '../report/format.ts'
import type { Summary } from '../report/summary.ts'
import { readRedo } from '../engine/redo-source.ts'
import { scanRollback } from '../engine/rollback-source.ts'
import { commandToResume, readEnding } from '../engine/record.ts'
import { endingOf, report, type ReadableInput, type RunEnding } from '../engine/report.ts'
import { restoreVanished } from '../engine/vanished-file.ts'
import { inputPartsOf, openSameInput } from '../engine/open-input.ts'
import { readHead } from '../input/header.ts'
import { isRollbackBegun, openSavedRun, type SavedRun } from '../engine/saved-run.ts'
import { withExistingStore } from '../store/open-store.ts'
import type { StoreOptions } from '../model/store.ts'

export interface RebuiltReport {
  readonly summary: Summary
  readonly directory: string
  /** Why `errors` could not be written; then `results` lists only rows that have an outcome. */
  readonly missing?: BulkUpdateError
}

export interface ReportOptions extends StoreOptions {
  /** Show in the page what the cells of rows that need attention hold: personal data. Default false. */
  readonly includeValues?: boolean
}

/** `run` is the id of a run in the store, or the path of its directory. */
export function rebuildReport(
  run: string,
  runsDir?: string,
  options: ReportOptions = {},
): Promise<RebuiltReport> {
  return withExistingStore(options, async (store) =>
    reportRun(await openSavedRun(store, run, runsDir), options),
  )
}

async function reportRun(saved: SavedRun, { includeValues = false }: ReportOptions): Promise<RebuiltReport> {
  await using opened = new AsyncDisposableStack()
  const { runId, directory, reader, record, binding } = saved
  const { stored } = reader
  const { settledRows, inDoubt } = await reader.progress()
  const isSettled = settledRows.size === record.rows
  let input: ReadingOfRun | undefined
  let missing: BulkUpdateError | undefined
  try {
    const file = opened.adopt(await openSameInput(saved), (found) => found.close())
    const plan =
      record.planned === undefined || isSettled
        ? undefined
        : opened.adopt(await openPlanOf(record.planned), (found) => found.close())
    input = await readingOf(saved, file, isSettled ? undefined : { plan })
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    missing = withoutErrors(saved, record.rows - settledRows.size, error)
  }
  openRunDirectory(directory)
  const summary = await report({
    ...record,
    runId,
    directory,
    run: { ...stored, outcomes: () => reader.outcomes(), settledRows },
    isInDoubt: (row) => inDoubt.has(row) || input?.parentDoubts?.has(row) === true,
    options: resolveOptions({ ...record.options, includeValues }),
    binding,
    input,
    ending: await endingOfSaved(saved),
  })
  const accountId = { host: binding.host, account: binding.account, keyCheck: '' }
  await restoreVanished(stored, saved.store.fieldState(accountId))
  return { summary, directory, ...(missing === undefined ? {} : { missing }) }
}

interface ReadingOfRun extends ReadableInput {
  /** Rows of another run that may have been applied and were not read back yet. */
  readonly parentDoubts?: ReadonlyMap<number, number> | undefined
}

/** `open` is undefined if every row has an outcome: rows with one are copied by their places, and only others are read again. */
async function readingOf(
  saved: SavedRun,
  file: InputFile,
  open: { readonly plan: SavedPlan | undefined } | undefined,
): Promise<ReadingOfRun> {
  const { binding, runId } = saved
  const head = await readHead(file, saved.record.options)
  if (open === undefined) return { file, head, openRows: noRows, prepare: noRows }
  const reading = await openReading(saved, await inputPartsOf(saved, file, head), open.plan)
  const prepare = createPrepare(reading.readRow, { host: binding.host, runId })
  return { file, head, openRows: () => reading.openRows(), prepare, parentDoubts: reading.parentDoubts }
}

/** The rows of a redo need its parent, those of an apply its plan. A rollback has an input of its own. */
async function openReading(
  { store, record, runsDir }: SavedRun,
  parts: InputParts,
  plan: SavedPlan | undefined,
): Promise<ScannedInput & { readonly parentDoubts?: ReadonlyMap<number, number> }> {
  if (record.rollback !== undefined) return scanRollback(parts)
  const scan = scannerOf(plan)
  if (record.redo === undefined) return scan(parts)
  const parent = await openSavedRun(store, record.redo.parent, runsDir)
  return readRedo(parent, record.redo.isMended, parts, scan)
}

function noRows(): never {
  throw new Error('the rows of a run without open ones are asked for')
}

async function endingOfSaved(saved: SavedRun): Promise<RunEnding> {
  const { store, runId, reader, record } = saved
  if (saved.isFinished) return endingOf(undefined)
  if (saved.isRunning) {
    return {
      ...endingOf(undefined),
      open: { code: 'E_STILL_RUNNING', message: 'the run is still going on' },
      next: `Run ${runId} is still going on: this is how it stood when the files were written.`,
    }
  }
  return {
    ...endingOf(readEnding(reader.stored)),
    next: (await isRollbackBegun({ runId, store }))
      ? `Run ${runId} was rolled back after it had been stopped: it goes on no more.`
      : `Run ${runId} is not finished. To go on: ${commandToResume({ runId, record })}`,
  }
}

/** `open`: rows without an outcome. */
function withoutErrors({ runId }: SavedRun, open: number, error: BulkUpdateError): BulkUpdateError {
  const unlisted = open === 0 ? '' : `; ${formatRows(open)} without an outcome counted and not listed`
  const isGone = error.code === 'E_INPUT_NOT_KEPT'
  const why = isGone ? 'what came over standard input is not kept once a run is finished' : error.message
  return new BulkUpdateError(
    error.code,
    `${why}: results and summary.json are written from the store, errors is not${unlisted}`,
    isGone
      ? 'The errors file that the run wrote itself is the one to use.'
      : `Put the input back where it was, then run again: rapyd-bulk report ${runId}`,
    { cause: error },
  )
}
