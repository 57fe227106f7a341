/** How an outcome stands in the journal: its kind as a column, the rest packed as one JSON array. */
import { isErrorCode } from '../model/errors.ts'
import type { ErrorCode, BulkUpdateError } from '../model/errors.ts'
import { parseJson } from '../model/json.ts'
import { outcomeKinds } from '../model/outcome.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import { damagedJournal } from './open-database.ts'

/** How many values a record holds: the last, `mergedInto`, is not in those of earlier versions. */
const recordLengths: readonly number[] = [16, 17]

/** True in SQLite for a `record` that `unpackOutcome` takes. */
export const isWholeRecord = `CASE WHEN json_valid(record) THEN json_array_length(record) ELSE 0 END IN (${recordLengths.join(', ')})`

/** Where SQLite finds the error code in a record. */
export const errorCodePath = '$[8]'

export function packOutcome(outcome: Outcome): string {
  return JSON.stringify([
    outcome.line,
    outcome.offset,
    outcome.length,
    outcome.customerId,
    outcome.fields,
    outcome.cleared,
    outcome.attempts,
    outcome.httpStatus,
    outcome.errorCode,
    outcome.errorField,
    outcome.message,
    outcome.operationId,
    outcome.idempotencyKey,
    outcome.latencyMs,
    outcome.retries,
    outcome.finishedAt,
    outcome.mergedInto ?? 0,
  ])
}

/** Throws LOCAL, E_JOURNAL_DAMAGED, where the record is not one that `packOutcome` made. */
export function unpackOutcome(row: unknown, kind: unknown, record: unknown): Outcome {
  const found = parseJson(String(record))
  const values: readonly unknown[] = Array.isArray(found) ? found : []
  if (!recordLengths.includes(values.length)) throw damagedRecord(row)
  const text = (at: number): string => String(values[at])
  const number = (at: number): number => Number(values[at])
  return {
    row: Number(row),
    outcome: kindOf(kind),
    line: number(0),
    offset: number(1),
    length: number(2),
    customerId: text(3),
    fields: text(4),
    cleared: text(5),
    attempts: number(6),
    httpStatus: number(7),
    errorCode: codeOf(text(8)),
    errorField: text(9),
    message: text(10),
    operationId: text(11),
    idempotencyKey: text(12),
    latencyMs: number(13),
    retries: text(14),
    finishedAt: number(15),
    ...(values.length < 17 ? {} : { mergedInto: number(16) }),
  }
}

export function damagedRecord(row: unknown): BulkUpdateError {
  return damagedJournal(`the record of row ${Number(row)} cannot be read`)
}

export function kindOf(text: unknown): OutcomeKind {
  const kind = outcomeKinds.find((known) => known === text)
  if (kind === undefined) throw damagedJournal('it holds an outcome that there is not')
  return kind
}

function codeOf(text: string): ErrorCode | '' {
  return isErrorCode(text) ? text : ''
}
