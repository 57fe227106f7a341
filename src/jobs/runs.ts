/** Lists the runs of a store, and the plans and former runs of a folder: state, outcomes, and the command that continues each. */
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { options } from '../config/options.ts'
import {
  commandToApply,
  commandToResume,
  commandToRedo,
  commandToRollback,
  readRecord,
  type RunRecord,
} from '../engine/record.ts'
import { isInputKept } from '../engine/run-input.ts'
import { findRetryableRows } from '../engine/redo-source.ts'
import { findLaterRedo, isRollbackBegun, openSavedRun } from '../engine/saved-run.ts'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { outcomeKinds, type OutcomeKind } from '../model/row.ts'
import { recordNote, type RunReader, type Store, type StoreOptions } from '../model/store.ts'
import { isoTime } from '../report/format.ts'
import { formerRunState, formerRuns } from '../store/former-layout.ts'
import { withExistingStore, withStore } from '../store/open-store.ts'
import { removeRunFiles } from '../store/run-directory.ts'
import { findPlans, planEnd, removePlan, type PlanDirectory } from './plan-directory.ts'

/**
 * `running`: a process has it. `open`: not finished, and no process has it. `former`: version 0.1 began it. `broken`: it cannot be
 * read. `plan`: no run, but what `plan` has left in the folder.
 */
export type RunState = 'running' | 'open' | 'finished' | 'former' | 'broken' | 'plan'

export interface ListedRun {
  readonly run_id: string
  readonly directory: string
  readonly state: RunState
  /** Of the input; 0 if it is not known. */
  readonly rows: number
  /** Rows that have an outcome, by outcome. */
  readonly outcomes: Readonly<Partial<Record<OutcomeKind, number>>>
  /** ISO 8601; empty if nothing was sent yet. */
  readonly started_at: string
  readonly finished_at: string
  readonly changed_at: string
  readonly host: string
  readonly account: string
  /** The run that it sends rows of again, if it is a redo. */
  readonly parent?: string
  /** The run whose changes it restores, if it is a rollback. */
  readonly rolled_back?: string
  /** The last rollback of it, if one has sent anything: an open run is not resumed then. */
  readonly rolled_back_by?: string
  /** The plan that it sends, if it sends one. */
  readonly plan?: string
  /** Of a plan: the run that sends it. */
  readonly applied_by?: string
  /** The listed plan that it needs: its own, or its input is kept there. */
  readonly plan_id?: string
  /** The store keeps what came over standard input. */
  readonly keeps_input?: boolean
  /** The next command; empty if nothing is left to do. */
  readonly next: string
  /** What is wrong with a `broken` one. */
  readonly problem?: string
}

/**
 * Newest change first. With `runsDir` only runs whose files are in this folder; without it all of the store, and the plans of
 * `./rapyd-runs`. Changes nothing.
 */
export function listRuns(runsDir?: string, given: StoreOptions = {}): Promise<readonly ListedRun[]> {
  return withExistingStore(given, async (store) => {
    const folder = resolve(runsDir ?? options.runsDir.default)
    const runs = await Promise.all(
      (await store.runs(runsDir === undefined ? {} : { runsDir: folder })).map(listed),
    )
    const known = new Set(runs.map(({ directory }) => directory))
    const former = formerRuns(folder).filter((directory) => !known.has(directory))
    const found = [...runs, ...findPlans(folder).map(listedPlan), ...former.map(listedFormer)]
    const inOrder = found.toSorted(
      (left, right) =>
        right.changed_at.localeCompare(left.changed_at) || (left.run_id < right.run_id ? 1 : -1),
    )
    return Promise.all(inOrder.map((run) => withRelatedRuns(run, inOrder, store)))
  })
}

function listedPlan({ planId, directory, changedAt }: PlanDirectory): ListedRun {
  const path = join(directory, 'plan.ndjson')
  const plan = common(planId, directory, changedAt, 'plan')
  return existsSync(path) ? { ...plan, next: commandToApply(path) } : plan
}

function listedFormer(directory: string): ListedRun {
  const changedAt = statSync(join(directory, 'journal.db')).mtimeMs
  const former = formerRunState(directory)
  const state = former === 'damaged' ? 'broken' : 'former'
  const ends = {
    open: ', and not finished: that version can finish it',
    finished: '',
    damaged: ', and its journal.db cannot be read',
  }
  const problem = `begun by rapyd-bulk 0.1${ends[former ?? 'finished']}`
  return { ...common(basename(directory), directory, changedAt, state), problem }
}

function listed(reader: RunReader): Promise<ListedRun> {
  const { id, directory, changedAt } = reader.stored
  return described(reader).catch((error: unknown) => {
    const problem = error instanceof BulkUpdateError ? error.message : 'it cannot be read'
    return { ...common(id, directory, changedAt, 'broken'), problem }
  })
}

async function described(reader: RunReader): Promise<ListedRun> {
  const { stored } = reader
  const record = readRecord(stored)
  const counts = await reader.counts()
  const state = stored.isRunning ? 'running' : stored.state
  const { redo, rollback, planned } = record ?? {}
  return {
    ...common(stored.id, stored.directory, stored.changedAt, state),
    rows: record?.rows ?? stored.settled,
    outcomes: Object.fromEntries(
      outcomeKinds.flatMap((kind) => (counts.has(kind) ? [[kind, counts.get(kind)]] : [])),
    ),
    started_at: isoTime(stored.startedAt),
    finished_at: isoTime(stored.finishedAt),
    host: stored.host,
    account: stored.account,
    ...(isInputKept(stored) && state === 'open' ? { keeps_input: true } : {}),
    ...(redo && { parent: redo.parent }),
    ...(rollback && { rolled_back: rollback.parent }),
    ...(planned && { plan: planned.plan, ...planIdOf(planned.plan, record?.options.input) }),
    next: record === undefined ? '' : nextCommand(stored, record, counts),
  }
}

/** Empty if nothing is left to do, or a process has the run. */
function nextCommand(
  { id: runId, state, isRunning, settled }: RunReader['stored'],
  record: RunRecord,
  counts: ReadonlyMap<OutcomeKind, number>,
): string {
  const countOf = (kind: OutcomeKind): number => counts.get(kind) ?? 0
  if (isRunning) return ''
  if (state === 'open') return commandToResume({ runId, record })
  const left = settled - countOf('updated') - countOf('unchanged')
  if (record.rollback === undefined) return left === 0 ? '' : commandToRedo(runId, record.options)
  return left === countOf('invalid') ? '' : commandToRollback(record.rollback.parent, record.options)
}

/** The plan may be in another place, and only its standard input in the folder. */
function planIdOf(...paths: readonly (string | undefined)[]): Pick<ListedRun, 'plan_id'> {
  const names = paths.map((path) => basename(dirname(path ?? '')))
  const name = names.find((found) => found.endsWith(planEnd))
  return name === undefined ? {} : { plan_id: name }
}

function common(runId: string, directory: string, changedAt: number, state: RunState) {
  return {
    run_id: runId,
    directory,
    state,
    rows: 0,
    outcomes: {},
    started_at: '',
    finished_at: '',
    changed_at: new Date(changedAt).toISOString(),
    host: '',
    account: '',
    next: '',
  }
}

/** Removes commands that would be refused or would do nothing. */
async function withRelatedRuns(run: ListedRun, runs: readonly ListedRun[], store: Store): Promise<ListedRun> {
  const runId = run.run_id
  const sender = run.state === 'plan' ? runs.find(({ plan_id: plan }) => plan === runId) : undefined
  if (sender !== undefined) return { ...run, applied_by: sender.run_id, next: '' }
  const back = runs.find((other) => other.rolled_back === runId)
  if (back !== undefined && (await isRollbackBegun({ runId, store })))
    return { ...run, rolled_back_by: back.run_id, next: '' }
  const mayRedo = run.state === 'finished' && run.next !== '' && run.rolled_back === undefined
  return mayRedo && (await hasNoRedo(run, runs, store)) ? { ...run, next: '' } : run
}

/** True if a later redo has taken up what the run left, or an open one offers the command itself. */
async function hasNoRedo(
  { run_id: runId }: ListedRun,
  runs: readonly ListedRun[],
  store: Store,
): Promise<boolean> {
  const redos = runs.filter(({ parent }) => parent === runId)
  for (const each of redos)
    if (each.state !== 'finished' && !(await isRollbackBegun({ runId: each.run_id, store }))) return true
  const saved = await openSavedRun(store, runId, undefined)
  if ((await findLaterRedo(saved)) !== undefined) return true
  return redos.length > 0 && (await findRetryableRows(saved)).rows.size === 0
}

export interface PurgePlan {
  readonly doomed: readonly ListedRun[]
  /** Kept runs of which only the standard input is deleted. */
  readonly inputs: readonly ListedRun[]
  readonly kept: readonly { readonly run: ListedRun; readonly why: string }[]
}

/** Which runs would go. `now` is in milliseconds since 1970, `ageMs` counts from a run's last change. */
export function planPurge(runs: readonly ListedRun[], ageMs: number, now: number): PurgePlan {
  const isOldEnough = (run: ListedRun): boolean => Date.parse(run.changed_at) <= now - ageMs
  const openParents = new Set(
    runs.flatMap((run) => (run.parent !== undefined && !isOver(run) ? [run.parent] : [])),
  )
  const doomed: ListedRun[] = []
  const kept: { run: ListedRun; why: string }[] = []
  // Runs first: runs that stay decide which plans are needed.
  for (const run of runs.toSorted((left, right) => Number(isPlan(left)) - Number(isPlan(right)))) {
    const sender = isPlan(run) && kept.some((one) => run.run_id === one.run.plan_id)
    const needed = sender ? 'a run that sends it stays' : undefined
    const redone = openParents.has(run.run_id) ? 'a redo of it is not finished' : undefined
    const young = isOldEnough(run) ? undefined : 'it is not old enough'
    const why = reasonToKeep(run) ?? needed ?? redone ?? young
    if (why === undefined) doomed.push(run)
    else kept.push({ run, why })
  }
  const inputs = kept.flatMap(({ run }) => (run.keeps_input === true && isOldEnough(run) ? [run] : []))
  return { doomed, kept, inputs }
}

function isPlan({ state }: ListedRun): boolean {
  return state === 'plan'
}

/** A run that was rolled back is not resumed, and one that was killed before it began has sent nothing. */
function isOver(run: ListedRun): boolean {
  const { state, rolled_back_by: back } = run
  return state === 'finished' || (state === 'open' && (back !== undefined || isUnbegun(run)))
}

/** It was killed while it kept its input, before anything could be sent. */
export function isUnbegun({ state, rows, started_at: at }: ListedRun): boolean {
  return state === 'open' && rows === 0 && at === ''
}

/** A reason that does not depend on the age of the run; undefined if there is none. */
function reasonToKeep(run: ListedRun): string | undefined {
  if (run.state === 'running') return 'it is running'
  if (run.state === 'open' && !isOver(run)) return 'it is not finished'
  if (run.state === 'broken') return 'it cannot be read'
  return run.state === 'former' ? 'version 0.1 keeps it; delete its folder by hand' : undefined
}

/** Why it could not be deleted, or its folder, if that holds other files, which stay. */
export interface Deletion {
  readonly why?: string | undefined
  readonly left?: string | undefined
}

/** Deletes a run, or the standard input of an open one. Its state is read again when no process can have it. */
export async function deleteRun(run: ListedRun, given: StoreOptions = {}): Promise<Deletion> {
  let left: string | undefined
  try {
    if (run.state === 'plan') {
      left = removePlan(run.directory)
      return { left }
    }
    const isDeleted = await withStore(given, (store) =>
      store.deleteRun(run.run_id, async (stored) => {
        const hasBegun = stored.startedAt > 0 || stored.note(recordNote) !== undefined
        if (stored.state !== 'finished' && (isUnbegun(run) ? hasBegun : !isOver(run)))
          return run.keeps_input === true && stored.state === 'open' ? 'input' : false
        // Without its folder the store never finds files of a run that it does not know.
        left = removeRunFiles(run.directory, run.run_id)
        return true
      }),
    )
    return isDeleted ? { left } : { why: 'it is not finished' }
  } catch (error) {
    if (error instanceof BulkUpdateError) return { why: error.message }
    return { why: `it could not be deleted (${systemCode(error)})` }
  }
}
