/** Runs that kept a sync state, as their journals tell: what a state that is lost is made of again. */
import { setImmediate } from 'node:timers/promises'
import { findRuns } from '../store/find-runs.ts'
import { readJournal } from '../store/saved-journal.ts'
import type { SavedJournal } from '../store/saved-journal.ts'
import type { SyncState, SyncStep } from '../store/sync-state.ts'

/** What a run found when it opened the state. `joined`: it only kept a state true that was there. */
export const beginnings = ['first', 'known', 'rebuilt', 'joined'] as const
export type Beginning = (typeof beginnings)[number]

/** The journal's words for what the run found, and for its step in the state. */
export const beginningKey = 'sync'
export const stepKey = 'sync_step'
/** And for the export that a run with `--only-changed` brought. */
export const exportKey = 'sync_export'

/** How many customers have vanished. */
export const vanishedKey = 'vanished'

export interface SyncRun {
  readonly runId: string
  readonly directory: string
  readonly account: string
  readonly beginning: string
  readonly exportName: string | undefined
  readonly startedAt: string
  readonly step: SyncStep
}

/** Oldest first. Journals that cannot be read are left out. */
export async function findSyncRuns(runsDir: string, host: string): Promise<readonly SyncRun[]> {
  const found: SyncRun[] = []
  for (const { runId, directory } of findRuns(runsDir)) {
    const run = await reading(directory, (journal) => ({
      runId,
      directory,
      account: journal.get('account') ?? '',
      beginning: journal.get('host') === host ? (journal.get(beginningKey) ?? '') : '',
      exportName: journal.get(exportKey),
      startedAt: journal.get('started_at') ?? '',
      step: stepOf(journal.get(stepKey) ?? ''),
    }))
    if (run !== undefined && run.beginning !== '') found.push(run)
  }
  return found.toSorted((left, right) => (left.startedAt < right.startedAt ? -1 : 1))
}

/** The runs that a lost state can be made of: those of its last epoch, where none of its steps is missing. */
export function wholeEpoch(runs: readonly SyncRun[]): readonly SyncRun[] | undefined {
  const epoch = runs.at(-1)?.step.epoch
  const own = runs.filter(({ step }) => step.epoch === epoch)
  const serials = new Set(own.map(({ step }) => step.serial))
  return own.length > 0 && Math.max(...serials) === serials.size ? own : undefined
}

export function stepText({ epoch, serial }: SyncStep): string {
  return `${epoch} ${serial}`
}

function stepOf(text: string): SyncStep {
  const [epoch = '', serial = '0'] = text.split(' ')
  return { epoch, serial: Number(serial) }
}

/** Takes from the runs' journals what Rapyd confirmed, and takes back what is in doubt. */
export async function rebuildState(state: SyncState, runs: readonly SyncRun[]): Promise<void> {
  const inOrder = runs.toSorted((left, right) => left.step.serial - right.step.serial)
  for (const { directory, exportName, runId } of inOrder) {
    await reading(directory, async (journal) => {
      await takeFrom(journal, state)
      if (exportName !== undefined && journal.get('state') === 'finished')
        await seeCustomers(journal, state, exportName, runId)
    })
  }
  // Only now: a rebuilding that was stopped is done again.
  const last = inOrder.at(-1)
  if (last !== undefined) state.adopt(last.step)
}

/** Notes which customers a run's input has held; gives its rows. Signals and timers get their turn between batches. */
export async function seeCustomers(
  journal: Pick<SavedJournal, 'outcomes'>,
  state: SyncState,
  exportName: string,
  runId: string,
): Promise<number> {
  let rows = 0
  for (const outcomes of journal.outcomes()) {
    await setImmediate()
    rows += outcomes.length
    state.see(
      exportName,
      runId,
      outcomes.map(({ customerId }) => customerId).filter((id) => id !== ''),
    )
  }
  return rows
}

/** What a journal confirms, and the doubts that it leaves. */
export async function takeFrom(
  journal: Pick<SavedJournal, 'confirmations' | 'outcomes' | 'sent' | 'inDoubt'>,
  state: SyncState,
): Promise<void> {
  for (const confirmed of journal.confirmations()) {
    await setImmediate()
    state.confirmAll(confirmed)
  }
  const doubts = [...journal.inDoubt].map(([row, at]) => ({ row, at }))
  for (const outcomes of journal.outcomes())
    for (const { row, outcome, finishedAt } of outcomes)
      if (outcome === 'unknown') doubts.push({ row, at: finishedAt })
  state.confirmAll(
    doubts.flatMap(({ row, at }) => {
      const sent = journal.sent(row)
      if (sent === undefined) return []
      return [
        {
          customerId: sent.customerId,
          at,
          digests: Object.fromEntries(sent.fields.map((field) => [field, ''])),
        },
      ]
    }),
  )
}

async function reading<Result>(
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
