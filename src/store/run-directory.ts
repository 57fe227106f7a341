/** Where a run lives: `<runs dir>/<run id>/`, 0700, with files that only their owner can read. */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { diskError } from './disk-error.ts'

/** Names that are safe as a folder on every system. */
const runIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** The input's name as the first part of a run id. */
export function runName(inputPath: string): string {
  if (inputPath === '-') return 'stdin'
  const name = inputPath.split(/[\\/]/).at(-1) ?? ''
  const safe = name.replace(/\.(?:csv|tsv|ndjson|jsonl)$/i, '').replace(/[^A-Za-z0-9_-]+/g, '-')
  return /^[A-Za-z0-9]/.test(safe) ? safe.slice(0, 64) : `run${safe}`.slice(0, 64)
}

/** Checks a run id that a user gave. */
export function checkRunId(runId: string): string {
  if (runIdPattern.test(runId)) return runId
  throw new BulkUpdateError(
    'E_RUN_ID',
    '--run-id is not a name of letters, digits, dots, hyphens and underscores',
    'Give another name.',
  )
}

/** Makes the directory, or finds it. Throws USAGE, E_RUNS_DIR, where that place will not do; LOCAL, E_DISK, for a full disk. */
export function openRunDirectory(runsDir: string, runId: string): string {
  return makeDirectory(join(runsDir, runId))
}

/** Makes the directory that holds the runs, or finds it. Throws like `openRunDirectory`. */
export function openRunsDirectory(runsDir: string): string {
  return makeDirectory(runsDir)
}

/** One level at a time: `recursive` never comes back from a path such as /proc/x (Node 24). */
function makeDirectory(directory: string): string {
  const missing: string[] = []
  try {
    for (let at = resolve(directory); !isDirectory(at); at = dirname(at)) missing.unshift(at)
    for (const path of missing) makeLevel(path)
    return directory
  } catch (error) {
    throw diskError(directory, 'cannot be made', error)
  }
}

/** False where nothing is; throws where something else is in the way. */
function isDirectory(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined || stat.isDirectory()) return stat !== undefined
  throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' })
}

function makeLevel(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    // Another process may have been first; a link that leads nowhere is there, too, and no directory.
    if (systemCode(error) !== 'EEXIST' || !isDirectory(path)) throw error
  }
}

/** True where a run of that id has been begun. */
export function isRunThere(runsDir: string, runId: string): boolean {
  return existsSync(join(runsDir, runId, 'journal.db'))
}

/** The first of `<id>-2`, `<id>-3`, … that is not there yet; `id` itself where there is no run at all. */
export function freshRunId(runsDir: string, runId: string): string {
  if (!existsSync(join(runsDir, runId))) return runId
  const taken = new Set(namesIn(runsDir))
  for (let number = 2; ; number++) if (!taken.has(`${runId}-${number}`)) return `${runId}-${number}`
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    throw diskError(directory, 'cannot be read', error)
  }
}
