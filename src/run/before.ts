/** What earlier sessions of a run have left in its journal, read once: a pass over a million outcomes takes a second. */
import type { OutcomeKind } from '../domain/outcome.ts'
import type { JournalReader } from '../store/journal-reader.ts'

export interface Before {
  /** How many rows have which outcome. */
  readonly settled: ReadonlyMap<OutcomeKind, number>
  /** How many rows that need attention have which error code. */
  readonly errors: ReadonlyMap<string, number>
  /** Customers of whom nothing more is sent. */
  readonly closedLanes: ReadonlySet<string>
}

/** Looks for single rows only where the counts say that there are any. */
export function readBefore(journal: Pick<JournalReader, 'counts' | 'errorCounts' | 'closedLanes'>): Before {
  const settled = journal.counts()
  const hasClosed = settled.has('failed') || settled.has('unknown')
  const hasErrors = settled.keys().some((kind) => kind !== 'updated' && kind !== 'unchanged')
  return {
    settled,
    errors: hasErrors ? journal.errorCounts() : new Map(),
    closedLanes: hasClosed ? journal.closedLanes() : new Set(),
  }
}
