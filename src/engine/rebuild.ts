/** A sync state made again from the journals of its runs, or why it cannot be. */
import { BulkUpdateError } from '../model/errors.ts'
import type { Remote } from './remote.ts'
import type { SyncState, SyncStep } from '../store/sync-state.ts'
import { lastStepIn } from './last-step.ts'
import { forgetWhatItWrote, takeFrom, takeSyncRun } from './take-from-journal.ts'
import { findRuns } from '../store/find-runs.ts'
import { readJournal } from '../store/saved-journal.ts'
import type { SavedJournal } from '../store/saved-journal.ts'
import { exportKey, stepKey, stepOf } from './journal-words.ts'
import type { KeyedStep } from './journal-words.ts'

export interface Rebuilding {
  /** Of the state's last epoch. */
  readonly kept: readonly SyncRun[]
  /** Runs that sent without knowing of the state, while it was lost or before it was made. */
  readonly unaware: readonly EarlierRun[]
}

/**
 * What a state can be made of; undefined if no run has kept one.
 *
 * @throws BulkUpdateError USAGE: E_STATE_LOST, the journals do not tell all; E_STATE_OTHER, they were written with other keys
 */
export async function findRebuilding(
  { host, account }: Pick<Remote, 'host' | 'account'>,
  keyCheck: string,
  runsDir: string,
  exportName?: string,
): Promise<Rebuilding | undefined> {
  const earlier = await findEarlierRuns(runsDir, host)
  const own = earlier.filter((run) => run.account === account)
  const kept = own
    .filter(hasStep)
    .filter(({ step, hasConfirmed }) => step.keyCheck === keyCheck || hasConfirmed)
  const before = earlier.findLast((run) => run.exportName !== undefined && run.exportName === exportName)
  if (kept.length === 0 && before !== undefined && before.account !== account)
    throw otherAccount(before, account)
  if (kept.length === 0) return undefined
  const others = kept.findLast(({ step }) => step.keyCheck !== keyCheck)
  if (others !== undefined) throw otherKeys(others)
  const whole = wholeEpoch(kept)
  const last = lastStepIn(runsDir, { host, account })
  const reached = Math.max(0, ...(whole ?? []).map(({ step }) => step.serial))
  const isShort =
    last?.keyCheck === keyCheck && (last.epoch !== whole?.[0]?.step.epoch || last.serial > reached)
  if (whole === undefined || isShort) throw lost(kept.at(-1)?.runId ?? '')
  return { kept: whole, unaware: unawareSince(own, whole[0]?.startedAt ?? '') }
}

/** Merges what the journals tell into the state. Runs that keep it may be under way: what is newer stays. */
export async function rebuildState(state: SyncState, { kept, unaware }: Rebuilding): Promise<void> {
  const inOrder = kept.toSorted((left, right) => left.step.serial - right.step.serial)
  const since = Date.parse(kept[0]?.startedAt ?? '')
  for (const { directory, runId } of unaware) {
    const isClear = await reading(directory, (journal) => forgetWhatItWrote(journal, state, since))
    if (isClear !== true) throw lost(runId)
  }
  for (const { directory, exportName, runId } of inOrder) {
    await reading(directory, async (journal) => {
      await takeFrom(journal, state)
      const at = Date.parse(journal.get('finished_at') ?? '')
      if (exportName !== undefined && journal.get('state') === 'finished')
        await takeSyncRun(journal, state, { export: exportName, run: runId, at })
    })
  }
  const last = inOrder.at(-1)
  if (last === undefined) return
  state.beginSending(last.runId)
  // Only now: a rebuilding that was stopped is done again.
  if (state.steps === 0 || isBehind(state, last.step)) state.adopt(last.step)
}

/**
 * What a state lacks that is older than its journals, because it came out of a backup; undefined if it is as new as they are.
 *
 * @throws BulkUpdateError USAGE, E_STATE_LOST: journals that it lacks are missing
 */
export async function findNewer(
  { host, account }: Pick<Remote, 'host' | 'account'>,
  state: Pick<SyncState, 'epoch' | 'steps'>,
  runsDir: string,
): Promise<Rebuilding | undefined> {
  const own = (await findEarlierRuns(runsDir, host)).filter((run) => run.account === account)
  const kept = own.filter(hasStep).filter(({ step }) => step.epoch === state.epoch)
  const newer = kept.filter(({ step }) => isBehind(state, step))
  if (newer.length === 0) return undefined
  const serials = new Set(newer.map(({ step }) => step.serial))
  if (Math.max(...serials) - state.steps !== serials.size) throw older(newer.at(-1)?.runId ?? '')
  return { kept, unaware: unawareSince(own, newer[0]?.startedAt ?? '') }
}

function isBehind({ epoch, steps }: Pick<SyncState, 'epoch' | 'steps'>, step: SyncStep): boolean {
  return step.epoch === epoch && step.serial > steps
}

function unawareSince(own: readonly EarlierRun[], since: string): readonly EarlierRun[] {
  return own.filter(
    ({ step, finishedAt }) => step === undefined && (finishedAt === '' || finishedAt >= since),
  )
}

const wayOut =
  'Take what was sent last as applied with rapyd-bulk state baseline <last file>, or send everything once with --new-state. Nothing was sent.'

function lost(runId: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_STATE_LOST',
    `the sync state is gone, and the journals of its runs (see run ${runId}) do not tell all that was in it`,
    wayOut,
  )
}

function older(runId: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_STATE_LOST',
    `the sync state is older than run ${runId}, and the journals of runs between them are not here`,
    `Move sync.db away: rapyd-bulk state show says where it is. ${wayOut}`,
  )
}

function otherKeys({ runId }: EarlierRun): BulkUpdateError {
  return new BulkUpdateError(
    'E_STATE_OTHER',
    `run ${runId} kept its sync state with another secret key, so its journal tells nothing under this one`,
    `If the keys were changed: ${wayOut}`,
  )
}

/** The keys of last night were others: everything would look changed. */
function otherAccount(last: EarlierRun, account: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_STATE_OTHER',
    `run ${last.runId} sent this export for account ${last.account}, and this is ${account}: there is no sync state for it`,
    wayOut,
  )
}

export interface EarlierRun {
  readonly runId: string
  readonly directory: string
  readonly account: string
  readonly startedAt: string
  /** '' where it has not ended. */
  readonly finishedAt: string
  /** Undefined if it kept no state. */
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

/** Returns undefined if the journal cannot be read. */
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
