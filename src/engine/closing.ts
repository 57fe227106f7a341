/**
 * The report that a session ends with, also where its input has changed under it: then it is made from the journal alone,
 * because whoever has sent rows must be told which, whatever became of the file.
 */
import { BulkUpdateError } from '../model/errors.ts'
import { formatRows } from '../report/format.ts'
import type { Summary } from '../report/summary.ts'
import { withRoomNeeded } from './full-disk.ts'
import { endingOf, report } from './report.ts'
import type { ReportParts } from './report.ts'

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
  return new BulkUpdateError(kind, code, `${message}; ${missing.message}`, remedy, { cause: stopped })
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
    first?.kind ?? change.kind,
    first?.code ?? change.code,
    `${first === undefined ? '' : `${first.message}; `}run ${runId}: ${change.message}: results and summary.json are written from the journal, errors is not${unlisted}`,
    isFinished
      ? `Run ${runId} is finished. For its errors file, ${asItWas}, then: rapyd-bulk report ${runId}`
      : `Run ${runId} is not finished. To go on with it, ${asItWas} and run the same command again: rows that were answered are not sent again. The file as it is now is another run, which sends all of its rows.`,
    { cause: change },
  )
}
