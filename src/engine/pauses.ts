/** What the journal keeps of a run besides its rows: its pauses, for the report, and customers that are held, for a resume. */
import { readPauses } from '../report/html/timeline.ts'
import type { Pause } from '../report/html/timeline.ts'
import type { HeldCustomers } from '../http/sender.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import type { Clock } from '../model/ports.ts'
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

const heldKey = 'held_customers'

/** Customers are held no longer than this. */
const longestHoldMs = 3_600_000

/**
 * Noted with the next commit, which is that of the outcome that was settled early, or an earlier one. The system's clock counts
 * only between sessions.
 */
export function createHeldCustomers(
  journal: Pick<RunJournal, 'get' | 'note'>,
  clock: Pick<Clock, 'now' | 'wall'>,
): HeldCustomers {
  const ahead = clock.wall() - clock.now()
  const latest = clock.now() + longestHoldMs
  const earlier = Object.entries(readHeld(journal.get(heldKey)))
  const held = new Map(earlier.map(([customerId, wall]) => [customerId, Math.min(latest, wall - ahead)]))
  return {
    until: (customerId) => held.get(customerId) ?? 0,
    hold(customerId, until) {
      for (const [other, end] of held) if (end < clock.now()) held.delete(other)
      held.set(customerId, until)
      const offset = clock.wall() - clock.now()
      journal.note(
        heldKey,
        JSON.stringify(Object.fromEntries([...held].map(([id, end]) => [id, end + offset]))),
      )
    },
  }
}

function readHeld(text: string | undefined): Readonly<Record<string, number>> {
  const found = text === undefined ? undefined : parseJson(text)
  if (!isJsonObject(found)) return {}
  return Object.fromEntries(
    Object.entries(found).flatMap(([customerId, until]) =>
      typeof until === 'number' ? [[customerId, until]] : [],
    ),
  )
}
