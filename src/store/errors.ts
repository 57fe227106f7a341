/** What the file system or SQLite says about our files, as an error that names the file and what to do. */
import { isBusy } from '../config/file-lock.ts'
import { machineLimit } from '../config/system.ts'
import { BulkUpdateError, errorsFrom, explainSystemCode, systemCode } from '../model/errors.ts'
import errorTexts from './error-texts.json' with { type: 'json' }

/** Texts of `error-texts.json`. A copy, so that our declarations hold its type and not the JSON file. */
export const errorOf = errorsFrom({ ...errorTexts })

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
  const why = explainSystemCode(code)
  return unfit.has(code)
    ? errorOf('E_RUNS_DIR', 'unfit_folder', { path, why }, error)
    : errorOf('E_DISK', 'full_disk', { path, why }, error)
}

/** An error of the store at `path`. Errors of our own are returned as they are. */
export function storeError(path: string, doing: 'open' | 'read' | 'write', error: unknown): BulkUpdateError {
  if (error instanceof BulkUpdateError) return error
  const limit = machineLimit(error)
  if (limit !== undefined) return limit
  const message = error instanceof Error ? error.message : 'unknown'
  if (damaged.has(resultCode(error))) return damagedStore(`${path}: ${message}`, error)
  const code = codeOf(error)
  const values = { path, done: done[doing], why: code === '' ? message : explainSystemCode(code) }
  if (isBusy(error)) return errorOf('E_STORE', 'busy_store', values, error)
  return doing === 'open' && unfit.has(code)
    ? errorOf('E_STORE_PATH', 'unfit_store', values, error)
    : errorOf('E_STORE', 'failed_store', values, error)
}

const done = { open: 'opened', read: 'read', write: 'written' } as const

/** `what` says what is wrong, and the place. */
export function damagedStore(what: string, cause?: unknown): BulkUpdateError {
  return errorOf('E_STORE_DAMAGED', 'damaged', { what }, cause)
}

/** `what` says what has happened to the store. */
export function lostStore(what: string): BulkUpdateError {
  return errorOf('E_STORE_LOST', 'lost', { what })
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
