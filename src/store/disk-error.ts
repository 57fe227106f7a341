/** What the file system or SQLite says about the files of a run, as an error that names the path and what to do. */
import type { RunErrorCode } from '../model/errors.ts'
import { BulkUpdateError, explainSystemCode, systemCode } from '../model/errors.ts'

const busy = 5
/** SQLITE_CORRUPT and SQLITE_NOTADB. */
const damaged: ReadonlySet<number> = new Set([11, 26])

/** Primary result codes of SQLite (https://sqlite.org/rescode.html), and what the system calls the same. */
const systemCodes: Readonly<Record<number, string>> = { 3: 'EACCES', 8: 'EROFS', 10: 'EIO', 13: 'ENOSPC' }

/** Another place would do where these are the reason. */
const unfit: ReadonlySet<string> = new Set(
  'EROFS EACCES EPERM ENOTDIR EEXIST ELOOP EMLINK ENXIO EISDIR ENOENT'.split(' '),
)

/** True where another process has the lock, and for nothing else. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === busy
}

/** True where SQLite finds that a file is no database, or one with a hole in it. */
export function isDamaged(error: unknown): boolean {
  return damaged.has(sqliteCode(error))
}

/** True where the disk, or the share of it that one may use, is full: of the file system or of SQLite. */
export function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(codeOf(error))
}

/**
 * USAGE, E_RUNS_DIR, where the place will not do; LOCAL, E_DISK, where the disk is full or fails. Anything else is given
 * back as it is.
 *
 * @param what could not be done, such as `cannot be made`
 */
export function diskError(path: string, what: string, error: unknown): unknown {
  return describe(path, what, error, { code: 'E_RUNS_DIR', option: '--runs-dir' })
}

/** The same of the state directory: USAGE, E_STATE_DIR, or LOCAL, E_DISK. */
export function stateError(path: string, what: string, error: unknown): unknown {
  return describe(path, what, error, { code: 'E_STATE_DIR', option: '--state-dir' })
}

function describe(
  path: string,
  what: string,
  error: unknown,
  place: { readonly code: RunErrorCode; readonly option: string },
): unknown {
  const result = sqliteCode(error)
  const code = codeOf(error) || (result === 0 ? '' : `SQLite ${result}`)
  if (unfit.has(code)) {
    return new BulkUpdateError(
      place.code,
      `${path} ${what}: ${explainSystemCode(code)}`,
      `Choose a folder that can be written to with ${place.option}. Nothing was sent.`,
      { cause: error },
    )
  }
  if (code === '') return error
  return new BulkUpdateError(
    'E_DISK',
    `${path} ${what}: ${explainSystemCode(code)}`,
    'Make room there or look at the disk, then run the same command again. Nothing was sent.',
    { cause: error },
  )
}

/** What the system calls it, also where SQLite says it; empty for what is no error of the system. */
export function codeOf(error: unknown): string {
  const result = sqliteCode(error)
  return result === 0 ? systemCode(error) : (systemCodes[result] ?? '')
}

/** The primary result code, which extended ones hold in their low byte; 0 for what is no error of SQLite. */
function sqliteCode(error: unknown): number {
  const found = error instanceof Error && 'errcode' in error ? error.errcode : undefined
  return typeof found === 'number' ? found & 0xff : 0
}
