/** The folder of a run's files, `<runs dir>/<run id>/`: 0700, with files that only their owner can read. */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { openOwnFolder } from '../config/own-files.ts'
import { directoryError, errorOf } from './errors.ts'

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
  throw errorOf('E_RUN_ID', 'run_id')
}

/**
 * Makes the folder of a run, or finds it. Throws USAGE, E_RUNS_DIR or E_NOT_OURS, if the place cannot be used; LOCAL, E_DISK, for a
 * full disk.
 */
export function openRunDirectory(directory: string): string {
  openRunsDirectory(dirname(resolve(directory)))
  return openRunsDirectory(directory)
}

/** Makes the folder that holds the runs, or finds it. Throws like `openRunDirectory`. */
export function openRunsDirectory(runsDir: string): string {
  try {
    return openOwnFolder(runsDir)
  } catch (error) {
    throw directoryError(runsDir, error)
  }
}

/** Files that a run writes when the store has it. */
const laterFiles = ['run.log', 'summary.json', 'results.csv', 'results.ndjson']

/** True if files of a run show that it had begun. */
export function isRunBegun(directory: string): boolean {
  if (!existsSync(directory)) return false
  return laterFiles.some((name) => {
    const found = lstatSync(join(directory, name), { throwIfNoEntry: false })
    // A run writes through no link, and leaves nothing empty.
    return found?.isFile() === true && found.nlink === 1 && found.size > 0
  })
}

/** Folders of runs below the folder that holds them; none if it cannot be read. */
export function runFoldersIn(runsDir: string): readonly string[] {
  try {
    const entries = readdirSync(runsDir, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(runsDir, name))
  } catch {
    return []
  }
}

/** All files of a run, apart from temporary ones, whose names begin with a dot. */
const runFiles: ReadonlySet<string> = new Set([
  ...laterFiles,
  'errors.csv',
  'errors.ndjson',
  'report.html',
  'rollback.ndjson',
  'vanished.csv',
  '.store-mark',
])
const isRunFile = (name: string): boolean => runFiles.has(name) || /^\..+\.tmp$/.test(name)

/** Removes the files of a run and its folder. Returns the folder if it holds other files, which stay. */
export function removeRunFiles(directory: string, runId: string): string | undefined {
  return basename(directory) === runId ? removeOurFiles(directory, isRunFile) : directory
}

/** The same for files of these names. A link is removed, and what it names stays. */
export function removeOurFiles(directory: string, isOurs: (name: string) => boolean): string | undefined {
  if (lstatSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined
  const entries = readdirSync(directory, { withFileTypes: true })
  const removed = entries.filter((entry) => entry.isSymbolicLink() || (entry.isFile() && isOurs(entry.name)))
  for (const { name } of removed) rmSync(join(directory, name), { force: true })
  if (removed.length < entries.length) return directory
  rmdirSync(directory)
  return undefined
}

/** The first of `id`, `<id>-2`, `<id>-3`, … that neither the store nor the folder has. */
export async function freshRunId(
  store: { findRun(id: string): Promise<unknown> },
  runsDir: string,
  runId: string,
): Promise<string> {
  for (let number = 1; ; number++) {
    const id = number === 1 ? runId : `${runId}-${number}`
    if (!existsSync(join(runsDir, id)) && (await store.findRun(id)) === undefined) return id
  }
}
