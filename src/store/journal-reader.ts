/** Reads a journal, opened by the run that writes it or only for looking at it. */
import type { DatabaseSync } from 'node:sqlite'
import type { ConfirmedFields, Digests, Outcome, OutcomeKind } from '../model/outcome.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { FieldIntent } from '../model/row.ts'
import { createRowSet } from '../model/collections.ts'
import type { RowSet } from '../model/collections.ts'
import { isErrorCode } from '../model/errors.ts'
import type { ErrorCode, BulkUpdateError } from '../model/errors.ts'
import { outcomeKinds } from '../model/outcome.ts'
import { damagedJournal } from './open-database.ts'

export interface JournalReader {
  /** What the run belongs to and what was counted before it: small texts by name. */
  get(key: string): string | undefined
  /** Outcomes in row order, in batches. */
  outcomes(): Generator<readonly Outcome[]>
  /**
   * Looks at the records of all outcomes, in batches: half a second for a million. Throws LOCAL, E_JOURNAL_DAMAGED, for one that
   * `outcomes` could not give.
   */
  checkRecords(): Generator<void>
  /** How many rows have which outcome. */
  counts(): ReadonlyMap<OutcomeKind, number>
  /** How many rows that need attention have which error code. */
  errorCounts(): ReadonlyMap<string, number>
  /** Customers of rows that ended `failed` or `unknown`: their lanes stay closed. */
  closedCustomers(): ReadonlySet<string>
  /** What Rapyd confirmed, in row order, in batches; only of runs that kept a sync state. */
  confirmations(): Generator<readonly ConfirmedFields[]>
  /** The customer of a row and the fields that were about to be sent; undefined if the journal does not say. */
  sent(row: number): SentFields | undefined
}

/** Outcomes in row order, one by one. */
export function eachOutcome(journal: Pick<JournalReader, 'outcomes'>): IteratorObject<Outcome, undefined> {
  return journal.outcomes().flatMap((batch) => batch)
}

export interface SentFields extends FieldIntent {
  readonly customerId: string
}

export function readerOf(db: DatabaseSync): JournalReader {
  return {
    get(key) {
      const value = db.prepare('SELECT value FROM run WHERE key = ?').get(key)?.['value']
      return typeof value === 'string' ? value : undefined
    },
    *outcomes() {
      const next = db.prepare('SELECT row, kind, record FROM outcome WHERE row > ? ORDER BY row LIMIT 100')
      for (let last = 0; ;) {
        const batch = next.all(last).map(({ row, kind, record }) => unpackOutcome(row, kind, record))
        const end = batch.at(-1)
        if (end === undefined) return
        yield batch
        last = end.row
      }
    },
    *checkRecords() {
      const check = db.prepare(
        `SELECT max(row) AS last, min(CASE WHEN ${isWholeRecord} THEN NULL ELSE row END) AS damaged
         FROM (SELECT row, record FROM outcome WHERE row > ? ORDER BY row LIMIT 50000)`,
      )
      for (let last = 0; ;) {
        const found = check.get(last)
        if (typeof found?.['damaged'] === 'number') throw damagedRecord(found['damaged'])
        if (typeof found?.['last'] !== 'number') return
        last = found['last']
        yield
      }
    },
    counts() {
      const read = db.prepare('SELECT kind, count(*) AS rows FROM outcome GROUP BY kind')
      return new Map(read.all().map(({ kind, rows }) => [kindOf(kind), Number(rows)]))
    },
    errorCounts() {
      const read = db.prepare(
        `SELECT json_extract(record, '${errorCodePath}') AS code, count(*) AS rows FROM outcome
         WHERE kind NOT IN ('updated', 'unchanged') GROUP BY code`,
      )
      return new Map(read.all().map(({ code, rows }) => [String(code), Number(rows)]))
    },
    closedCustomers() {
      const read = db.prepare("SELECT row, kind, record FROM outcome WHERE kind IN ('failed', 'unknown')")
      const lanes = new Set<string>()
      for (const { row, kind, record } of read.iterate())
        lanes.add(unpackOutcome(row, kind, record).customerId)
      return lanes
    },
    *confirmations() {
      const read = db.prepare(
        `SELECT row, confirmed.customer, confirmed.at, digests, sent.at AS since FROM confirmed LEFT JOIN sent USING (row)
         WHERE row > ? ORDER BY row LIMIT 500`,
      )
      for (let last = 0; ;) {
        const batch = read.all(last)
        if (batch.length === 0) return
        yield batch.map(({ customer, at, since, digests }) => ({
          customerId: String(customer),
          at: Number(at),
          since: Number(since ?? at),
          digests: digestsOf(String(digests)),
        }))
        last = Number(batch.at(-1)?.['row'])
      }
    },
    sent(row) {
      const found = db.prepare('SELECT customer, at, fields FROM sent WHERE row = ?').get(row)
      if (found === undefined) return undefined
      return {
        customerId: String(found['customer']),
        at: Number(found['at']),
        fields: String(found['fields']).split(','),
      }
    },
  }
}

/** Throws where the text is not one that a journal or a state has written. */
export function digestsOf(text: string): Digests {
  const found: unknown = JSON.parse(text)
  if (!isJsonObject(found)) throw new Error('odd digests')
  return Object.fromEntries(
    Object.entries(found).map(([field, digest]) => [field, typeof digest === 'string' ? digest : '']),
  )
}

export function readSettled(db: DatabaseSync): RowSet {
  const settled = createRowSet()
  for (const { row } of db.prepare('SELECT row FROM outcome').iterate()) settled.add(Number(row))
  return settled
}

export function readDoubts(db: DatabaseSync, settled: RowSet): Map<number, number> {
  const doubts = new Map<number, number>()
  for (const { at, rows } of db.prepare('SELECT at, rows FROM intent ORDER BY id').iterate()) {
    for (const row of String(rows).split(',').map(Number)) {
      if (row < 0) doubts.delete(-row)
      else if (!settled.has(row) && !doubts.has(row)) doubts.set(row, Number(at))
    }
  }
  return doubts
}

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
