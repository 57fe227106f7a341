/**
 * The journal of one run, in SQLite: the truth that every report is made from. Intents and outcomes are durable when
 * their promise resolves; they go to disk in groups, with one fdatasync a group.
 */
import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import type { SQLInputValue } from 'node:sqlite'
import { errorTips } from '../domain/error-codes.ts'
import type { ErrorCode } from '../domain/error-codes.ts'
import { outcomeKinds } from '../domain/outcome.ts'
import type { Outcome, OutcomeKind } from '../domain/outcome.ts'
import { BulkUpdateError } from '../errors.ts'
import type { Journal } from '../pipeline/ports.ts'
import { createGroupCommit } from './group-commit.ts'
import { journalVersion, schema } from './schema.ts'

export interface RunJournal extends Journal {
  /** What the run belongs to and what was counted before it: small texts by name. */
  get(key: string): string | undefined
  set(key: string, value: string): void
  /** Outcomes in row order, in batches. */
  outcomes(): Generator<readonly Outcome[]>
  /** How many rows have an outcome. */
  count(): number
  /** Numbers of the rows that have an outcome, ascending. */
  settledRows(): Generator<number>
  /** Rows with an intent and without an outcome, with the time of the intent (milliseconds since 1970). */
  inDoubt(): ReadonlyMap<number, number>
  /** Customers of rows that ended `failed` or `unknown`: their lanes stay closed. */
  closedLanes(): ReadonlySet<string>
  close(): void
}

type Entry = { readonly intent: number; readonly at: number } | { readonly outcome: Outcome }

/** Opens or makes the journal at `path`. `group`: how many entries are committed without waiting for more. */
export function openJournal(path: string, group: number): RunJournal {
  const db = local('open', () => {
    // SQLite would make it readable for all; its side files take over the mode that is there.
    closeSync(openSync(path, 'a', 0o600))
    const opened = new DatabaseSync(path)
    opened.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000')
    return opened
  })
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
  if (version === 0) local('write', () => db.exec(schema))
  else if (version !== journalVersion) throw otherVersion(path, version)

  const intend = db.prepare('INSERT OR IGNORE INTO intent VALUES (?, ?)')
  const settle = db.prepare(`INSERT INTO outcome VALUES (${'?, '.repeat(17)}?)`)
  const commits = createGroupCommit<Entry>((entries) => {
    local('write', () => {
      db.exec('BEGIN IMMEDIATE')
      for (const entry of entries) {
        if ('intent' in entry) intend.run(entry.intent, entry.at)
        else settle.run(...columnsOf(entry.outcome))
      }
      db.exec('COMMIT')
    })
  }, group)

  return {
    intend: (request) => commits.add({ intent: request.row, at: Date.now() }),
    settle: (outcome) => commits.add({ outcome }),
    get(key) {
      const value = db.prepare('SELECT value FROM run WHERE key = ?').get(key)?.['value']
      return typeof value === 'string' ? value : undefined
    },
    set(key, value) {
      local('write', () => db.prepare('INSERT OR REPLACE INTO run VALUES (?, ?)').run(key, value))
    },
    *outcomes() {
      const read = db.prepare('SELECT * FROM outcome WHERE row > ? ORDER BY row LIMIT 1000')
      for (let last = 0; ;) {
        const batch = read.all(last).map(outcomeOf)
        const end = batch.at(-1)
        if (end === undefined) return
        yield batch
        last = end.row
      }
    },
    count: () => Number(db.prepare('SELECT count(*) AS rows FROM outcome').get()?.['rows']),
    *settledRows() {
      for (const { row } of db.prepare('SELECT row FROM outcome ORDER BY row').iterate()) yield Number(row)
    },
    inDoubt() {
      const rows = db.prepare('SELECT row, at FROM intent WHERE row NOT IN (SELECT row FROM outcome)').all()
      return new Map(rows.map(({ row, at }) => [Number(row), Number(at)]))
    },
    closedLanes() {
      const rows = db
        .prepare("SELECT DISTINCT customer_id FROM outcome WHERE outcome IN ('failed', 'unknown')")
        .all()
      return new Set(rows.map(({ customer_id }) => String(customer_id)))
    },
    close() {
      commits.flush()
      db.close()
    },
  }
}

function columnsOf(outcome: Outcome): SQLInputValue[] {
  return [
    outcome.row,
    outcome.line,
    outcome.offset,
    outcome.length,
    outcome.customerId,
    outcome.outcome,
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
  ]
}

function outcomeOf(record: Readonly<Record<string, unknown>>): Outcome {
  return {
    row: Number(record['row']),
    line: Number(record['line']),
    offset: Number(record['offset']),
    length: Number(record['length']),
    customerId: String(record['customer_id']),
    outcome: kindOf(record['outcome']),
    fields: String(record['fields']),
    cleared: String(record['cleared']),
    attempts: Number(record['attempts']),
    httpStatus: Number(record['http_status']),
    errorCode: codeOf(String(record['error_code'])),
    errorField: String(record['error_field']),
    message: String(record['message']),
    operationId: String(record['operation_id']),
    idempotencyKey: String(record['idempotency_key']),
    latencyMs: Number(record['latency_ms']),
    retries: String(record['retries']),
    finishedAt: Number(record['finished_at']),
  }
}

function kindOf(text: unknown): OutcomeKind {
  const kind = outcomeKinds.find((known) => known === text)
  if (kind === undefined) throw new Error('the journal holds an outcome that this version does not know')
  return kind
}

function codeOf(text: string): ErrorCode | '' {
  return isErrorCode(text) ? text : ''
}

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorTips, text)
}

/** Disk and SQLite errors are final for this process. */
function local<Result>(what: 'open' | 'write', action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new BulkUpdateError(
      'LOCAL',
      'E_JOURNAL',
      `the journal cannot be ${what === 'open' ? 'opened' : 'written'}: ${reason}`,
      'Free some space or mend the disk, then run the same command again: rows that were answered are not sent again.',
      { cause: error },
    )
  }
}

function otherVersion(path: string, version: number): BulkUpdateError {
  return new BulkUpdateError(
    'LOCAL',
    'E_JOURNAL_VERSION',
    `${path} was written by another version of rapyd-bulk (journal ${version}, this is ${journalVersion})`,
    'Go on with the version that began the run, or start another with --new-run.',
  )
}
