/** How an outcome stands in the journal: its kind as a column, the rest packed as one JSON array. */
import { isErrorCode } from '../domain/error-codes.ts'
import type { ErrorCode } from '../domain/error-codes.ts'
import { outcomeKinds } from '../domain/outcome.ts'
import type { Outcome, OutcomeKind } from '../domain/outcome.ts'
import type { BulkUpdateError } from '../errors.ts'
import { damagedJournal } from './open-database.ts'

/** How many values a record holds. */
const recordLength = 16

/** True in SQLite for a `record` that `unpackOutcome` takes. */
export const isWholeRecord = `CASE WHEN json_valid(record) THEN json_array_length(record) ELSE 0 END = ${recordLength}`

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
  ])
}

/** Throws LOCAL, E_JOURNAL_DAMAGED, where the record is not one that `packOutcome` made. */
export function unpackOutcome(row: unknown, kind: unknown, record: unknown): Outcome {
  return outcomeOf(Number(row), kind, valuesIn(String(record)))
}

/** In SQLite, the records of many rows as one text: a text for each of them takes twice as long to read. */
export const manyRecords = `group_concat('[' || row || ',"' || kind || '",' || record || ']')`

/** Of so many rows in ascending order; nothing where one of them cannot be read, which `unpackOutcome` names. */
export function unpackMany(records: string, rows: number): readonly Outcome[] | undefined {
  const outcomes: Outcome[] = []
  let last = 0
  for (const entry of valuesIn(`[${records}]`) ?? []) {
    if (!Array.isArray(entry) || entry.length !== 3) return undefined
    const [row, kind, record]: readonly unknown[] = entry
    if (typeof row !== 'number' || row <= last || !Array.isArray(record)) return undefined
    if (record.length !== recordLength) return undefined
    outcomes.push(outcomeOf(row, kind, record))
    last = row
  }
  return outcomes.length === rows ? outcomes : undefined
}

function outcomeOf(row: number, kind: unknown, values: readonly unknown[] | undefined): Outcome {
  if (values?.length !== recordLength) throw damagedRecord(row)
  const text = (at: number): string => String(values[at])
  const number = (at: number): number => Number(values[at])
  return {
    row,
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
  }
}

export function damagedRecord(row: unknown): BulkUpdateError {
  return damagedJournal(`the record of row ${Number(row)} cannot be read`)
}

function valuesIn(record: string): readonly unknown[] | undefined {
  try {
    const packed: unknown = JSON.parse(record)
    return Array.isArray(packed) ? packed : undefined
  } catch {
    return undefined
  }
}

export function kindOf(text: unknown): OutcomeKind {
  const kind = outcomeKinds.find((known) => known === text)
  if (kind === undefined) throw damagedJournal('it holds an outcome that there is not')
  return kind
}

function codeOf(text: string): ErrorCode | '' {
  return isErrorCode(text) ? text : ''
}
