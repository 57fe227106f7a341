/** What earlier sessions of a run have left in its journal, read once: a pass over a million outcomes takes a second. */
import { setImmediate } from 'node:timers/promises'
import type { OutcomeKind } from '../model/outcome.ts'
import type { JournalReader } from '../store/journal-reader.ts'

export interface EarlierSessions {
  /** How many rows have which outcome. */
  readonly settled: ReadonlyMap<OutcomeKind, number>
  /** How many rows that need attention have which error code. */
  readonly errors: ReadonlyMap<string, number>
  /** Customers of whom nothing more is sent. */
  readonly closedCustomers: ReadonlySet<string>
}

/**
 * Looks for single rows only where the counts say that there are any. Throws LOCAL, E_JOURNAL_DAMAGED, where the report could not be
 * written from it: that should come out before anything is sent.
 */
export async function readEarlierSessions(
  journal: Pick<JournalReader, 'checkRecords' | 'counts' | 'errorCounts' | 'closedCustomers'>,
): Promise<EarlierSessions> {
  const check = journal.checkRecords()
  // Lets signals in between two batches.
  while (check.next().done !== true) await setImmediate()
  const settled = journal.counts()
  const hasClosed = settled.has('failed') || settled.has('unknown')
  const hasErrors = settled.keys().some((kind) => kind !== 'updated' && kind !== 'unchanged')
  return {
    settled,
    errors: hasErrors ? journal.errorCounts() : new Map(),
    closedCustomers: hasClosed ? journal.closedCustomers() : new Set(),
  }
}
