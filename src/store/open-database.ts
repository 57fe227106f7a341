/** Opens the database of a journal, and makes its tables where there are none: all of them or none. */
import { randomUUID } from 'node:crypto'
import { lstatSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { BulkUpdateError } from '../model/errors.ts'
import { isDamaged } from './disk-error.ts'
import { inTransaction, openOwnDatabase } from './database.ts'
import { lostSince, readMark } from './mark.ts'
import type { MarkedState } from './mark.ts'

/** Raised with every change of the tables; a journal of another version is refused by name. */
export const journalVersion = 4

/** One row: which journal it is, and how many commits it has had. Journals of earlier versions get it when they are opened. */
const progressTable = `CREATE TABLE IF NOT EXISTS progress
  (id INTEGER PRIMARY KEY CHECK (id = 1), identity TEXT NOT NULL, commits INTEGER NOT NULL) STRICT;`

/**
 * The journal's tables. `intent` says which rows may have been sent, `outcome` what became of a row; `run` what they
 * belong to. Intents are kept a group a record and outcomes packed into one text: a column each costs ten times the time.
 * Where a sync state is kept, `sent` says which fields of a row were about to be sent, and `confirmed` what Rapyd confirmed.
 * A negative number takes an intent back: the row was not sent, or was refused for reasons that were not its own.
 * Tables that are there without a version were left behind by a version that made them one by one, and are empty.
 */
export const schema = `
CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intent (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, rows TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS outcome (row INTEGER PRIMARY KEY, kind TEXT NOT NULL, record TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sent
  (row INTEGER PRIMARY KEY, customer TEXT NOT NULL, at INTEGER NOT NULL, fields TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS confirmed
  (row INTEGER PRIMARY KEY, customer TEXT NOT NULL, at INTEGER NOT NULL, digests TEXT NOT NULL) STRICT;
${progressTable}
PRAGMA user_version = ${journalVersion};
`

/**
 * Throws LOCAL: E_JOURNAL where the disk or SQLite refuses, E_JOURNAL_VERSION for a journal of another version, E_JOURNAL_LOST
 * where files of the run are there without it or it has lost commits, E_JOURNAL_DAMAGED where it has a hole.
 */
export function openDatabase(path: string): DatabaseSync {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) refuseLost(path)
  const mark = local(path, 'open', () => readMark(path))
  const db = local(path, 'open', () => openOwnDatabase(path))
  try {
    local(path, 'open', () =>
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000'),
    )
    const version = local(path, 'open', () => versionOf(db))
    if (version !== 0 && version !== journalVersion) throw otherVersion(path, version)
    const lost = local(path, 'open', () => lostSince(mark, progressOf(db)))
    if (lost !== undefined) throw lostJournal(`${path} has lost what was written last: ${lost}`)
    // Until the first checkpoint the tables are in the log alone.
    if (version === 0) refuseLost(path)
    else refuseBroken(path, db)
    local(path, 'write', () => makeTables(db))
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Files that a run writes when it has a journal: without it, it is unknown what was answered. */
const laterFiles = ['run.log', 'summary.json', 'results.csv', 'results.ndjson']

function refuseLost(path: string): void {
  const left = laterFiles.find((name) => isWritten(join(dirname(path), name)))
  if (left === undefined) return
  throw lostJournal(`${path} is gone or empty, and ${left} shows that its run had begun`)
}

/** `what` has happened to it. */
export function lostJournal(what: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_JOURNAL_LOST',
    `the journal ${what}`,
    'Put it back. Without it nobody knows what was sent: another run, with --new-run, sends every row again. Nothing was sent.',
  )
}

/** Returns undefined if the database has no such table: it is empty, or of an earlier version. */
export function progressOf(db: DatabaseSync): MarkedState | undefined {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'progress'").get() === undefined) return undefined
  const found = db.prepare('SELECT identity, commits FROM progress').get()
  return { identity: String(found?.['identity']), commits: Number(found?.['commits']) }
}

/** By a run: it writes through no link, and leaves nothing empty. */
function isWritten(path: string): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false })
  return found?.isFile() === true && found.nlink === 1 && found.size > 0
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

/**
 * A page that is lost, or stands twice, is no error when SQLite reads: its rows are just missing, and would be sent again. Takes less
 * time than reading which rows are settled.
 */
function refuseBroken(path: string, db: DatabaseSync): void {
  const found = local(path, 'open', () => db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'])
  if (found !== 'ok') throw damagedJournal(`${path}: ${String(found).replaceAll(/\s+/g, ' ')}`)
}

/** The version is written with the tables, so a journal without one holds nothing: its run never began. */
function makeTables(db: DatabaseSync): void {
  inTransaction(db, () => {
    db.exec(versionOf(db) === 0 ? schema : progressTable)
    db.prepare('INSERT OR IGNORE INTO progress VALUES (1, ?, 0)').run(randomUUID())
  })
}

/** Disk and SQLite errors are final for this process. */
export function local<Result>(path: string, what: 'open' | 'write', action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    if (isDamaged(error)) throw damagedJournal(`${path}: ${reason}`, error)
    throw new BulkUpdateError(
      'E_JOURNAL',
      `the journal ${path} cannot be ${what === 'open' ? 'opened' : 'written'}: ${reason}`,
      'Free some space or mend the disk, then run the same command again: rows that were answered are not sent again.',
      { cause: error },
    )
  }
}

/** What SQLite says of a hole in a journal that it meets long after opening it; anything else is given back as it is. */
export function asDamage(error: unknown): unknown {
  return isDamaged(error) && error instanceof Error ? damagedJournal(error.message, error) : error
}

/** `what` is wrong, and where. */
export function damagedJournal(what: string, cause?: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'E_JOURNAL_DAMAGED',
    `the journal is damaged: ${what}`,
    'Put back a copy of the run directory from before. Without one nobody knows what was sent: another run, with --new-run, sends every row again.',
    { cause },
  )
}

function otherVersion(path: string, version: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_JOURNAL_VERSION',
    `${path} was written by another version of rapyd-bulk (journal ${version}, this is ${journalVersion})`,
    'Go on with the version that began the run, or start another with --new-run.',
  )
}
