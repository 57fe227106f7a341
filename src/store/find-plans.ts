/** The directories in which `plan` keeps what it has read, what came over standard input, and the plan where it was given no other place. */
import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { RunPlace } from './find-runs.ts'
import { directoriesIn } from './find-runs.ts'

/** What the names of such directories end with. */
export const planEnd = '-plan'

const files: ReadonlySet<string> = new Set(['plan.ndjson', 'readings.db', 'input'])

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
  return !existsSync(join(directory, 'journal.db')) && readdirSync(directory).some((name) => files.has(name))
}

function changeIn(directory: string): number {
  const times = readdirSync(directory)
    .filter((name) => files.has(name))
    .map((name) => lstatSync(join(directory, name), { throwIfNoEntry: false })?.mtimeMs ?? 0)
  return Math.max(0, ...times)
}
