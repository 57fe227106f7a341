/** Keeps in the journal when a run could not send, for its page: the last ones, with the next commit. */
import { readPauses } from '../report/html/timeline.ts'
import type { Pause } from '../report/html/timeline.ts'
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
