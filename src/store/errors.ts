/** What the file system or SQLite says about our files, as an error that names the file and what to do. */
import { statSync } from 'node:fs'
import { isBusy, isDamaged, resultCode } from '../config/file-lock.ts'
import { isFileSizeLimited, machineLimit } from '../config/system.ts'
import { BulkUpdateError, errorsFrom, explainSystemCode, systemCode } from '../model/errors.ts'
import { shellWord } from '../model/text.ts'
import errorTexts from './error-texts.json' with { type: 'json' }

/** Texts of `error-texts.json`. A copy, so that our declarations hold its type and not the JSON file. */
export const errorOf = errorsFrom({ ...errorTexts })

/** SQLITE_ERROR, SQLITE_CONSTRAINT and SQLITE_MISMATCH: our statements fit our tables, so a table is not as it was. */
const misfits: ReadonlySet<number> = new Set([1, 19, 20])

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
  const limit = machineLimit(error, reasonOf(error, path))
  if (limit !== undefined) return limit
  const message = error instanceof Error ? error.message : 'unknown'
  if (isDamaged(error) || misfits.has(resultCode(error))) return damagedStore(path, message, error)
  const code = codeOf(error)
  const values = { path, done: done[doing], why: code === '' ? message : explainSystemCode(code) }
  if (isBusy(error)) return errorOf('E_STORE', 'busy_store', values, error)
  return doing === 'open' && unfit.has(code)
    ? errorOf('E_STORE_PATH', 'unfit_store', values, error)
    : errorOf('E_STORE', 'failed_store', values, error)
}

/** Undefined if there is nothing to say that the error does not say. */
function reasonOf(error: unknown, path: string): string | undefined {
  if (codeOf(error) !== 'EIO') return undefined
  const sizes = ['', '-wal'].map((end) => statSync(path + end, { throwIfNoEntry: false })?.size ?? 0)
  return isFileSizeLimited(Math.max(...sizes)) ? 'EFBIG' : undefined
}

const done = { open: 'opened', read: 'read', write: 'written' } as const

/** `what` says what is wrong. */
export function damagedStore(path: string, what: string, cause?: unknown): BulkUpdateError {
  return errorOf('E_STORE_DAMAGED', 'damaged', { path, what, word: shellWord(path) }, cause)
}

/** `what` says what has happened to the store. */
export function lostStore(path: string, what: string): BulkUpdateError {
  return errorOf('E_STORE_LOST', 'lost', { path, what, word: shellWord(path) })
}

/** The code of the system, also if SQLite reports it; empty if the error is none of the system. */
function codeOf(error: unknown): string {
  const result = resultCode(error)
  return result === 0 ? systemCode(error) : (systemCodes[result] ?? '')
}

/** `settled`: rows that have an outcome. */
export function busyRun(id: string, owner: string, settled: number): BulkUpdateError {
  return errorOf('E_BUSY', 'busy_run', { id, owner: owner || 'another process', settled })
}
