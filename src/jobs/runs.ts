/** The runs of a folder, as their journals tell them: which state each is in, what became of its rows, how to go on. */
import { existsSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { options } from '../config/options.ts'
import { outcomeKinds } from '../model/outcome.ts'
import type { OutcomeKind } from '../model/outcome.ts'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { commandToApply, commandToResume, commandToRedo, commandToRollback } from '../engine/command.ts'
import { readRecord } from '../engine/record.ts'
import { findLaterRedo, wasRolledBack } from '../engine/child-runs.ts'
import { findRetryableRows } from '../engine/retryable-rows.ts'
import { openSavedRun } from '../engine/saved-run.ts'
import { findPlans, findRuns, isHeld, planEnd, isPlanDirectory } from '../store/find-runs.ts'
import type { RunPlace } from '../store/find-runs.ts'
import { readJournal, isFinishedIn } from '../store/saved-journal.ts'
import type { SavedJournal } from '../store/saved-journal.ts'
import { lockRun } from '../store/lock.ts'

/**
 * `running`: a process is in it. `open`: not finished, and no process is in it. `broken`: its journal cannot be read. `plan`: no run, but
 * what `plan` has left there.
 */
export type RunState = 'running' | 'open' | 'finished' | 'broken' | 'plan'

export interface ListedRun {
  readonly run_id: string
  readonly directory: string
  readonly state: RunState
  /** Of the input; 0 where the journal does not say. */
  readonly rows: number
  /** Rows that have an outcome, by outcome. */
  readonly outcomes: Readonly<Partial<Record<OutcomeKind, number>>>
  /** ISO 8601; empty where nothing was sent yet. */
  readonly started_at: string
  readonly finished_at: string
  readonly changed_at: string
  readonly host: string
  readonly account: string
  /** The run that it sends rows of again, where it is a redo. */
  readonly parent?: string
  /** The run that it takes back, where it is a rollback. */
  readonly rolled_back?: string
  /** The last rollback of it, where one has sent anything: an open run is not resumed then. */
  readonly rolled_back_by?: string
  /** The plan that it sends, where it sends one. */
  readonly plan?: string
  /** Of a plan: the run that sends it. */
  readonly applied_by?: string
  /** The listed plan that it needs: its own, or its input is kept there. */
  readonly plan_id?: string
  /** The command to go on with; empty where nothing is left to do. */
  readonly next: string
  /** What is wrong with a `broken` one. */
  readonly problem?: string
}

/** Newest first, by their last change. `runsDir` is `./rapyd-runs` by default. Changes nothing. */
export function listRuns(runsDir: string | undefined): readonly ListedRun[] {
  const folder = resolve(runsDir ?? options.runsDir.default)
  const runs = findRuns(folder).map((place) => ({ place, describe: () => listed(place, folder) }))
  const plans = findPlans(folder).map((place) => ({ place, describe: () => listedPlan(place) }))
  const found = [...runs, ...plans]
    .toSorted(
      ({ place: left }, { place: right }) =>
        right.changedAt - left.changedAt || (left.runId < right.runId ? 1 : -1),
    )
    .map(({ describe }) => describe())
  return withRelatedRuns(found, folder)
}

function listedPlan(place: RunPlace): ListedRun {
  const path = join(place.directory, 'plan.ndjson')
  const next = existsSync(path) ? commandToApply(path) : ''
  return { ...common(place, 'plan'), next }
}

function listed(place: RunPlace, runsDir: string): ListedRun {
  let journal: SavedJournal | undefined
  try {
    journal = readJournal(place.directory)
    return described(place, journal, runsDir)
  } catch (error) {
    const problem = error instanceof BulkUpdateError ? error.message : 'its journal is damaged'
    return { ...common(place, 'broken'), next: '', problem }
  } finally {
    journal?.close()
  }
}

function described(place: RunPlace, journal: SavedJournal, runsDir: string): ListedRun {
  const { runId, directory } = place
  const record = readRecord(journal)
  const counts = journal.counts()
  const isFinished = journal.get('state') === 'finished'
  const state = isHeld(directory) ? 'running' : isFinished ? 'finished' : 'open'
  const settled = counts.values().reduce((sum, rows) => sum + rows, 0)
  const left = settled - (counts.get('updated') ?? 0) - (counts.get('unchanged') ?? 0)
  let next = ''
  if (state === 'open' && record !== undefined) next = commandToResume({ runId, directory, record })
  if (state === 'finished' && left > 0 && record !== undefined) {
    const hasNothingLeft = record.rollback !== undefined && left === (counts.get('invalid') ?? 0)
    if (record.rollback === undefined) next = commandToRedo(runId, runsDir)
    else if (!hasNothingLeft) next = commandToRollback(record.rollback.parent, runsDir)
  }
  return {
    ...common(place, state),
    rows: record?.rows ?? settled,
    outcomes: Object.fromEntries(
      outcomeKinds.flatMap((kind) => (counts.has(kind) ? [[kind, counts.get(kind)]] : [])),
    ),
    started_at: journal.get('started_at') ?? '',
    finished_at: journal.get('finished_at') ?? '',
    host: journal.get('host') ?? '',
    account: journal.get('account') ?? '',
    ...(record?.redo === undefined ? {} : { parent: record.redo.parent }),
    ...(record?.rollback === undefined ? {} : { rolled_back: record.rollback.parent }),
    ...(record?.planned === undefined
      ? {}
      : { plan: record.planned.plan, ...planIdOf(record.planned.plan, record.options.input) }),
    next,
  }
}

/** A plan may lie elsewhere, and only what came over standard input for it in its directory. */
function planIdOf(...paths: readonly (string | undefined)[]): Pick<ListedRun, 'plan_id'> {
  const names = paths.map((path) => basename(dirname(path ?? '')))
  const name = names.find((found) => found.endsWith(planEnd))
  return name === undefined ? {} : { plan_id: name }
}

function common({ runId, directory, changedAt }: RunPlace, state: RunState) {
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
  }
}

/** The same runs, all those of one folder: no command is offered that would be refused, nor one with nothing to do. */
function withRelatedRuns(runs: readonly ListedRun[], runsDir: string): readonly ListedRun[] {
  return runs.map((run) => {
    try {
      const sender = run.state === 'plan' ? runs.find(({ plan_id: plan }) => plan === run.run_id) : undefined
      if (sender !== undefined) return { ...run, applied_by: sender.run_id, next: '' }
      const back = runs.find((other) => other.rolled_back === run.run_id)
      if (back !== undefined && wasRolledBack({ runId: run.run_id, runsDir }))
        return { ...run, rolled_back_by: back.run_id, next: '' }
      const mayRedo = run.state === 'finished' && run.next !== '' && run.rolled_back === undefined
      return mayRedo && hasNoRedo(run, runs, runsDir) ? { ...run, next: '' } : run
    } catch {
      // A journal that cannot be read has an entry of its own, which says so.
      return run
    }
  })
}

/** Whether a later redo of its family, or one that is still open and offers the command itself, has taken up what the run left. */
function hasNoRedo({ run_id: runId }: ListedRun, runs: readonly ListedRun[], runsDir: string): boolean {
  const redos = runs.filter(({ parent }) => parent === runId)
  if (redos.some((each) => each.state !== 'finished' && !wasRolledBack({ runId: each.run_id, runsDir })))
    return true
  const saved = openSavedRun(runId, runsDir)
  try {
    return (
      findLaterRedo(saved) !== undefined || (redos.length > 0 && findRetryableRows(saved).rows.size === 0)
    )
  } finally {
    saved.close()
  }
}

export interface PurgePlan {
  readonly doomed: readonly ListedRun[]
  readonly kept: readonly { readonly run: ListedRun; readonly why: string }[]
}

/** Which runs would go. `now` is in milliseconds since 1970, `ageMs` counts from a run's last change. */
export function planPurge(runs: readonly ListedRun[], ageMs: number, now: number): PurgePlan {
  const openParents = new Set(
    runs.flatMap((run) => (run.parent !== undefined && !isOver(run) ? [run.parent] : [])),
  )
  const doomed: ListedRun[] = []
  const kept: { run: ListedRun; why: string }[] = []
  // Runs first: which plans are needed follows from those that stay.
  for (const run of [...runs.filter((each) => !isPlan(each)), ...runs.filter(isPlan)]) {
    const isNeeded = isPlan(run)
      ? kept.some((one) => run.run_id === one.run.plan_id)
      : openParents.has(run.run_id)
    const why = reasonToKeep(run, isNeeded, ageMs, now)
    if (why === undefined) doomed.push(run)
    else kept.push({ run, why })
  }
  return { doomed, kept }
}

function isPlan({ state }: ListedRun): boolean {
  return state === 'plan'
}

/** A run that was rolled back is not resumed. */
function isOver({ state, rolled_back_by: back }: ListedRun): boolean {
  return state === 'finished' || (state === 'open' && back !== undefined)
}

function reasonToKeep(run: ListedRun, isNeeded: boolean, ageMs: number, now: number): string | undefined {
  if (run.state === 'running') return 'it is running'
  if (run.state === 'open' && !isOver(run)) return 'it is not finished'
  if (run.state === 'broken') return 'its journal cannot be read'
  if (isNeeded) return isPlan(run) ? 'a run that sends it stays' : 'a redo of it is not finished'
  return Date.parse(run.changed_at) > now - ageMs ? 'it is not old enough' : undefined
}

/** Gives why a run could not be deleted, or nothing. It is looked at once more under its lock. */
export function deleteRun(run: ListedRun): string | undefined {
  const { run_id: runId, directory, state } = run
  try {
    const unlock = lockRun(directory, runId)
    try {
      const mayGo =
        state === 'plan'
          ? isPlanDirectory(directory)
          : isOver(run) && (state === 'open' || isFinishedIn(directory))
      if (!mayGo) return 'it is not finished'
      rmSync(directory, { recursive: true })
    } finally {
      unlock()
    }
    return undefined
  } catch (error) {
    if (error instanceof BulkUpdateError) return error.message
    return `it could not be deleted (${systemCode(error)})`
  }
}
