/** `rollback`: puts back what a run changed, where it still holds what the run wrote, as a run of its own. */
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runJob } from '../engine/run-job.ts'
import type { UpdateResult } from '../engine/run-job.ts'
import type { InputFile } from '../input/bytes.ts'
import { asInterruption, signalOf } from '../engine/program-options.ts'
import { inheritOptions } from '../config/job-options.ts'
import type { OptionsOf } from '../config/options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { openOutputFile } from '../report/output-file.ts'
import type { OutputFile } from '../report/output-file.ts'
import { checkRollback, createRollbackJudge, rollbackLine, rollbackRows } from '../engine/rollback-source.ts'
import type { Watch } from '../engine/watch.ts'
import { openSavedRun, refuseElsewhere } from '../engine/saved-run.ts'
import type { SavedRun } from '../engine/saved-run.ts'
import { lockRun } from '../store/lock.ts'
import { openRunDirectory } from '../store/run-directory.ts'
import { createHash } from 'node:crypto'
import { BulkUpdateError } from '../model/errors.ts'
import {
  hasSent,
  isRolledBack,
  wasRolledBack,
  openChildRuns,
  inChildren,
  nextChildId,
} from '../engine/child-runs.ts'
import { commandToRollback } from '../engine/command.ts'
import { hasBeforeImages } from '../store/before-images.ts'

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
 * As `bulkUpdate`; the same call resumes a rollback that stopped. Rejects with USAGE where the run kept no before-images,
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
          precondition: (looked) => {
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
      // A rollback that never began leaves nothing, least of all what customers held. Only this process can have written it.
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

/** Throws USAGE: E_NO_BACKUP, E_ROLLBACK_ORDER. A run that was stopped may be rolled back. */
export function refuseRollback(run: SavedRun): void {
  const { runId, directory } = run
  if (!hasBeforeImages(directory)) {
    throw new BulkUpdateError(
      'E_NO_BACKUP',
      `run ${runId} has kept nothing of what its customers held`,
      'Only runs that began with --backup, and those of apply, can be rolled back. Make a plan of an older export to see what differs. Nothing was sent.',
    )
  }
  const stand = inChildren(run, 'redo', (redo) =>
    redo.journal.counts().has('updated') && !isRolledBack(redo) ? [redo.runId] : [],
  )
  const last = stand.flat().at(-1)
  if (last === undefined) return
  throw new BulkUpdateError(
    'E_ROLLBACK_ORDER',
    `${last} has sent rows of ${runId} again since`,
    `Roll that back first: ${commandToRollback(last, run.runsDir)}. Nothing was sent.`,
  )
}

/**
 * The rollback to go on with, or the id of a new one: what an earlier one left is put back by the next, and so is what the run
 * has written since. Returns undefined if an earlier one has put back everything. Throws the signal's reason once it is aborted.
 */
export async function findRollback(
  run: SavedRun,
  signal: AbortSignal,
): Promise<{ readonly runId: string; readonly isBegun: boolean } | undefined> {
  const next = { runId: nextChildId(run, 'rollback'), isBegun: false }
  const rollbacks = openChildRuns(run, 'rollback')
  const saved = rollbacks.at(-1)
  try {
    if (saved === undefined) return next
    if (!saved.isFinished && wasRolledBack(saved)) return next
    if (!saved.isFinished && hasSent(saved)) return { runId: saved.runId, isBegun: true }
    const isSame = saved.fact('input') === (await rowsDigest(run, signal))
    if (!saved.isFinished) return isSame ? { runId: saved.runId, isBegun: true } : next
    const counts = saved.journal.counts()
    return isSame && leftToDo.every((kind) => !counts.has(kind)) ? undefined : next
  } finally {
    for (const each of rollbacks) each.close()
  }
}

const leftToDo = ['rejected', 'failed', 'unknown', 'not_attempted'] as const

/** Of the rows that a rollback of the run has now: those of one that was finished before may be fewer. */
async function rowsDigest(run: SavedRun, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256')
  for await (const row of rollbackRows(run, signal)) digest.update(rollbackLine(row))
  return digest.digest('hex')
}
