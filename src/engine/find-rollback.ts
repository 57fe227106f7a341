/** Which rollback of a run comes next, and why there may be none. */
import { createHash } from 'node:crypto'
import type { OptionsOf } from '../config/options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { findChildRuns, hasApplied, hasSent, isRolledBack, nextChildId, wasRolledBack } from './child-runs.ts'
import { commandToRollback } from './record.ts'
import { rollbackLine, rollbackRows } from './rollback-source.ts'
import type { SavedRun } from './saved-run.ts'

/** As for an update. The input is what the run has kept. */
export interface RollbackOptions extends OptionsOf<'rollback'> {
  /** The id of a run in the store, or the path of its directory. */
  readonly run: string
}

/** Throws USAGE: E_NO_BACKUP, E_ROLLBACK_ORDER. A run that was stopped may be rolled back. */
export async function refuseRollback(run: SavedRun): Promise<void> {
  const { runId } = run
  if (!(await run.reader.hasBeforeImages()) && run.reader.stored.note('backup') !== 'yes') {
    throw new BulkUpdateError(
      'E_NO_BACKUP',
      `run ${runId} has kept nothing of what its customers held`,
      'Only runs that began with --backup, and those of apply, can be rolled back. Make a plan of an older export to see what differs. Nothing was sent.',
    )
  }
  let last: string | undefined
  for (const redo of await findChildRuns(run, 'redo')) {
    if ((await hasApplied(redo)) && !(await isRolledBack(redo))) last = redo.runId
  }
  if (last === undefined) return
  throw new BulkUpdateError(
    'E_ROLLBACK_ORDER',
    `${last} has sent rows of ${runId} again since`,
    `Roll that back first: ${commandToRollback(last, run.record.options)}. Nothing was sent.`,
  )
}

/**
 * The rollback to resume, or the id of a new one, which restores what an earlier one left and what the run has written since.
 * Returns undefined if everything is restored. Throws the signal's reason when it is aborted.
 */
export async function findRollback(
  run: SavedRun,
  signal: AbortSignal,
): Promise<{ readonly runId: string; readonly isBegun: boolean } | undefined> {
  const next = { runId: await nextChildId(run, 'rollback'), isBegun: false }
  const saved = (await findChildRuns(run, 'rollback')).at(-1)
  if (saved === undefined) return next
  if (!saved.isFinished && (await wasRolledBack(saved))) return next
  if (!saved.isFinished && (await hasSent(saved))) return { runId: saved.runId, isBegun: true }
  const isSame = saved.facts.input === (await rowsDigest(run, signal))
  if (!saved.isFinished) return isSame ? { runId: saved.runId, isBegun: true } : next
  const counts = await saved.reader.counts()
  return isSame && leftToDo.every((kind) => !counts.has(kind)) ? undefined : next
}

const leftToDo = ['rejected', 'failed', 'unknown', 'not_attempted'] as const

/** Digest of the rows that a rollback of the run has now. An earlier rollback may have had fewer. */
async function rowsDigest(run: SavedRun, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256')
  for await (const row of rollbackRows(run, signal)) digest.update(rollbackLine(row))
  return digest.digest('hex')
}
