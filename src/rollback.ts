/** `rollback`: puts back what a run changed, where it still holds what the run wrote, as a run of its own. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runUpdate } from './bulk-update.ts'
import type { UpdateResult } from './bulk-update.ts'
import type { InputFile } from './input/bytes.ts'
import { usage } from './options.ts'
import type { UpdateOptions } from './options.ts'
import { signalOf } from './program-options.ts'
import type { Stoppable } from './program-options.ts'
import { whereOf } from './redo-options.ts'
import { openOutputFile } from './report/output-file.ts'
import { findRollback, refuseRollback } from './rollback-family.ts'
import { checkRollback, createRollbackJudge } from './rollback-reading.ts'
import { rollbackRows } from './rollback-rows.ts'
import type { Watch } from './run-parts.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'
import { openRunDirectory } from './store/run-directory.ts'

/** As for an update; there is no input but what the run has kept. */
export interface RollbackOptions extends Pick<
  UpdateOptions,
  | 'env'
  | 'baseUrl'
  | 'allowHost'
  | 'accessKey'
  | 'secretKey'
  | 'rate'
  | 'reserve'
  | 'concurrency'
  | 'runsDir'
  | 'stateDir'
  | 'maxOutageMs'
  | 'limit'
  | 'maxErrors'
  | 'resultsFormat'
  | 'logLevel'
  | 'faults'
  | 'seed'
> {
  /** A run id below `runsDir`, or the path of a run directory. */
  readonly run: string
}

export type RollbackResult =
  | (UpdateResult & { readonly parent: string })
  /** The run has changed nothing that could be put back, or all of it was put back before. */
  | { readonly parent: string; readonly nothingLeft: true }

/**
 * As `bulkUpdate`; the same call goes on with a rollback that stopped. Rejects with USAGE where the run kept no before-images,
 * where a redo of it has to be rolled back first, and for another host or account; with BUSY where the run is running.
 */
export async function rollback(options: RollbackOptions & Watch & Stoppable): Promise<RollbackResult> {
  const { run, ...own } = options
  const parent = openSavedRun(run, options.runsDir)
  try {
    refuseRollback(parent)
    const found = findRollback(parent)
    if (found === undefined) return { parent: parent.runId, nothingLeft: true }
    const { runId, isBegun } = found
    const directory = join(parent.runsDir, runId)
    const input = join(directory, 'rollback.ndjson')
    if (!isBegun && !writeRows(input, runId, parent)) return { parent: parent.runId, nothingLeft: true }
    let file: InputFile | undefined
    try {
      const result = await runUpdate(
        {
          ...(own.env === undefined ? whereOf(parent) : {}),
          ...own,
          input,
          format: 'ndjson',
          runsDir: parent.runsDir,
          backup: true,
        },
        options,
        signalOf(options),
        {
          redo: undefined,
          rollback: { parent: parent.runId },
          judge: (looked) => {
            if (file === undefined) throw new Error('a rollback whose rows were not read')
            return createRollbackJudge(file, { host: parent.fact('host'), runId })(looked)
          },
          runIdOf(facts) {
            refuseElsewhere(parent, facts)
            return runId
          },
          check(parts, watched) {
            ;({ file } = parts)
            return checkRollback(parts, watched)
          },
        },
      )
      return { ...result, parent: parent.runId }
    } catch (error) {
      // Of a rollback that never began nothing stays, least of all what customers held.
      if (!existsSync(join(directory, 'journal.db'))) rmSync(directory, { recursive: true, force: true })
      throw error
    }
  } finally {
    parent.close()
  }
}

/** False where there is no row; then nothing is written. */
function writeRows(path: string, runId: string, parent: SavedRun): boolean {
  const rows = rollbackRows(parent)
  let next = rows.next()
  if (next.done === true) return false
  openRunDirectory(parent.runsDir, runId)
  const file = openOutputFile(path, 'run the same command again. Nothing was sent.')
  for (; next.done !== true; next = rows.next()) file.write(`${JSON.stringify(next.value)}\n`)
  file.commit()
  return true
}

/** Throws USAGE where customers of another account would be changed. */
export function refuseElsewhere(parent: SavedRun, facts: Readonly<Record<string, string>>): void {
  for (const name of ['host', 'account']) {
    if (facts[name] === parent.fact(name)) continue
    throw usage(
      'E_OTHER_ACCOUNT',
      `run ${parent.runId} belongs to ${name} ${parent.fact(name)}, and this is ${facts[name] ?? ''}`,
      'Use the keys, --env and --base-url of that run. Nothing was sent.',
    )
  }
}
