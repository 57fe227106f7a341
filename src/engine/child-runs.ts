/** The runs that were made of another one, its redos and its rollbacks, as their journals say. */
import { findRuns } from '../store/find-runs.ts'
import { isRunThere } from '../store/run-directory.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'
import { eachOutcome } from '../store/journal-reader.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { commandToRedo } from './command.ts'

export type Parent = Pick<SavedRun, 'runId' | 'runsDir'>
export type ChildKind = 'redo' | 'rollback'

/** In the order in which they were made. The caller closes them. */
export function openChildRuns(parent: Parent, kind: ChildKind): readonly SavedRun[] {
  return runsBelow(parent, kind, (saved) => saved.record[kind]?.parent === parent.runId)
}

/** Redos of a run, and redos of those, that are not finished. The caller closes them. */
export function openRedosBelow(parent: Parent): readonly SavedRun[] {
  return runsBelow(parent, 'redo', (saved) => saved.record.redo !== undefined && !saved.isFinished)
}

/** What `look` finds in each child, in their order; they are closed behind it. */
export function inChildren<Found>(
  parent: Parent,
  kind: ChildKind,
  look: (child: SavedRun) => Found,
): readonly Found[] {
  const children = openChildRuns(parent, kind)
  try {
    return children.map(look)
  } finally {
    for (const child of children) child.close()
  }
}

/** The name for one more. */
export function nextChildId(parent: Parent, kind: ChildKind): string {
  const start = startOf(parent, kind)
  const numbers = inChildren(parent, kind, ({ runId }) => Number(runId.slice(start.length)))
  for (let number = (numbers.at(-1) ?? 0) + 1; ; number++)
    if (!isRunThere(parent.runsDir, `${start}${number}`)) return `${start}${number}`
}

/** Their names begin with that of the run, so that no other journal has to be read. */
function runsBelow(
  parent: Parent,
  kind: ChildKind,
  isWanted: (saved: SavedRun) => boolean,
): readonly SavedRun[] {
  const start = startOf(parent, kind)
  const wanted: SavedRun[] = []
  for (const { runId, directory } of findRuns(parent.runsDir)) {
    if (!runId.startsWith(start)) continue
    const saved = openSavedRun(directory, undefined)
    if (isWanted(saved)) wanted.push(saved)
    else saved.close()
  }
  const numberOf = ({ runId }: SavedRun): number => Number(runId.slice(start.length))
  return wanted.toSorted((one, other) => numberOf(one) - numberOf(other))
}

function startOf({ runId }: Parent, kind: ChildKind): string {
  return `${runId}-${kind}-`
}

/** Whether one of them has sent anything, finished or not. */
export function wasRolledBack(run: Parent): boolean {
  return inChildren(run, 'rollback', hasSent).includes(true)
}

/** Whether one of them has reached its end. */
export function isRolledBack(run: Parent): boolean {
  return inChildren(run, 'rollback', (rollback) => rollback.isFinished).includes(true)
}

export function hasSent({ journal }: SavedRun): boolean {
  return journal.counts().size > 0 || journal.inDoubt.size > 0
}

/** Customers that hold again what they held before the run, unless that was taken back in its turn. */
export function customersPutBack(run: Parent): ReadonlySet<string> {
  const customers = new Set<string>()
  inChildren(run, 'rollback', (rollback) => {
    if (wasRolledBack(rollback)) return
    for (const { outcome, customerId } of eachOutcome(rollback.journal))
      if (outcome === 'updated') customers.add(customerId)
  })
  return customers
}

/** Throws USAGE, E_REDO_OLDER, where rows that `run` left may have been sent by a later redo of a run above it. */
export function refuseOlderRedo(run: SavedRun): void {
  const later = findLaterRedo(run)
  if (later === undefined) return
  throw new BulkUpdateError(
    'E_REDO_OLDER',
    `what ${run.runId} left was taken up by ${later.runId} since`,
    `Go on from there: ${commandToRedo(later.parent, run.runsDir)} sends what is still left of all of them. Nothing was sent.`,
  )
}

/** The later redo of a run above it, with that run. */
export function findLaterRedo({
  runId,
  runsDir,
  record,
}: SavedRun): { readonly runId: string; readonly parent: string } | undefined {
  const parent = record.redo?.parent
  if (parent === undefined) return undefined
  const last = inChildren({ runId: parent, runsDir }, 'redo', (child) => child.runId).at(-1)
  if (last !== undefined && last !== runId) return { runId: last, parent }
  // Where it has been deleted, nothing is known of what is above it.
  if (!isRunThere(runsDir, parent)) return undefined
  const above = openSavedRun(parent, runsDir)
  above.close()
  return findLaterRedo(above)
}

/** Throws USAGE, E_ROLLED_BACK, where an open run was rolled back: it would go on in the middle of what is no more. */
export function refuseRolledBack(run: Parent): void {
  if (!wasRolledBack(run)) return
  throw new BulkUpdateError(
    'E_ROLLED_BACK',
    `run ${run.runId} was rolled back after it had been stopped, so it cannot go on`,
    'Begin another run of the same input: add --new-run. Nothing was sent.',
  )
}
