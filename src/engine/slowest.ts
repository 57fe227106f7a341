/**
 * The slowest answer of a run, kept in its journal: it says how long a request may still be under way after a crash, before
 * a row in doubt can be read back.
 */
import type { RunJournal } from '../store/journal.ts'

export interface Slowest {
  readonly note: (tookMs: number) => void
}

const key = 'slowest_answer_ms'

/** Writes seldom: only what is slower by half than the slowest before. */
export function createSlowest(journal: Pick<RunJournal, 'get' | 'note'>): Slowest {
  let slowest = Number(journal.get(key) ?? 0)
  return {
    note(tookMs) {
      if (tookMs <= slowest * 1.5 && slowest > 0) return
      slowest = Math.ceil(tookMs)
      journal.note(key, String(slowest))
    },
  }
}

/** Three times as long as the slowest answer, within bounds; where there was no answer, as long as a slow API takes. */
export function settledAfterMs(journal: RunJournal): number {
  const slowest = journal.get(key)
  if (slowest === undefined) return 5_000
  return Math.min(30_000, Math.max(1_000, 3 * Number(slowest)))
}
