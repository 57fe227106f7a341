/** Databases of our own: files that only their owner can read, and one write transaction at a time. */
import { closeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { openOwnFile } from '../config/system.ts'

/** Opens the database at `path`, and makes it where it is missing. An empty `path` is a file that goes with its process. */
export function openOwnDatabase(path: string): DatabaseSync {
  // SQLite would make it readable for all; its side files take over the mode that is there.
  if (path !== '') closeSync(openOwnFile(path))
  return new DatabaseSync(path)
}

/** All that `action` writes or nothing. */
export function inTransaction<Result>(db: DatabaseSync, action: () => Result): Result {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = action()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // After a full disk SQLite has already rolled back.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
