/**
 * The journal's tables. `intent` says which rows may have been sent, `outcome` what became of a row; `run` what they
 * belong to. Intents are kept a group a record and outcomes packed into one text: a column each costs ten times the time.
 * Where a sync state is kept, `sent` says which fields of a row were about to be sent, and `confirmed` what Rapyd confirmed.
 * A negative number takes an intent back: the row was not sent, or was refused for reasons that were not its own.
 */

/** Raised with every change of the tables; a journal of another version is refused by name. */
export const journalVersion = 4

/** Tables that are there without a version were left behind by a version that made them one by one, and are empty. */
export const schema = `
CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intent (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, rows TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outcome (row INTEGER PRIMARY KEY, kind TEXT NOT NULL, record TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sent
  (row INTEGER PRIMARY KEY, customer TEXT NOT NULL, at INTEGER NOT NULL, fields TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS confirmed
  (row INTEGER PRIMARY KEY, customer TEXT NOT NULL, at INTEGER NOT NULL, digests TEXT NOT NULL) STRICT;
PRAGMA user_version = ${journalVersion};
`
