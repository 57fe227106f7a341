/** What happened over time: rows in a few hundred slots of equal width, and pauses. */
import { splitNames } from '../../model/row.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { Outcome } from '../../model/outcome.ts'
import { needsAttention } from '../../model/outcome.ts'

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

export interface Timeline {
  add(outcome: Outcome): void
  /** At most `most` slots of equal width, from the first answer to the last, without gaps. */
  slots(most: number): { readonly widthMs: number; readonly slots: readonly Slot[] }
}

const mostKept = 512
const firstWidthMs = 1_000

export function createTimeline(): Timeline {
  let widthMs = firstWidthMs
  let kept = new Map<number, Slot>()

  /** Empty slots take no memory: a run that resumes the next day leaves a gap. Answers come in any order. */
  function widen(): void {
    while (kept.size > mostKept) {
      widthMs *= 2
      kept = regroup(kept.values(), widthMs)
    }
  }

  return {
    add(outcome) {
      const { finishedAt, retries } = outcome
      if (finishedAt === 0) return
      const slot = slotOf(kept, finishedAt - (finishedAt % widthMs))
      slot.calls++
      if (needsAttention(outcome.outcome)) slot.errors++
      const reasons = splitNames(retries)
      slot.retries += reasons.length
      slot.throttled += reasons.filter((reason) => reason === 'throttled').length
      widen()
    },
    slots(most) {
      const starts = [...kept.keys()]
      if (starts.length === 0) return { widthMs, slots: [] }
      const first = starts.reduce((least, start) => Math.min(least, start))
      const end = starts.reduce((greatest, start) => Math.max(greatest, start))
      let width = widthMs
      while (Math.floor(end / width) - Math.floor(first / width) >= most) width *= 2
      const grouped = regroup(kept.values(), width)
      const slots: Slot[] = []
      for (let start = first - (first % width); start <= end; start += width)
        slots.push(grouped.get(start) ?? slotAt(start))
      return { widthMs: width, slots }
    },
  }
}

function slotAt(start: number): Slot {
  return { start, calls: 0, errors: 0, retries: 0, throttled: 0 }
}

function slotOf(slots: Map<number, Slot>, start: number): Slot {
  const found = slots.get(start)
  if (found !== undefined) return found
  const slot = slotAt(start)
  slots.set(start, slot)
  return slot
}

function regroup(slots: Iterable<Slot>, widthMs: number): Map<number, Slot> {
  const wider = new Map<number, Slot>()
  for (const { start, calls, errors, retries, throttled } of slots) {
    const slot = slotOf(wider, start - (start % widthMs))
    slot.calls += calls
    slot.errors += errors
    slot.retries += retries
    slot.throttled += throttled
  }
  return wider
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
