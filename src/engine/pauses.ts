/** What the journal keeps of a run's pauses, for the report, and of its slowest answer, for rows in doubt. */
import { readPauses } from '../report/html/timeline.ts'
import type { Pause } from '../report/html/timeline.ts'
import type { RunJournal } from '../store/journal.ts'

export const pausesKey = 'pauses'

/** Only the last ones are kept. */
const mostKept = 500

export interface PauseNotes {
  readonly blocked: (ms: number) => void
  readonly outage: (isDown: boolean) => void
}

export function createPauseNotes(journal: Pick<RunJournal, 'get' | 'note'>, wall: () => number): PauseNotes {
  const pauses: Pause[] = [...readPauses(journal.get(pausesKey))]
  let downSince: number | undefined

  function note(pause: Pause): void {
    pauses.push(pause)
    if (pauses.length > mostKept) pauses.shift()
    journal.note(pausesKey, JSON.stringify(pauses))
  }

  return {
    blocked(ms) {
      const from = wall()
      note({ from, to: from + Math.round(ms), kind: 'blocked' })
    },
    outage(isDown) {
      if (isDown) downSince = wall()
      else if (downSince !== undefined) note({ from: downSince, to: wall(), kind: 'outage' })
    },
  }
}

export interface Slowest {
  readonly note: (tookMs: number) => void
}

const key = 'slowest_answer_ms'

/** Only notes an answer that is slower by half than the slowest before, so that it writes seldom. */
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

/** Milliseconds: three times the slowest answer, within bounds. Without any answer, what a slow API takes. */
export function settledAfterMs(journal: RunJournal): number {
  const slowest = journal.get(key)
  if (slowest === undefined) return 5_000
  return Math.min(30_000, Math.max(1_000, 3 * Number(slowest)))
}
