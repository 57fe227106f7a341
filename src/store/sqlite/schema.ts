/** The tables of the store. A change of them is a further step in `migrations`; a step that was released never changes. */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

/** Tells our databases from those of other programs (https://sqlite.org/pragma.html#pragma_application_id). */
export const applicationId = 0x52425542

/**
 * `run_progress` changes with every group of rows, so it is apart from `run`. An outcome or a cancellation deletes its intent, so `intent`
 * is small. Numbers of intents and fields are numbers of commits, so they are in order.
 */
const migrations: readonly string[] = [
  `
CREATE TABLE store (id INTEGER PRIMARY KEY CHECK (id = 1), identity TEXT NOT NULL, commits INTEGER NOT NULL) STRICT;
CREATE TABLE account (id INTEGER PRIMARY KEY, host TEXT NOT NULL, account TEXT NOT NULL, key_check TEXT NOT NULL DEFAULT '',
  last_sender TEXT NOT NULL DEFAULT '', former_path TEXT, accepted_at INTEGER NOT NULL DEFAULT 0,
  is_behind INTEGER NOT NULL DEFAULT 0, UNIQUE (host, account)) STRICT;
CREATE TABLE run (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, parent_id TEXT, host TEXT NOT NULL,
  account TEXT NOT NULL, directory TEXT NOT NULL, facts TEXT NOT NULL, mac TEXT, created_at INTEGER NOT NULL) STRICT;
CREATE INDEX run_parent ON run (parent_id) WHERE parent_id IS NOT NULL;
CREATE TABLE run_progress (run INTEGER PRIMARY KEY, state TEXT NOT NULL, epoch INTEGER NOT NULL, owner TEXT NOT NULL,
  renewed_at INTEGER NOT NULL, lease_until INTEGER NOT NULL, settled INTEGER NOT NULL, checksum INTEGER NOT NULL,
  started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, is_restored INTEGER NOT NULL) STRICT;
CREATE TABLE run_note (run INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run, name))
  STRICT, WITHOUT ROWID;
CREATE TABLE intent (run INTEGER NOT NULL, row INTEGER NOT NULL, operation TEXT NOT NULL, account INTEGER NOT NULL,
  customer TEXT NOT NULL, idempotency_key TEXT NOT NULL, fields TEXT NOT NULL, body TEXT, number INTEGER NOT NULL,
  at INTEGER NOT NULL, settle_ms INTEGER NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY (account, customer, run, row, operation)) STRICT, WITHOUT ROWID;
CREATE TABLE outcome (run INTEGER NOT NULL, row INTEGER NOT NULL, operation TEXT NOT NULL, kind TEXT NOT NULL,
  line INTEGER NOT NULL, byte_offset INTEGER NOT NULL, byte_length INTEGER NOT NULL, customer TEXT NOT NULL,
  fields TEXT NOT NULL, cleared TEXT NOT NULL, not_taken TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL,
  http_status INTEGER NOT NULL, error_code TEXT NOT NULL, error_field TEXT NOT NULL, message TEXT NOT NULL,
  api_message TEXT NOT NULL DEFAULT '', operation_id TEXT NOT NULL, idempotency_key TEXT NOT NULL, latency_ms REAL NOT NULL,
  retries TEXT NOT NULL, finished_at INTEGER NOT NULL, merged_into INTEGER, digests TEXT, checksum INTEGER NOT NULL,
  PRIMARY KEY (run, row, operation)) STRICT, WITHOUT ROWID;
CREATE TABLE before_image (run INTEGER NOT NULL, row INTEGER NOT NULL, customer TEXT NOT NULL, image TEXT,
  PRIMARY KEY (run, row)) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX before_image_customer ON before_image (run, customer);
CREATE TABLE before_write (run INTEGER NOT NULL, customer TEXT NOT NULL, row INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (run, customer, row)) STRICT, WITHOUT ROWID;
CREATE TABLE input_chunk (run INTEGER NOT NULL, number INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (run, number)) STRICT;
CREATE TABLE field_state (account INTEGER NOT NULL, customer TEXT NOT NULL, fields TEXT NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY (account, customer)) STRICT, WITHOUT ROWID;
CREATE TABLE export_customer (account INTEGER NOT NULL, export TEXT NOT NULL, customer TEXT NOT NULL, run TEXT NOT NULL,
  gone TEXT, PRIMARY KEY (account, export, customer)) STRICT, WITHOUT ROWID;
CREATE TABLE export_run (account INTEGER NOT NULL, run TEXT NOT NULL, export TEXT NOT NULL, at INTEGER NOT NULL,
  rows INTEGER NOT NULL, vanished INTEGER NOT NULL, PRIMARY KEY (account, run)) STRICT, WITHOUT ROWID;
CREATE TABLE export_skipped (account INTEGER NOT NULL, at INTEGER NOT NULL, export TEXT NOT NULL, PRIMARY KEY (account, at))
  STRICT, WITHOUT ROWID;
CREATE TABLE request_log (id INTEGER PRIMARY KEY, account INTEGER NOT NULL, holder INTEGER NOT NULL, until REAL NOT NULL,
  in_flight INTEGER NOT NULL) STRICT;
CREATE INDEX request_log_until ON request_log (account, until, holder);
CREATE TABLE request_holder (id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, waiting_until REAL NOT NULL) STRICT;
CREATE TABLE pause (account INTEGER PRIMARY KEY, until REAL NOT NULL) STRICT;
CREATE TABLE machine (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL) STRICT;
`,
  `
CREATE TABLE account_fact (account INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, customer TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (account, name)) STRICT, WITHOUT ROWID;
`,
  'CREATE INDEX outcome_digests ON outcome (customer) WHERE digests IS NOT NULL',
]

export const storeVersion = migrations.length

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Call inside a transaction. */
export function migrate(db: DatabaseSync): void {
  for (const step of migrations.slice(versionOf(db))) db.exec(step)
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${storeVersion}`)
  db.prepare('INSERT OR IGNORE INTO store VALUES (1, ?, 0)').run(randomUUID())
}

/** What is kept of one run: the tables, and their keys within it. */
export const runTables: Readonly<Record<string, string>> = {
  outcome: 'row, operation',
  intent: 'account, customer, row, operation',
  before_image: 'row',
  before_write: 'customer, row',
  input_chunk: 'number',
  run_note: 'name',
  run_progress: 'run',
}
