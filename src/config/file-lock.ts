/** Locks on files that the system frees when their process ends. A process id would not do: in containers it is always 1. */
import { lstatSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Locks a new file, also for programs that write to it by other means. Undefined if the file system has no locks. */
export function lockFile(path: string): { close(): void } | undefined {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path)
    db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return db
  } catch {
    db?.close()
    return undefined
  }
}

/** True if a process has the lock. Does not take it. */
export function isLocked(path: string): boolean {
  // SQLite would wait for the writer of a pipe.
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly: true })
    db.prepare('SELECT count(*) FROM sqlite_schema').get()
    return false
  } catch (error) {
    return isBusy(error)
  } finally {
    db?.close()
  }
}

/** True only if SQLite finds that another process has the lock. */
export function isBusy(error: unknown): boolean {
  return resultCode(error) === 5
}

/** True if a database is not as SQLite wrote it (SQLITE_CORRUPT), or is none (SQLITE_NOTADB). */
export function isDamaged(error: unknown): boolean {
  return [11, 26].includes(resultCode(error))
}

/** The primary result code (https://sqlite.org/rescode.html), the low byte of an extended one; 0 if the error is none of SQLite. */
export function resultCode(error: unknown): number {
  const found = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof found === 'number' ? found & 0xff : 0
}
