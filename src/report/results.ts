/** `results` and `errors`: what became of every row, written in one pass over the outcomes of a run. */
import { join } from 'node:path'
import { needsAttention } from '../model/outcome.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Place } from '../model/row.ts'
import { errorLine, errorsHeader } from './errors.ts'
import type { ErrorsFormat } from './errors.ts'
import { csvText } from './escape.ts'
import { isoTime } from './format.ts'
import { openOutputFile, removeOutputFile } from './output-file.ts'
import type { OutputFile } from './output-file.ts'
import { createTotals } from './summary.ts'
import type { Totals } from './summary.ts'

export type ResultsFormat = 'csv' | 'ndjson'

export interface ResultsOptions {
  readonly directory: string
  /** In row order, every row of the run once. */
  readonly outcomes: AsyncIterable<readonly Outcome[]>
  readonly resultsFormat: ResultsFormat
  /** Undefined if the input is gone: then `errors` stays as it is. */
  readonly errors: ErrorsSource | undefined
  /** Gets every outcome in the same pass, with the text of its record if the row needs attention and the input is there. */
  readonly listener: { add(outcome: Outcome, record?: string): void }
}

export interface ErrorsSource {
  readonly format: ErrorsFormat
  /** Reads the bytes of a record in the input. */
  readonly read: (place: Place) => Promise<Buffer>
}

/** Writes `results` and `errors`. Removes an `errors` file of an earlier session if no row needs it. */
export async function writeResults(options: ResultsOptions): Promise<Totals> {
  const { directory, resultsFormat, errors, listener } = options
  const results = openOutputFile(join(directory, `results.${resultsFormat}`))
  const totals = createTotals()
  let errorsFile: OutputFile | undefined
  try {
    results.write(resultsHeader(resultsFormat))
    for await (const batch of options.outcomes) {
      results.write(resultsText(batch, resultsFormat))
      for (const outcome of batch) {
        totals.add(outcome)
        if (errors === undefined || !needsAttention(outcome.outcome)) {
          listener.add(outcome)
          continue
        }
        const record = (await errors.read(outcome)).toString('utf8')
        listener.add(outcome, record)
        if (errorsFile === undefined) {
          errorsFile = openOutputFile(errorsPath(directory, errors))
          errorsFile.write(errorsHeader(errors.format))
        }
        errorsFile.write(errorLine(record, outcome, errors.format))
      }
    }
  } catch (error) {
    results.discard()
    errorsFile?.discard()
    throw error
  }
  results.commit()
  if (errorsFile !== undefined) errorsFile.commit()
  else if (errors !== undefined) removeOutputFile(errorsPath(directory, errors))
  return totals.totals()
}

function errorsPath(directory: string, { format }: ErrorsSource): string {
  return join(directory, `errors.${format.format}`)
}

const resultsColumns = [
  'row',
  'line',
  'customer_id',
  'outcome',
  'fields',
  'cleared',
  'not_taken',
  'attempts',
  'http_status',
  'error_code',
  'error_field',
  'message',
  'operation_id',
  'idempotency_key',
  'finished_at',
] as const

type ResultsRow = Readonly<Record<(typeof resultsColumns)[number], string | number | null>>

/** The first line of the file; NDJSON has none. */
export function resultsHeader(format: ResultsFormat): string {
  return format === 'csv' ? `${resultsColumns.join(',')}\n` : ''
}

/**
 * The lines of a batch, without personal data. CSV: comma, `\n`; a missing value is an empty cell. NDJSON has the same keys: a
 * missing text is `""`, a missing `http_status` or `finished_at` is `null`.
 */
export function resultsText(outcomes: readonly Outcome[], format: ResultsFormat): string {
  const rows = outcomes.map(toResultsRow)
  return format === 'csv'
    ? csvText(rows.map((row) => resultsColumns.map((name) => row[name])))
    : rows.map((row) => `${JSON.stringify(row)}\n`).join('')
}

function toResultsRow(outcome: Outcome): ResultsRow {
  return {
    row: outcome.row,
    line: outcome.line,
    customer_id: outcome.customerId,
    outcome: outcome.outcome,
    fields: outcome.fields,
    cleared: outcome.cleared,
    not_taken: outcome.notTaken,
    attempts: outcome.attempts,
    http_status: outcome.httpStatus === 0 ? null : outcome.httpStatus,
    error_code: outcome.errorCode,
    error_field: outcome.errorField,
    message: outcome.message,
    operation_id: outcome.operationId,
    idempotency_key: outcome.idempotencyKey,
    finished_at: outcome.finishedAt === 0 ? null : isoTime(outcome.finishedAt),
  }
}
