/** The runs that were made of another one: its redos and its rollbacks. */
import { BulkUpdateError } from '../model/errors.ts'
import { takenFields } from '../model/outcome.ts'
import type { Store } from '../model/store.ts'
import { eachOutcome } from './all-outcomes.ts'
import { commandToRedo } from './command.ts'
import { findSavedRun, savedRuns } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

export type Parent = Pick<SavedRun, 'runId' | 'store'>
export type ChildKind = 'redo' | 'rollback'

/** In the order in which they were made. */
export async function findChildRuns({ runId, store }: Parent, kind: ChildKind): Promise<readonly SavedRun[]> {
  const children = await savedRuns(store, { parentId: runId, kind })
  return children.toSorted((one, other) => numberOf(one) - numberOf(other))
}

/** Redos of a run, and redos of those, that are not finished. */
export async function findOpenRedos(parent: Parent): Promise<readonly SavedRun[]> {
  const open: SavedRun[] = []
  for (const redo of await findChildRuns(parent, 'redo')) {
    if (!redo.isFinished) open.push(redo)
    open.push(...(await findOpenRedos(redo)))
  }
  return open
}

/** The id of a further one. */
export async function nextChildId(parent: Parent, kind: ChildKind): Promise<string> {
  const children = await findChildRuns(parent, kind)
  const last = children.at(-1)
  for (let number = (last === undefined ? 0 : numberOf(last)) + 1; ; number++) {
    const id = `${parent.runId}-${kind}-${number}`
    if ((await parent.store.findRun(id)) === undefined) return id
  }
}

function numberOf({ runId }: SavedRun): number {
  return Number(/\d+$/.exec(runId)?.[0] ?? 0)
}

/** True if a rollback of the run has sent anything, finished or not. */
export async function wasRolledBack(run: Parent): Promise<boolean> {
  for (const rollback of await findChildRuns(run, 'rollback')) if (await hasSent(rollback)) return true
  return false
}

/** True if a rollback of the run has reached its end. */
export async function isRolledBack(run: Parent): Promise<boolean> {
  return (await findChildRuns(run, 'rollback')).some((rollback) => rollback.isFinished)
}

export async function hasSent({ reader }: SavedRun): Promise<boolean> {
  return reader.stored.settled > 0 || (await reader.progress()).inDoubt.size > 0
}

/** True if Rapyd has taken something of the run. */
export async function hasApplied({ reader }: SavedRun): Promise<boolean> {
  if ((await reader.counts()).has('updated')) return true
  for await (const outcome of eachOutcome(reader.outcomes())) if (takenFields(outcome).length > 0) return true
  return false
}

/** Customers that a rollback has restored, unless that rollback was rolled back itself. */
export async function customersPutBack(run: Parent): Promise<ReadonlySet<string>> {
  const customers = new Set<string>()
  for (const rollback of await findChildRuns(run, 'rollback')) {
    if (await wasRolledBack(rollback)) continue
    for await (const { outcome, customerId } of eachOutcome(rollback.reader.outcomes()))
      if (outcome === 'updated') customers.add(customerId)
  }
  return customers
}

/** Throws USAGE, E_REDO_OLDER, if rows that `run` left may have been sent by a later redo of a run above it. */
export async function refuseOlderRedo(run: SavedRun): Promise<void> {
  const later = await findLaterRedo(run)
  if (later === undefined) return
  throw new BulkUpdateError(
    'E_REDO_OLDER',
    `what ${run.runId} left was taken up by ${later.runId} since`,
    `Go on from there: ${commandToRedo(later.parent, run.record.options)} sends what is still left of all of them. Nothing was sent.`,
  )
}

/** The later redo of a run above it, with that run. */
export async function findLaterRedo({
  runId,
  store,
  record,
}: SavedRun): Promise<{ readonly runId: string; readonly parent: string } | undefined> {
  const parent = record.redo?.parent
  if (parent === undefined) return undefined
  const last = (await findChildRuns({ runId: parent, store }, 'redo')).at(-1)
  if (last !== undefined && last.runId !== runId) return { runId: last.runId, parent }
  // If the parent was deleted, nothing is known of the runs above it.
  const above = await findSavedRun(store, parent)
  return above === undefined ? undefined : findLaterRedo(above)
}

/** Throws USAGE, E_ROLLED_BACK, for an open run that was rolled back: its earlier rows are undone, so the rest must not be sent. */
export async function refuseRolledBack(store: Store, runId: string): Promise<void> {
  if (!(await wasRolledBack({ runId, store }))) return
  throw new BulkUpdateError(
    'E_ROLLED_BACK',
    `run ${runId} was rolled back after it had been stopped, so it cannot go on`,
    'Begin another run of the same input: add --new-run. Nothing was sent.',
  )
}
