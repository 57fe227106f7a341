/** Runs of an account as their journals tell: what a sync state that is lost is made of again, and what else has changed customers. */
import { findRuns } from '../store/find-runs.ts'
import { readJournal } from '../store/saved-journal.ts'
import type { SavedJournal } from '../store/saved-journal.ts'
import { exportKey, stepKey, stepOf } from './journal-words.ts'
import type { KeyedStep } from './journal-words.ts'

export interface EarlierRun {
  readonly runId: string
  readonly directory: string
  readonly account: string
  readonly startedAt: string
  /** '' where it has not ended. */
  readonly finishedAt: string
  /** Nothing where it has kept no state. */
  readonly step: KeyedStep | undefined
  /** Of a run with `--only-changed`. */
  readonly exportName: string | undefined
  /** True where it has noted something that Rapyd confirmed. */
  readonly hasConfirmed: boolean
}

export interface SyncRun extends EarlierRun {
  readonly step: KeyedStep
}

/** Runs on a host that have begun to send, oldest first. Journals that cannot be read are left out. */
export async function findEarlierRuns(runsDir: string, host: string): Promise<readonly EarlierRun[]> {
  const found: EarlierRun[] = []
  for (const { runId, directory } of findRuns(runsDir)) {
    const run = await reading(directory, (journal) => {
      const startedAt = journal.get('started_at')
      if (journal.get('host') !== host || startedAt === undefined) return undefined
      return {
        runId,
        directory,
        account: journal.get('account') ?? '',
        startedAt,
        finishedAt: journal.get('finished_at') ?? '',
        step: stepOf(journal.get(stepKey)),
        exportName: journal.get(exportKey),
        hasConfirmed: journal.confirmations().next().done !== true,
      }
    })
    if (run !== undefined) found.push(run)
  }
  return found.toSorted((left, right) => (left.startedAt < right.startedAt ? -1 : 1))
}

export function hasStep(run: EarlierRun): run is SyncRun {
  return run.step !== undefined
}

/** The runs that a lost state can be made of: those of its last epoch, where none of its steps is missing. */
export function wholeEpoch(runs: readonly SyncRun[]): readonly SyncRun[] | undefined {
  const epoch = runs.at(-1)?.step.epoch
  const own = runs.filter(({ step }) => step.epoch === epoch)
  const serials = new Set(own.map(({ step }) => step.serial))
  return own.length > 0 && Math.max(...serials) === serials.size ? own : undefined
}

/** Nothing where the journal cannot be read. */
export async function reading<Result>(
  directory: string,
  read: (journal: SavedJournal) => Result | Promise<Result>,
): Promise<Result | undefined> {
  let journal: SavedJournal | undefined
  try {
    journal = readJournal(directory)
  } catch {
    return undefined
  }
  try {
    return await read(journal)
  } finally {
    journal.close()
  }
}
