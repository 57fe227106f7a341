/** The begin of a session with a sync state: what the journal confirms and the state lacks is caught up with first. */
import { systemClock } from '../http/clock.ts'
import type { RunParts } from './parts.ts'
import type { RunJournal } from '../store/journal.ts'
import { beginningKey, exportKey, stepKey, stepOf, stepText } from './journal-words.ts'
import { takeStep } from './last-step.ts'
import { createSyncSending } from './only-changed.ts'
import type { SyncSending } from './only-changed.ts'
import { takeFrom } from './take-from-journal.ts'

/** Nothing where no state is kept. */
export async function openSyncing(
  { sync, options, remote, runId, runsDir }: RunParts,
  journal: RunJournal,
): Promise<SyncSending | undefined> {
  if (sync === undefined) return undefined
  const { state, digests } = sync
  if (stepOf(journal.get(stepKey))?.epoch !== state.epoch) {
    journal.set(beginningKey, sync.beginning)
    const { keyCheck } = digests
    const { host, account } = remote
    takeStep(state, { host, account, keyCheck }, runsDir, (step) =>
      journal.set(stepKey, stepText({ ...step, keyCheck })),
    )
  }
  if (sync.isNight) journal.set(exportKey, sync.exportName)
  await takeFrom(journal, state)
  state.beginSending(runId)
  return createSyncSending({
    sync,
    journal,
    identity: { host: remote.host, runId },
    clock: systemClock,
    wholeRows: options.wholeRows,
  })
}
