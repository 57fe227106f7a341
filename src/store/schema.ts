/** The journal's tables. `intent` says a row was about to be sent, `outcome` what became of it; `run` what they belong to. */

/** Raised with every change of the tables; a journal of another version is refused by name. */
export const journalVersion = 1

export const schema = `
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE intent (row INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE TABLE outcome (
  row INTEGER PRIMARY KEY,
  line INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  length INTEGER NOT NULL,
  customer_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  fields TEXT NOT NULL,
  cleared TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  http_status INTEGER NOT NULL,
  error_code TEXT NOT NULL,
  error_field TEXT NOT NULL,
  message TEXT NOT NULL,
  operation_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  latency_ms INTEGER NOT NULL,
  retries TEXT NOT NULL,
  finished_at INTEGER NOT NULL
) STRICT;
PRAGMA user_version = ${journalVersion};
`
