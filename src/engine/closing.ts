/**
 * The report at the end of a session. If the input has changed meanwhile, it is made from the store alone, because the user must
 * know which rows were sent.
 */
import { BulkUpdateError } from '../model/errors.ts'
import { formatRows, formatCount } from '../report/format.ts'
import type { Summary } from '../report/summary.ts'
import { endingOf, report, type ReportParts } from './report.ts'
import { isFull } from '../store/errors.ts'
import { bytesOfOpenRows } from '../store/own-database.ts'

/** Writes the report. Resolves with `stopped`, which ended the sending, or with the error that kept a part of the report from being written. */
export async function closingReport(
  parts: ReportParts,
  stopped: BulkUpdateError | undefined,
  storePath: string,
): Promise<{ readonly summary: Summary; readonly stopped: BulkUpdateError | undefined }> {
  try {
    return { summary: await report(parts), stopped }
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    if (error.code !== 'E_INPUT_CHANGED')
      throw stopped === undefined
        ? withRoomNeeded(error, { ...parts, storePath })
        : unreported(stopped, error)
    const changed = inputChanged(parts, stopped, error)
    const ending = { ...endingOf(changed), next: changed.remedy }
    return { summary: await report({ ...parts, input: undefined, ending }), stopped: changed }
  }
}

/** A full disk stops the run and then its report. The message must still say that rows are left. */
function unreported(stopped: BulkUpdateError, missing: BulkUpdateError): BulkUpdateError {
  const { kind, code, message, remedy } = stopped
  return new BulkUpdateError(code, `${message}; ${missing.message}`, remedy, { cause: stopped, kind })
}

/** What stopped the run first decides how it ends. The message always says that the file has changed. */
function inputChanged(
  { runId, run, options, rows, binding }: ReportParts,
  stopped: BulkUpdateError | undefined,
  change: BulkUpdateError,
): BulkUpdateError {
  const first = stopped === undefined || stopped.code === change.code ? undefined : stopped
  const open = rows - run.settledRows.size
  const unlisted = open === 0 ? '' : `; ${formatRows(open)} without an outcome counted and not listed`
  const isFinished = run.finishedAt > 0
  const asItWas = `put ${options.input} back as it was (SHA-256 ${binding.input})`
  return new BulkUpdateError(
    first?.code ?? change.code,
    `${first === undefined ? '' : `${first.message}; `}run ${runId}: ${change.message}: results and summary.json are written from the store, errors is not${unlisted}`,
    isFinished
      ? `Run ${runId} is finished. For its errors file, ${asItWas}, then: rapyd-bulk report ${runId}`
      : `Run ${runId} is not finished. To go on with it, ${asItWas} and run the same command again: rows that were answered are not sent again. The file as it is now is another run, which sends all of its rows.`,
    { cause: change, kind: first?.kind ?? change.kind },
  )
}

/** An error of a session that has made requests. Its tip may have been written for one that ends before it sends. */
export function withoutClaim(error: BulkUpdateError): BulkUpdateError {
  const { code, message, remedy, kind, cause } = error
  const known = remedy.replace(/ ?Nothing was sent\.$/, '')
  return known === remedy ? error : new BulkUpdateError(code, message, known, { kind, cause })
}

/** Bytes. A row was measured to take 171 in `results`; messages and ids can be longer. */
const perReportedRow = 256
/** `report.html`, `summary.json` and `run.log`. */
const otherFiles = 1024 * 1024

interface StoppedRun {
  readonly storePath: string
  readonly rows: number
  readonly run: { readonly settledRows: { readonly size: number } }
}

/** Adds the room that is needed, if the cause is a full disk. Returns any other error as it is. */
export function withRoomNeeded(error: BulkUpdateError, stopped: StoppedRun): BulkUpdateError {
  if (error.kind !== 'LOCAL' || !isFull(error.cause)) return error
  const done = stopped.run.settledRows.size
  const megabytes = formatCount(Math.ceil(roomFor(stopped, done) / 1_000_000))
  return new BulkUpdateError(
    error.code,
    `${error.message}; ${formatCount(done)} of ${formatCount(stopped.rows)} rows are done`,
    `About ${megabytes} MB are needed. ${error.remedy}`,
    { cause: error.cause },
  )
}

function roomFor({ storePath, rows }: StoppedRun, done: number): number {
  return rows * perReportedRow + otherFiles + bytesOfOpenRows(storePath, rows - done)
}
