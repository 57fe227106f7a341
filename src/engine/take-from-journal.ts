/** What a journal tells a sync state: what Rapyd confirmed, what is in doubt, and which customers the export has held. */
import { setImmediate } from 'node:timers/promises'
import type { ConfirmedFields } from '../model/outcome.ts'
import { fieldOf } from '../model/row.ts'
import { isCustomerField } from '../rapyd/customer-fields.ts'
import type { SavedJournal } from '../store/saved-journal.ts'
import { eachOutcome } from '../store/journal-reader.ts'
import type { SyncState } from '../store/sync-state.ts'

/** Of a run that kept the state. */
export async function takeFrom(
  journal: Pick<SavedJournal, 'confirmations' | 'outcomes' | 'sent' | 'inDoubt'>,
  state: SyncState,
): Promise<void> {
  for (const confirmed of journal.confirmations()) {
    await setImmediate()
    state.confirmAll(confirmed)
  }
  const doubts: ConfirmedFields[] = []
  const note = (row: number, at: number): void => {
    const sent = journal.sent(row)
    if (sent !== undefined)
      doubts.push(unknownFrom(sent.customerId, sent.fields, Math.max(at, sent.at), sent.at))
  }
  for (const row of journal.inDoubt.keys()) note(row, 0)
  for (const { row, outcome, finishedAt } of eachOutcome(journal))
    if (outcome === 'unknown') note(row, finishedAt)
  state.confirmAll(doubts)
}

/**
 * Of a run that knew of no state: whatever it wrote is unknown. False where it has left rows in doubt since `since`
 * (milliseconds since 1970), because nothing tells whose they are.
 */
export async function forgetWhatItWrote(
  journal: Pick<SavedJournal, 'outcomes' | 'inDoubt'>,
  state: SyncState,
  since: number,
): Promise<boolean> {
  if (journal.inDoubt.values().some((at) => at >= since)) return false
  for (const outcomes of journal.outcomes()) {
    await setImmediate()
    const written = outcomes.filter(({ outcome }) => outcome === 'updated' || outcome === 'unknown')
    state.confirmAll(
      written.map(({ customerId, fields, finishedAt }) =>
        unknownFrom(customerId, fields.split(';').map(fieldOf).filter(isCustomerField), finishedAt),
      ),
    )
  }
  return true
}

/** Notes which customers a run's input has held, and which are gone since the last; doing it again changes nothing. */
export async function takeSyncRun(
  journal: Pick<SavedJournal, 'outcomes'>,
  state: SyncState,
  night: { readonly export: string; readonly run: string; readonly at: number },
): Promise<number> {
  let rows = 0
  for (const outcomes of journal.outcomes()) {
    await setImmediate()
    rows += outcomes.length
    const ids = outcomes.map(({ customerId }) => customerId).filter((id) => id !== '')
    state.see(night.export, night.run, ids)
  }
  const vanished = state.markVanished(night.export, night.run)
  state.endSyncRun({ ...night, rows, vanished })
  return vanished
}

function unknownFrom(customerId: string, fields: readonly string[], at: number, since = at): ConfirmedFields {
  return { customerId, at, since, digests: Object.fromEntries(fields.map((field) => [field, ''])) }
}
