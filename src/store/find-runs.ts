/**
 * The run directories below a folder, and those in which `plan` keeps what it has read, what came over standard input, and the
 * plan where it was given no other place. Whatever else is there is left alone, and links are not followed.
 */
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { isBusy } from './disk-error.ts'

export interface RunPlace {
  readonly runId: string
  readonly directory: string
  /** The last change of its journal, milliseconds since 1970. */
  readonly changedAt: number
}

/** Directories that hold a file `journal.db`. None where the folder is not there; throws USAGE where it cannot be read. */
export function findRuns(runsDir: string): readonly RunPlace[] {
  const found: RunPlace[] = []
  for (const runId of directoriesIn(runsDir)) {
    const directory = join(runsDir, runId)
    const changedAt = Math.max(
      changeOf(join(directory, 'journal.db')),
      changeOf(join(directory, 'journal.db-wal')),
    )
    if (changeOf(join(directory, 'journal.db')) > 0) found.push({ runId, directory, changedAt })
  }
  return found
}

/** Their names; links to some are left out. None where the folder is not there; throws USAGE where it cannot be read. */
function directoriesIn(runsDir: string): readonly string[] {
  try {
    return readdirSync(runsDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'ENOENT') return []
    throw new BulkUpdateError(
      'E_RUNS_DIR',
      `${runsDir} cannot be read (${code})`,
      'Give the folder that holds the runs with --runs-dir.',
      { cause: error },
    )
  }
}

/** When a regular file was changed; 0 where there is none, or where it may not be looked at. */
function changeOf(path: string): number {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false })
    return stat?.isFile() === true ? stat.mtimeMs : 0
  } catch {
    return 0
  }
}

/** What the names of such directories end with. */
export const planEnd = '-plan'

const planFiles: ReadonlySet<string> = new Set(['plan.ndjson', 'readings.db', 'input'])

/** Throws like `findRuns`. `changedAt` is that of the file that was changed last. */
export function findPlans(runsDir: string): readonly RunPlace[] {
  return directoriesIn(runsDir)
    .filter((name) => name.endsWith(planEnd))
    .flatMap((runId) => {
      const directory = join(runsDir, runId)
      return isPlanDirectory(directory) ? [{ runId, directory, changedAt: changeIn(directory) }] : []
    })
}

export function isPlanDirectory(directory: string): boolean {
  return (
    !existsSync(join(directory, 'journal.db')) && readdirSync(directory).some((name) => planFiles.has(name))
  )
}

function changeIn(directory: string): number {
  const names = readdirSync(directory).filter((name) => planFiles.has(name))
  return Math.max(0, ...names.map((name) => changeOf(join(directory, name))))
}

/**
 * Whether a process is in the run now. Only where a holder has left its name is the lock itself tried, because that keeps
 * others out of it for a moment.
 */
export function isHeld(directory: string): boolean {
  const path = join(directory, 'run.lock')
  if (!existsSync(join(directory, 'holder.json')) || !existsSync(path)) return false
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
