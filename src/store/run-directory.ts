/** Where a run lives: `<runs dir>/<run id>/`, 0700, with files that only their owner can read. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BulkUpdateError, systemCode } from '../errors.ts'

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
    'USAGE',
    'E_RUN_ID',
    '--run-id is not a name of letters, digits, dots, hyphens and underscores',
    'Give another name.',
  )
}

/** Makes the directory, or finds it. Throws where the file system refuses. */
export function openRunDirectory(runsDir: string, runId: string): string {
  return makeDirectory(join(runsDir, runId))
}

/** Makes the directory that holds the runs, or finds it. Throws like `openRunDirectory`. */
export function openRunsDirectory(runsDir: string): string {
  return makeDirectory(runsDir)
}

function makeDirectory(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return directory
  } catch (error) {
    throw new BulkUpdateError(
      'USAGE',
      'E_RUNS_DIR',
      `the directory ${directory} cannot be made (${systemCode(error)})`,
      'Choose a folder that can be written to with --runs-dir. Nothing was sent.',
      { cause: error },
    )
  }
}

/** The first of `<id>-2`, `<id>-3`, … that is not there yet; `id` itself where there is no run at all. */
export function freshRunId(runsDir: string, runId: string): string {
  if (!existsSync(join(runsDir, runId))) return runId
  const taken = new Set(readdirSync(runsDir))
  for (let number = 2; ; number++) if (!taken.has(`${runId}-${number}`)) return `${runId}-${number}`
}
