/** `rollback`: puts back what a run changed, where it still holds what the run wrote, as a run of its own. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runJob } from '../engine/run-job.ts'
import type { UpdateResult } from '../engine/run-job.ts'
import type { InputFile } from '../input/bytes.ts'
import { asInterruption } from '../engine/interruption.ts'
import { inheritOptions } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import { signalOf } from '../engine/program-options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { openOutputFile } from '../report/output-file.ts'
import type { OutputFile } from '../report/output-file.ts'
import { findRollback, refuseRollback } from '../engine/rollback-family.ts'
import { checkRollback, createRollbackJudge } from '../engine/rollback-source.ts'
import { rollbackLine, rollbackRows } from '../engine/rollback-rows.ts'
import type { Watch } from '../engine/parts.ts'
import { openSavedRun, refuseElsewhere } from '../engine/saved-run.ts'
import type { SavedRun } from '../engine/saved-run.ts'
import { lockRun } from '../store/lock.ts'
import { openRunDirectory } from '../store/run-directory.ts'

/** As for an update; there is no input but what the run has kept. */
export interface RollbackOptions extends OptionsOf<'rollback'> {
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
  const signal = signalOf(options)
  const { parent, letGo } = holdParent(run, options.runsDir)
  try {
    refuseRollback(parent)
    const found = await findRollback(parent, signal)
    if (found === undefined) return { parent: parent.runId, nothingLeft: true }
    const { runId, isBegun } = found
    const directory = join(parent.runsDir, runId)
    const input = join(directory, 'rollback.ndjson')
    let file: InputFile | undefined
    try {
      if (!isBegun && !(await writeRows(input, runId, parent, signal)))
        return { parent: parent.runId, nothingLeft: true }
      const result = await runJob(
        {
          ...inheritOptions('rollback', parent.record.options, own),
          ...own,
          input,
          format: 'ndjson',
          runsDir: parent.runsDir,
          backup: true,
        },
        options,
        signal,
        {
          redo: undefined,
          rollback: { parent: parent.runId },
          judge: (looked) => {
            if (file === undefined) throw new Error('a rollback whose rows were not read')
            return createRollbackJudge(file, { host: parent.fact('host'), runId })(looked)
          },
          runIdOf(facts) {
            refuseElsewhere(`run ${parent.runId}`, parent.fact, facts)
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
      // Of a rollback that never began nothing stays, least of all what customers held. Nobody else can have written it.
      if (!existsSync(join(directory, 'journal.db'))) rmSync(directory, { recursive: true, force: true })
      throw error
    }
  } catch (error) {
    throw asInterruption(error, signal)
  } finally {
    parent.close()
    letGo()
  }
}

/** Opens the run and keeps everybody else out of it: it does not go on meanwhile, and no two rollbacks begin at once. Throws BUSY. */
function holdParent(
  run: string,
  runsDir: string | undefined,
): { readonly parent: SavedRun; readonly letGo: () => void } {
  const seen = openSavedRun(run, runsDir)
  seen.close()
  const letGo = lockRun(seen.directory, seen.runId)
  try {
    // Opened again: until it was held, it may have gone on.
    return { parent: openSavedRun(run, runsDir), letGo }
  } catch (error) {
    letGo()
    throw error
  }
}

/** False where there is no row; then nothing is written. */
async function writeRows(
  path: string,
  runId: string,
  parent: SavedRun,
  signal: AbortSignal,
): Promise<boolean> {
  let file: OutputFile | undefined
  try {
    for await (const row of rollbackRows(parent, signal)) {
      if (file === undefined) {
        openRunDirectory(parent.runsDir, runId)
        file = openOutputFile(path, 'run the same command again. Nothing was sent.')
      }
      file.write(rollbackLine(row))
    }
    file?.commit()
    return file !== undefined
  } catch (error) {
    file?.discard()
    throw error
  }
}
