/** A run by its name, as the store has it: what it keeps of its options, and whether a process has it. */
import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { options as optionTable } from '../config/options.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { RunFilter, RunReader, Store } from '../model/store.ts'
import { oldRun } from '../store/former-layout.ts'
import { readRecord } from './record.ts'
import type { RunBinding, RunRecord } from './record.ts'

export interface SavedRun {
  readonly store: Store
  readonly runId: string
  readonly directory: string
  /** The folder of that directory. */
  readonly runsDir: string
  readonly reader: RunReader
  readonly record: RunRecord
  readonly isRunning: boolean
  readonly isFinished: boolean
  readonly facts: RunBinding
}

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
  const directory = isPath ? resolve(run) : join(resolve(runsDir ?? optionTable.runsDir.default), run)
  const id = basename(directory)
  const reader = await store.findRun(id)
  if (reader !== undefined && (!isPath || reader.stored.directory === directory)) {
    const saved = savedRun(store, reader)
    if (saved !== undefined) return saved
    throw new BulkUpdateError(
      'E_RUN_RECORD',
      `the store does not say how run ${id} was begun`,
      'Run its first command again: what was answered is not sent again, and the files are written.',
    )
  }
  if (existsSync(join(directory, 'journal.db'))) throw oldRun(directory)
  throw new BulkUpdateError(
    'E_NO_RUN',
    isPath ? `${directory} is no run` : `there is no run ${id} in the store ${store.path}`,
    'Give the id of a run, as `rapyd-bulk runs` lists them (with --store if they are in another store), or the path of its directory.',
  )
}

/** Returns undefined if there is none, or if it does not say how it was begun. */
export async function findSavedRun(store: Store, runId: string): Promise<SavedRun | undefined> {
  const reader = await store.findRun(runId)
  return reader === undefined ? undefined : savedRun(store, reader)
}

/** Runs that do not say how they were begun are left out. */
export async function savedRuns(store: Store, filter: RunFilter): Promise<readonly SavedRun[]> {
  return (await store.runs(filter)).flatMap((reader) => savedRun(store, reader) ?? [])
}

function savedRun(store: Store, reader: RunReader): SavedRun | undefined {
  const { stored } = reader
  const record = readRecord(stored)
  if (record === undefined) return undefined
  const { id: runId, directory, host, account, facts } = stored
  return {
    store,
    runId,
    directory,
    runsDir: dirname(directory),
    reader,
    record,
    isRunning: stored.isRunning,
    isFinished: stored.state === 'finished',
    facts: { input: '', mapping: '', encoding: '', ...facts, host, account },
  }
}

/** Throws USAGE if customers of another account would be changed. `held` is that of a run or a plan, which `what` names. */
export function refuseElsewhere(
  what: string,
  held: Pick<RunBinding, 'host' | 'account'>,
  facts: Readonly<Record<string, string>>,
): void {
  for (const name of ['host', 'account'] as const) {
    if (facts[name] === held[name]) continue
    throw new BulkUpdateError(
      'E_OTHER_ACCOUNT',
      `${what} belongs to ${name} ${held[name]}, and this is ${facts[name] ?? ''}`,
      'Use its keys, --env and --base-url. Nothing was sent.',
    )
  }
}
