/** The database of an account's sync state: bound to its host, its account and its key, and refused by name where it is another's. */
import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { BulkUpdateError } from '../model/errors.ts'
import { codeOf, stateError } from './disk-error.ts'
import { inTransaction, openOwnDatabase } from './database.ts'

/** What a state belongs to. */
export interface SyncOwner {
  readonly host: string
  readonly account: string
  /** Tells keys apart without telling them. */
  readonly keyCheck: string
}

const version = 1

const schema = `
CREATE TABLE owner (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE customer (id TEXT PRIMARY KEY, fields TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE seen (export TEXT NOT NULL, customer TEXT NOT NULL, run TEXT NOT NULL, gone TEXT,
  PRIMARY KEY (export, customer)) STRICT, WITHOUT ROWID;
CREATE TABLE night (run TEXT PRIMARY KEY, export TEXT NOT NULL, at INTEGER NOT NULL, rows INTEGER NOT NULL,
  vanished INTEGER NOT NULL) STRICT;
CREATE TABLE skipped (at INTEGER PRIMARY KEY, export TEXT NOT NULL) STRICT;
PRAGMA user_version = ${version};
`

export function syncPath(directory: string): string {
  return join(directory, 'sync.db')
}

export function hasSyncState(directory: string): boolean {
  return existsSync(syncPath(directory))
}

/**
 * Opens the state in an account's folder, and makes it where it is missing.
 *
 * @throws BulkUpdateError USAGE, E_STATE_OTHER: it belongs to another host, account or key; USAGE or LOCAL where the folder
 * or the disk will not do; LOCAL, E_STATE, where the file is damaged or of another version
 */
export function openSyncDatabase(directory: string, owner: SyncOwner): DatabaseSync {
  const path = syncPath(directory)
  let db: DatabaseSync | undefined
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    db = openOwnDatabase(path)
    db.exec('PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    makeTables(db, owner)
    refuseOther(db, path, owner)
    return db
  } catch (error) {
    db?.close()
    throw error instanceof BulkUpdateError ? error : damaged(directory, path, error)
  }
}

function makeTables(db: DatabaseSync, owner: SyncOwner): void {
  inTransaction(db, () => {
    const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (found !== 0 && found !== version) throw new Error(`state version ${found}, this is ${version}`)
    if (found === 0) db.exec(schema)
    // States that were made before it was there get it, too.
    db.exec('CREATE TABLE IF NOT EXISTS runs_dir (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID')
    // An empty state may get another owner: keys that were mistyped once must not block the right ones.
    if (found === 0 || isEmpty(db)) own(db, owner)
  })
}

function isEmpty(db: DatabaseSync): boolean {
  return db.prepare('SELECT id FROM customer LIMIT 1').get() === undefined
}

/** Makes it a new state of this owner, where it is not this owner's already. */
function own(db: DatabaseSync, owner: SyncOwner): void {
  const held = db.prepare('SELECT value FROM owner WHERE name = ?')
  const isOwn = Object.entries(owner).every(([name, value]) => held.get(name)?.['value'] === value)
  if (isOwn) return
  const put = db.prepare('INSERT OR REPLACE INTO owner VALUES (?, ?)')
  for (const [name, value] of Object.entries(owner)) put.run(name, String(value))
  put.run('epoch', randomUUID())
  put.run('serial', '0')
  put.run('sender', '')
}

function refuseOther(db: DatabaseSync, path: string, owner: SyncOwner): void {
  const read = db.prepare('SELECT value FROM owner WHERE name = ?')
  for (const [name, value] of Object.entries(owner)) {
    const found = String(read.get(name)?.['value'] ?? '')
    if (found === value) continue
    const what = name === 'keyCheck' ? 'another secret key' : `${name} ${found}, and this is ${String(value)}`
    throw new BulkUpdateError(
      'E_STATE_OTHER',
      `the sync state ${path} belongs to ${what}`,
      'Use the keys it was made with. If the keys were changed, move that file away and take what was sent last as applied: rapyd-bulk state baseline <last file>. Nothing was sent.',
    )
  }
}

/** What the system says of the place, or that the file is no state. */
function damaged(directory: string, path: string, error: unknown): unknown {
  if (codeOf(error) !== '') return stateError(directory, 'cannot be used', error)
  return new BulkUpdateError(
    'E_STATE',
    `the sync state ${path} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
    'Move it away, then make it again from the journals of its runs: rapyd-bulk state rebuild. Nothing was sent.',
    { cause: error },
  )
}

/** An error of SQLite behind the opening ends the run: a state that cannot be written would be wrong tomorrow. */
export function written<Result>(directory: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    throw stateError(directory, 'cannot be written to', error)
  }
}
