/** What the store keeps of a run besides its rows: its pauses, for the report, and customers that are held, for a resume. */
import { readPauses } from '../report/html/timeline.ts'
import type { Pause } from '../report/html/timeline.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { Clock } from '../model/ports.ts'
import type { Run } from '../model/store.ts'
import type { HeldCustomers } from '../http/ports.ts'

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

const heldKey = 'held_customers'

/**
 * Customers with a row that was settled early. A hold is noted at the latest with the outcome of its row. The system's clock counts
 * only between sessions, and a hold never becomes longer.
 */
export function createHeldCustomers(
  run: Pick<Run, 'note' | 'noteLater'>,
  clock: Pick<Clock, 'now' | 'wall'>,
): HeldCustomers {
  const held = new Map<string, Hold>()
  for (const [customerId, { until, ms }] of readHolds(run.note(heldKey)))
    held.set(customerId, { until: clock.now() + Math.min(ms, until - clock.wall()), ms })
  return {
    until: (customerId) => held.get(customerId)?.until ?? 0,
    hold(customerId, until) {
      for (const [other, hold] of held) if (hold.until < clock.now()) held.delete(other)
      held.set(customerId, { until, ms: until - clock.now() })
      const offset = clock.wall() - clock.now()
      const stored = [...held].map(([id, hold]) => [id, { ...hold, until: hold.until + offset }])
      run.noteLater(heldKey, JSON.stringify(Object.fromEntries(stored)))
    },
  }
}

/** Both in milliseconds: a time, and how long the hold was. */
interface Hold {
  readonly until: number
  readonly ms: number
}

function readHolds(text: string | undefined): readonly (readonly [string, Hold])[] {
  const found = text === undefined ? undefined : parseJson(text)
  return Object.entries(isJsonObject(found) ? found : {}).flatMap(([customerId, hold]) => {
    const { until, ms } = isJsonObject(hold) ? hold : {}
    return typeof until === 'number' && typeof ms === 'number' ? [[customerId, { until, ms }]] : []
  })
}
