/** Calls and errors over time: a few hundred slots at most, however long the run and however many its rows. */
import { splitNames } from '../../model/row.ts'
import type { Outcome } from '../../model/outcome.ts'
import { needsAttention } from '../../model/outcome.ts'

export interface Slot {
  /** Milliseconds since 1970. */
  readonly start: number
  /** Rows whose last answer came in this slot, and those of them that need attention. */
  calls: number
  errors: number
  /** Attempts of these rows that were repeated, and those of them because of a 429. */
  retries: number
  throttled: number
}

export interface Timeline {
  add(outcome: Outcome): void
  /** From the first answer to the last one, without gaps; at most `most` of equal width. */
  slots(most: number): { readonly widthMs: number; readonly slots: readonly Slot[] }
}

const mostKept = 512
const firstWidthMs = 1_000

export function createTimeline(): Timeline {
  let widthMs = firstWidthMs
  let kept = new Map<number, Slot>()

  /** Answers come in any order, and a run that goes on the next day leaves a gap: only slots that hold something are kept. */
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
      // Not Math.min(...starts): one pass each is as short, and has no limit of arguments.
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
