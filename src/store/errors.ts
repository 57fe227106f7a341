/** What the file system or SQLite says about our files, as an error that names the file and what to do. */
import { isBusy } from '../config/file-lock.ts'
import { machineLimit } from '../config/system.ts'
import { BulkUpdateError, explainSystemCode, systemCode } from '../model/errors.ts'

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const damaged: ReadonlySet<number> = new Set([11, 26])

/** Primary result codes of SQLite (https://sqlite.org/rescode.html), and what the system calls the same. */
const systemCodes: Readonly<Record<number, string>> = { 3: 'EACCES', 8: 'EROFS', 10: 'EIO', 13: 'ENOSPC' }

/** For these reasons the user should choose another place. */
const unfit: ReadonlySet<string> = new Set(
  'EROFS EACCES EPERM ENOTDIR EEXIST ELOOP EMLINK ENXIO EISDIR ENOENT'.split(' '),
)

/** True if the disk, or the share of it that one may use, is full: of the file system or of SQLite. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
}

/** A folder cannot be made: USAGE, E_RUNS_DIR, for an unfit place; LOCAL, E_DISK, for the disk. Others are returned as they are. */
export function directoryError(path: string, error: unknown): unknown {
  if (error instanceof BulkUpdateError) return error
  const limit = machineLimit(error)
  if (limit !== undefined) return limit
  const code = codeOf(error)
  if (code === '') return error
  const isUnfit = unfit.has(code)
  return new BulkUpdateError(
    isUnfit ? 'E_RUNS_DIR' : 'E_DISK',
    `${path} cannot be made: ${explainSystemCode(code)}`,
    isUnfit
      ? 'Choose a folder that can be written to with --runs-dir. Nothing was sent.'
      : 'Make room there or look at the disk, then run the same command again. Nothing was sent.',
    { cause: error },
  )
}

/** An error of the store at `path`. Errors of our own are returned as they are. */
export function storeError(path: string, doing: 'open' | 'read' | 'write', error: unknown): BulkUpdateError {
  if (error instanceof BulkUpdateError) return error
  const limit = machineLimit(error)
  if (limit !== undefined) return limit
  const message = error instanceof Error ? error.message : 'unknown'
  if (damaged.has(resultCode(error))) return damagedStore(`${path}: ${message}`, error)
  const code = codeOf(error)
  const stop = (kind: 'E_STORE' | 'E_STORE_PATH', why: string, tip: string): BulkUpdateError =>
    new BulkUpdateError(kind, `the store ${path} cannot be ${done[doing]}: ${why}`, tip, { cause: error })
  if (isBusy(error))
    return stop(
      'E_STORE',
      'another process has been writing to it for too long',
      'A process that was stopped in the middle of a write keeps it: look for one in state T with ps, let it continue or end it, then run the same command again: rows that were answered are not sent again.',
    )
  const why = code === '' ? message : explainSystemCode(code)
  if (doing === 'open' && unfit.has(code))
    return stop(
      'E_STORE_PATH',
      why,
      'Choose a file in a folder that can be written to with --store. Nothing was sent.',
    )
  return stop(
    'E_STORE',
    why,
    'Make room there or look at the disk, then run the same command again: rows that were answered are not sent again.',
  )
}

const done = { open: 'opened', read: 'read', write: 'written' } as const

/** `what` says what is wrong, and the place. */
export function damagedStore(what: string, cause?: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'E_STORE_DAMAGED',
    `the store is damaged: ${what}`,
    'Put back a copy of it with all files that begin with its name, then run: rapyd-bulk store check --restored. Without a copy nobody knows what was sent: another store, with --store and --new-run, sends every row again.',
    { cause },
  )
}

/** `what` says what has happened to the store. */
export function lostStore(what: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_STORE_LOST',
    what,
    'Put the newest store back, then run: rapyd-bulk store check --restored, after which rows without an outcome are read before they are sent. A run that the store does not know begins anew with --new-run, which sends every row again. Nothing was sent.',
  )
}

/** The code of the system, also if SQLite reports it; empty if the error is none of the system. */
export function codeOf(error: unknown): string {
  const result = resultCode(error)
  return result === 0 ? systemCode(error) : (systemCodes[result] ?? '')
}

/** The primary result code, which is the low byte of an extended one; 0 if the error is none of SQLite. */
function resultCode(error: unknown): number {
  const found = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof found === 'number' ? found & 0xff : 0
}
