/** Keeps in the journal when a run could not send, for its page: the last ones, with the next commit. */
import { readPauses } from '../report/html/pauses.ts'
import type { Pause } from '../report/html/pauses.ts'
import type { RunJournal } from '../store/journal.ts'

export const pausesKey = 'pauses'

/** A run that is blocked more often than this has told its story by then. */
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
