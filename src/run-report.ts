/** The files of a run and what its last line says. */
import { isErrorCode } from './domain/error-codes.ts'
import type { ErrorCode } from './domain/error-codes.ts'
import { exitCodes } from './errors.ts'
import type { BulkUpdateError } from './errors.ts'
import type { Head } from './input/header.ts'
import type { Scan } from './pipeline/scan.ts'
import type { ErrorsFormat } from './report/errors.ts'
import { nextStep } from './report/next-step.ts'
import { writeRows } from './report/reports.ts'
import { summaryOf, writeSummary } from './report/summary.ts'
import type { Summary } from './report/summary.ts'
import { accountOf } from './run-account.ts'
import { keptInput } from './run-input.ts'
import type { RunParts } from './run-parts.ts'
import type { RunJournal } from './store/journal.ts'

/** Writes everything again from the journal and the input. */
export async function report(
  parts: RunParts,
  journal: RunJournal,
  directory: string,
  found: Scan,
  stopped: BulkUpdateError | undefined,
): Promise<Summary> {
  const { options, file, head, prepare, runId, remote } = parts
  const settledRows = journal.settledRows.size
  const totals = await writeRows({
    directory,
    outcomes: accountOf({
      settled: journal.outcomes(),
      openSource: () => parts.openRows(),
      prepare,
      rows: found.rows,
      settledRows,
      isInDoubt: (row) => journal.isInDoubt(row),
      open: { code: openCode(stopped), message: 'the run stopped before this row' },
    }),
    resultsFormat: options.resultsFormat ?? 'csv',
    errors: errorsFormatOf(head),
    read: ({ offset, length }) => file.read(offset, length),
  })
  const good = totals.outcomes.updated + totals.outcomes.unchanged
  // Of a canary, the rows that it was allowed to send.
  const wanted = stopped === undefined ? settledRows : found.rows
  const exit = stopped?.exitCode ?? (good === wanted ? exitCodes.OK : exitCodes.ROWS)
  const summary = summaryOf(
    {
      run_id: runId,
      input: { path: options.input, sha256: parts.digest, rows: found.rows, bytes: file.size },
      env: options.env ?? 'sandbox',
      host: remote.host,
      account: remote.account,
      started_at: journal.get('started_at') ?? '',
      finished_at: journal.get('finished_at') ?? new Date().toISOString(),
      rate_limited: Number(journal.get('rate_limited') ?? 0),
      exit_code: exit,
      next:
        nextStep({
          runId,
          remedy: stopped?.remedy,
          openRows: found.rows - settledRows,
          outcomes: totals.outcomes,
          errorsFile: `${directory}/errors.${head.format}`,
          newRun: options.newRun ?? false,
        }) + withoutPiping(parts, journal, directory),
    },
    totals,
  )
  writeSummary(directory, summary)
  return summary
}

/** What came over standard input is kept while the run is open, so nobody has to bring it again. */
function withoutPiping({ options, runId }: RunParts, journal: RunJournal, directory: string): string {
  if (options.input !== '-' || journal.get('state') === 'finished') return ''
  return ` The input is kept: to go on without piping it again, update ${keptInput(directory)} with --run-id ${runId} and the same options.`
}

/** `errors` is written as the input is. */
export function errorsFormatOf(head: Head): ErrorsFormat {
  const { format, lineEnd } = head
  if (format === 'ndjson') return { format, lineEnd }
  return {
    format,
    header: head.header,
    headerText: head.headerText,
    delimiter: head.dialect.delimiter,
    lineEnd,
  }
}

/** Rows that were not sent carry the reason why the run ended. */
function openCode(stopped: BulkUpdateError | undefined): ErrorCode {
  if (stopped === undefined) return 'E_NOT_REACHED'
  return isErrorCode(stopped.code) ? stopped.code : 'E_STOPPED'
}
