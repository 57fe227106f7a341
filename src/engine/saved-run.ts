/**
 * Runs by their names, as the store has them: what each keeps of its options, whether a process has it, and which redos and
 * rollbacks were made of it.
 */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { options as table } from '../config/options.ts'
import { errorOf } from './errors.ts'
import type { BeforeCustomer, RunReader, Store } from '../model/store.ts'
import { busyRun, damagedStore } from '../store/errors.ts'
import { oldRun } from '../store/former-layout.ts'
import { takenFields } from '../model/row.ts'
import { eachOutcome, type TakenRows } from './all-outcomes.ts'
import { commandToRedo, readRecord, type RunBinding } from './record.ts'

export type SavedRun = NonNullable<ReturnType<typeof savedRun>>

/**
 * `run` is a run id, or the path of a run directory: a text with a slash is a path. Throws USAGE, E_NO_RUN, if the store has no
 * such run; LOCAL, E_OLD_RUN, for one of version 0.1, and E_RUN_RECORD for one that does not say how it was begun.
 */
export async function openSavedRun(
  store: Store,
  run: string,
  runsDir: string | undefined,
): Promise<SavedRun> {
  const isPath = /[\\/]/.test(run)
  const directory = isPath ? resolve(run) : join(resolve(runsDir ?? table.runsDir.default), run)
  const id = basename(directory)
  const reader = await store.findRun(id)
  if (reader !== undefined && (!isPath || reader.stored.directory === directory)) {
    const saved = savedRun(store, reader)
    if (saved !== undefined) return saved
    throw errorOf('E_RUN_RECORD', 'no_record', { path: store.path, id })
  }
  if (existsSync(join(directory, 'journal.db'))) throw oldRun(directory)
  if (isPath) throw errorOf('E_NO_RUN', 'no_run_folder', { directory })
  throw errorOf('E_NO_RUN', 'no_run', { id, path: store.path })
}

function savedRun(store: Store, reader: RunReader) {
  const { stored } = reader
  const record = readRecord(stored)
  const { id: runId, directory, host, account, facts, isRunning } = stored
  // A folder with another name was put into the store from outside: nothing is written there.
  if (record === undefined || basename(directory) !== runId) return undefined
  const binding: RunBinding = { input: '', mapping: '', encoding: '', ...facts, host, account }
  return {
    store,
    runId,
    directory,
    /** The folder of that directory. */
    runsDir: dirname(directory),
    reader,
    record,
    isRunning,
    isFinished: stored.state === 'finished',
    binding,
  }
}

/** Throws BUSY if a process has the run. */
export function refuseRunning({ runId, isRunning, reader: { stored } }: SavedRun): void {
  if (isRunning) throw busyRun(runId, stored.owner, stored.settled)
}

/** Throws USAGE if customers of another account would be changed. `held` is that of a run or a plan, which `what` names. */
export function refuseOtherDestination(
  what: string,
  held: Pick<RunBinding, 'host' | 'account'>,
  binding: Readonly<Record<string, string>>,
): void {
  for (const name of ['host', 'account'] as const) {
    if (binding[name] === held[name]) continue
    throw errorOf('E_OTHER_ACCOUNT', 'other_account', {
      what,
      name,
      account: held[name],
      given: binding[name] ?? '',
    })
  }
}

export type Parent = Pick<SavedRun, 'runId' | 'store'>
export type ChildKind = 'redo' | 'rollback'

/** In the order in which they were made, without those that do not say how they were begun. */
export async function findChildRuns({ runId, store }: Parent, kind: ChildKind): Promise<readonly SavedRun[]> {
  const found = await store.runs({ parentId: runId, kind })
  const children = found.flatMap((reader) => savedRun(store, reader) ?? [])
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
export async function isRollbackBegun(run: Parent): Promise<boolean> {
  for (const rollback of await findChildRuns(run, 'rollback')) if (await hasSent(rollback)) return true
  return false
}

/** True if a rollback of the run has reached its end. */
export async function isRollbackFinished(run: Parent): Promise<boolean> {
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
    if (await isRollbackBegun(rollback)) continue
    for await (const { outcome, customerId } of eachOutcome(rollback.reader.outcomes()))
      if (outcome === 'updated') customers.add(customerId)
  }
  return customers
}

/** Throws USAGE, E_REDO_OLDER, if rows that `run` left may have been sent by a later redo of a run above it. */
export async function refuseOlderRedo(run: SavedRun): Promise<void> {
  const later = await findLaterRedo(run)
  if (later === undefined) return
  throw errorOf('E_REDO_OLDER', 'older_redo', {
    runId: run.runId,
    later: later.runId,
    command: commandToRedo(later.parent, run.record.options),
  })
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
  const reader = await store.findRun(parent)
  const above = reader && savedRun(store, reader)
  return above && findLaterRedo(above)
}

/** Throws USAGE, E_ROLLED_BACK, for an open run that was rolled back: its earlier rows are undone, so the rest must not be sent. */
export async function refuseRolledBack(store: Store, runId: string): Promise<void> {
  if (!(await isRollbackBegun({ runId, store }))) return
  throw errorOf('E_ROLLED_BACK', 'rolled_back', { runId })
}

/**
 * What the rows of a run have changed, in the order of the customers' first rows. Throws LOCAL, E_STORE_DAMAGED, if a row is missing.
 */
export async function* changedCustomers(
  { reader, store }: Pick<SavedRun, 'reader' | 'store'>,
  { sent }: TakenRows,
): AsyncGenerator<BeforeCustomer> {
  let missing = sent.size
  for await (const customer of reader.beforeImages()) {
    for (const { row } of customer.writes) if (sent.has(row)) missing--
    yield customer
  }
  if (missing > 0 && reader.stored.note('backup') === 'yes')
    throw damagedStore(store.path, `it lacks what ${missing} rows of a run have changed`)
}
