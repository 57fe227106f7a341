/** `results.csv` or `results.ndjson`: every row in input order with what became of it, without personal data. */
import type { Outcome } from '../domain/outcome.ts'
import { createCellWriter } from './csv-cell.ts'
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

const cell = createCellWriter(',')

/** The first line of the file; NDJSON has none. */
export function resultsHeader(format: ResultsFormat): string {
  return format === 'csv' ? `${resultsColumns.join(',')}\n` : ''
}

/**
 * A batch's lines. CSV: comma, `\n`, quoted by csv-stringify, formulas disarmed; what there is none of is an empty cell.
 * NDJSON: the same keys; texts that there are none of are `""`, `http_status` and `finished_at` are `null`.
 */
export function resultsOf(outcomes: readonly Outcome[], format: ResultsFormat): string {
  let text = ''
  for (const outcome of outcomes)
    text += format === 'csv' ? `${csvRow(outcome)}\n` : `${JSON.stringify(asRecord(outcome))}\n`
  return text
}

/** In the order of `resultsColumns`. Numbers, times and the names of outcomes never need quoting. */
function csvRow(outcome: Outcome): string {
  const { row, line, attempts, httpStatus, finishedAt } = outcome
  const what = `${row},${line},${cell(outcome.customerId)},${outcome.outcome},${cell(outcome.fields)}`
  const why = `${cell(outcome.errorCode)},${cell(outcome.errorField)},${cell(outcome.message)}`
  const proof = `${cell(outcome.operationId)},${cell(outcome.idempotencyKey)}`
  return `${what},${attempts},${httpStatus === 0 ? '' : httpStatus},${why},${proof},${isoTime(finishedAt)}`
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
