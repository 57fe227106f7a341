/**
 * The report that a session ends with, also where its input has changed under it: then it is made from the journal alone,
 * because the user must know which rows were sent, whatever became of the file.
 */
import { BulkUpdateError } from '../model/errors.ts'
import { formatRows, formatCount } from '../report/format.ts'
import type { Summary } from '../report/summary.ts'
import { endingOf, report } from './report.ts'
import type { ReportParts } from './report.ts'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isFull } from '../store/disk-error.ts'

export interface Closing {
  readonly summary: Summary
  /** What stopped the run, or why a part of its report is missing. */
  readonly stopped: BulkUpdateError | undefined
}

/** `stopped` is what ended the sending, and stands in `parts.ending`. Throws as `report` where a file cannot be written. */
export async function closingReport(
  parts: ReportParts,
  stopped: BulkUpdateError | undefined,
): Promise<Closing> {
  try {
    return { summary: await report(parts), stopped }
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    if (error.code !== 'E_INPUT_CHANGED')
      throw stopped === undefined ? withRoomNeeded(error, parts) : unreported(stopped, error)
    const changed = inputChanged(parts, stopped, error)
    const ending = { ...endingOf(changed), next: changed.remedy }
    return { summary: await report({ ...parts, input: undefined, ending }), stopped: changed }
  }
}

/** A full disk stops the run and then its report; that the report is missing must not hide that rows are left. */
function unreported(stopped: BulkUpdateError, missing: BulkUpdateError): BulkUpdateError {
  const { kind, code, message, remedy } = stopped
  return new BulkUpdateError(code, `${message}; ${missing.message}`, remedy, { cause: stopped, kind })
}

/** What stopped the run first decides how it ends; that the file has changed is said in any case. */
function inputChanged(
  { runId, journal, options, rows, digest }: ReportParts,
  stopped: BulkUpdateError | undefined,
  change: BulkUpdateError,
): BulkUpdateError {
  const first = stopped === undefined || stopped.code === change.code ? undefined : stopped
  const open = rows - journal.settledRows.size
  const unlisted = open === 0 ? '' : `; ${formatRows(open)} without an outcome counted and not listed`
  const isFinished = journal.get('state') === 'finished'
  const asItWas = `put ${options.input} back as it was (SHA-256 ${digest})`
  return new BulkUpdateError(
    first?.code ?? change.code,
    `${first === undefined ? '' : `${first.message}; `}run ${runId}: ${change.message}: results and summary.json are written from the journal, errors is not${unlisted}`,
    isFinished
      ? `Run ${runId} is finished. For its errors file, ${asItWas}, then: rapyd-bulk report ${runId}`
      : `Run ${runId} is not finished. To go on with it, ${asItWas} and run the same command again: rows that were answered are not sent again. The file as it is now is another run, which sends all of its rows.`,
    { cause: change, kind: first?.kind ?? change.kind },
  )
}

/** Bytes. A row was measured to take 214 in the journal and 171 in `results`; messages and ids can be longer. */
const leastPerOpenRow = 320
const perReportedRow = 256
/** What SQLite writes ahead, as long as rows are open: 4 MiB for each database, twice that at times. */
const writtenAhead = 8 * 1024 * 1024
/** The page, the summary and the log. */
const beside = 1024 * 1024

export interface StoppedRun {
  readonly directory: string
  readonly rows: number
  readonly journal: { readonly settledRows: { readonly size: number } }
}

/** The error with that where its cause is a full disk; any other as it is. */
export function withRoomNeeded(error: BulkUpdateError, run: StoppedRun): BulkUpdateError {
  if (error.kind !== 'LOCAL' || !isFull(error.cause)) return error
  const done = run.journal.settledRows.size
  const megabytes = formatCount(Math.ceil(roomFor(run, done) / 1_000_000))
  return new BulkUpdateError(
    error.code,
    `${error.message}; ${formatCount(done)} of ${formatCount(run.rows)} rows are done`,
    `About ${megabytes} MB are needed. ${error.remedy}`,
    { cause: error.cause },
  )
}

/** Rows to come take as much as those that are done have taken, backup included. */
function roomFor({ directory, rows }: StoppedRun, done: number): number {
  const reportBytes = rows * perReportedRow + beside
  if (done === rows) return reportBytes
  const perRow = Math.max(leastPerOpenRow, (sizeOfDatabases(directory) - writtenAhead) / Math.max(done, 1))
  return reportBytes + (rows - done) * perRow + writtenAhead
}

function sizeOfDatabases(directory: string): number {
  const databases = readdirSync(directory).filter((name) => /\.db(?:-wal)?$/.test(name))
  return databases.reduce(
    (bytes, name) => bytes + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}
