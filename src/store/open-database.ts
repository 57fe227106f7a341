/** Opens the database of a journal, and makes its tables where there are none: all of them or none. */
import { DatabaseSync } from 'node:sqlite'
import { BulkUpdateError } from '../errors.ts'
import { journalVersion, schema } from './schema.ts'
import { inTransaction } from './transaction.ts'
import { ownFile } from './own-file.ts'

/** Throws LOCAL: E_JOURNAL where the disk or SQLite refuses, E_JOURNAL_VERSION for a journal of another version. */
export function openDatabase(path: string): DatabaseSync {
  const db = local(path, 'open', () => {
    // SQLite would make it readable for all; its side files take over the mode that is there.
    ownFile(path)
    return new DatabaseSync(path)
  })
  try {
    local(path, 'open', () =>
      db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000'),
    )
    const version = local(path, 'open', () => versionOf(db))
    if (version === 0) local(path, 'write', () => makeTables(db))
    else if (version !== journalVersion) throw otherVersion(path, version)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** The version is written with the tables, so a journal without one holds nothing: its run never began. */
function makeTables(db: DatabaseSync): void {
  inTransaction(db, () => {
    // Another process may have been first.
    if (versionOf(db) === 0) db.exec(schema)
  })
}

/** Disk and SQLite errors are final for this process. */
export function local<Result>(path: string, what: 'open' | 'write', action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw new BulkUpdateError(
      'LOCAL',
      'E_JOURNAL',
      `the journal ${path} cannot be ${what === 'open' ? 'opened' : 'written'}: ${reason}`,
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
