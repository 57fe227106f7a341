/** `results.csv` or `results.ndjson`: every row in input order with what became of it, without personal data. */
import type { Outcome } from '../model/outcome.ts'
import { csvText } from './csv-text.ts'
import { isoTime } from './format.ts'

export type ResultsFormat = 'csv' | 'ndjson'

export const resultsColumns = [
  'row',
  'line',
  'customer_id',
  'outcome',
  'fields',
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
 * A batch's lines. CSV: comma, `\n`, quoted by csv-stringify, formulas disarmed; what there is none of is an empty cell.
 * NDJSON: the same keys; texts that there are none of are `""`, `http_status` and `finished_at` are `null`.
 */
export function resultsOf(outcomes: readonly Outcome[], format: ResultsFormat): string {
  const records = outcomes.map(asRecord)
  return format === 'csv'
    ? csvText(records.map((record) => resultsColumns.map((name) => record[name])))
    : records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

function asRecord(outcome: Outcome): ResultsRow {
  return {
    row: outcome.row,
    line: outcome.line,
    customer_id: outcome.customerId,
    outcome: outcome.outcome,
    fields: outcome.fields,
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
