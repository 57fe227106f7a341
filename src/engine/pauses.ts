/** The pauses and outages of a run, which the store keeps for the report. */
import { readPauses } from '../report/html/report-data.ts'
import type { Pause } from '../report/html/report-data.ts'
import type { Run } from '../model/store.ts'

export const pausesKey = 'pauses'

/** Only the last ones are kept. */
const mostKept = 500

export interface PauseNotes {
  readonly blocked: (ms: number) => void
  readonly outage: (isDown: boolean) => void
}

export function createPauseNotes(run: Pick<Run, 'note' | 'noteLater'>, wall: () => number): PauseNotes {
  const pauses: Pause[] = [...readPauses(run.note(pausesKey))]
  let downSince: number | undefined

  function note(pause: Pause): void {
    pauses.push(pause)
    if (pauses.length > mostKept) pauses.shift()
    run.noteLater(pausesKey, JSON.stringify(pauses))
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
