/** Databases of our own: files that only their owner can read, and one write transaction at a time. */
import { closeSync, constants, fchmodSync, fstatSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

const ownerOnly = 0o600

/**
 * Makes the file at `path` where it is missing, and closes one that is there to others: SQLite would make it readable for all, and its side files take over its mode. Throws a system
 * error where something else waits under that name: a link, a pipe, a directory, or a file with a second name.
 */
function ownFile(path: string): void {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, ownerOnly)
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile() || stat.nlink !== 1) {
      throw Object.assign(new Error('not a file of its own'), { code: 'EMLINK' })
    }
    if ((stat.mode & 0o777) !== ownerOnly) fchmodSync(descriptor, ownerOnly)
  } finally {
    closeSync(descriptor)
  }
}

/** Opens the database at `path`, and makes it where it is missing. An empty `path` is a file that goes with its process. */
export function openOwnDatabase(path: string): DatabaseSync {
  if (path !== '') ownFile(path)
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
