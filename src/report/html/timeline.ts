/** What happened over time: rows in a few hundred slots of equal width, and pauses. */
import { splitNames, needsAttention } from '../../model/row.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { Outcome } from '../../model/row.ts'

export interface Slot {
  /** Milliseconds since 1970. */
  readonly start: number
  /** Rows whose last answer came in this slot. */
  calls: number
  /** Those of them that need attention. */
  errors: number
  /** Repeated attempts of these rows. */
  retries: number
  /** Those of them that a 429 caused. */
  throttled: number
}

const mostKept = 512

export function createTimeline() {
  let widthMs = 1_000
  /** Empty slots take no memory: a run that resumes the next day leaves a gap. Answers come in any order. */
  let kept = new Map<number, Slot>()
  const first = (): number => Math.min(...kept.keys())
  const last = (): number => Math.max(...kept.keys())

  function addTo(start: number, { calls, errors, retries, throttled }: Omit<Slot, 'start'>): void {
    const slot = kept.get(start) ?? emptySlot(start)
    slot.calls += calls
    slot.errors += errors
    slot.retries += retries
    slot.throttled += throttled
    kept.set(start, slot)
  }

  function doubleWidth(): void {
    widthMs *= 2
    const narrow = kept
    kept = new Map()
    for (const slot of narrow.values()) addTo(slot.start - (slot.start % widthMs), slot)
  }

  return {
    add({ finishedAt, outcome, retries }: Outcome): void {
      if (finishedAt === 0) return
      const reasons = splitNames(retries)
      addTo(finishedAt - (finishedAt % widthMs), {
        calls: 1,
        errors: needsAttention(outcome) ? 1 : 0,
        retries: reasons.length,
        throttled: reasons.filter((reason) => reason === 'throttled').length,
      })
      while (kept.size > mostKept) doubleWidth()
    },
    /** At most `most` slots of equal width, from the first answer to the last, without gaps. */
    slots(most: number) {
      while ((last() - first()) / widthMs >= most) doubleWidth()
      const slots: Slot[] = []
      for (let start = first(); start <= last(); start += widthMs)
        slots.push(kept.get(start) ?? emptySlot(start))
      return { widthMs, slots }
    },
  }
}

function emptySlot(start: number): Slot {
  return { start, calls: 0, errors: 0, retries: 0, throttled: 0 }
}

/** A time in which no request was sent. */
export interface Pause {
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  /** Rapyd answered 429, or did not answer at all. */
  readonly kind: 'blocked' | 'outage'
}

/** Reads the pauses that a run has stored. What is no pause is left out. */
export function readPauses(text: string | undefined): readonly Pause[] {
  if (text === undefined) return []
  const found = parseJson(text)
  return Array.isArray(found) ? found.filter(isPause) : []
}

function isPause(value: unknown): value is Pause {
  if (!isJsonObject(value)) return false
  const { from, to, kind } = value
  return typeof from === 'number' && typeof to === 'number' && (kind === 'blocked' || kind === 'outage')
}
