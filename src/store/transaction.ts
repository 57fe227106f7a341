/** One write transaction of a database: all of it or nothing. */
import type { DatabaseSync } from 'node:sqlite'

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
