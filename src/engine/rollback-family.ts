/** What must be true of a run before it is rolled back, which of its rollbacks goes on, and what it may do no more afterwards. */
import { createHash } from 'node:crypto'
import { usage } from '../model/errors.ts'
import { hasSent, isRolledBack, wasRolledBack } from './rollbacks.ts'
import { rollbackLine, rollbackRows } from './rollback-rows.ts'
import { commandToRollback } from './command.ts'
import { childrenOf, inChildren, nextChildId } from './children.ts'
import type { Parent } from './children.ts'
import type { SavedRun } from './saved-run.ts'
import { hasBeforeImages } from '../store/before-images.ts'

/** Throws USAGE: E_NO_BACKUP, E_ROLLBACK_ORDER. A run that was stopped may be rolled back. */
export function refuseRollback(run: SavedRun): void {
  const { runId, directory } = run
  if (!hasBeforeImages(directory)) {
    throw usage(
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
  throw usage(
    'E_ROLLBACK_ORDER',
    `${last} has sent rows of ${runId} again since`,
    `Roll that back first: ${commandToRollback(last, run.runsDir)}. Nothing was sent.`,
  )
}

/**
 * The rollback to go on with, or the id of a new one: what an earlier one left is put back by the next, and so is what the run
 * has written since. Nothing where an earlier one has put back everything. Throws the signal's reason once it is aborted.
 */
export async function findRollback(
  run: SavedRun,
  signal: AbortSignal,
): Promise<{ readonly runId: string; readonly isBegun: boolean } | undefined> {
  const next = { runId: nextChildId(run, 'rollback'), isBegun: false }
  const rollbacks = childrenOf(run, 'rollback')
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
    for (const rollback of rollbacks) rollback.close()
  }
}

/** Throws USAGE, E_ROLLED_BACK, where an open run was rolled back: it would go on in the middle of what is no more. */
export function refuseRolledBack(run: Parent): void {
  if (!wasRolledBack(run)) return
  throw usage(
    'E_ROLLED_BACK',
    `run ${run.runId} was rolled back after it had been stopped, so it cannot go on`,
    'Begin another run of the same input: add --new-run. Nothing was sent.',
  )
}

const leftToDo = ['rejected', 'failed', 'unknown', 'not_attempted'] as const

/** Of the rows that a rollback of the run has now: those of one that was finished before may be fewer. */
async function rowsDigest(run: SavedRun, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256')
  for await (const row of rollbackRows(run, signal)) digest.update(rollbackLine(row))
  return digest.digest('hex')
}
