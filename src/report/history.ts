/** A counter's past over a span of time, in a few hundred points at most, however long it runs. */

export interface History {
  /** Notes that the counter stands at `count`; times and counts never go down. */
  add(at: number, count: number): void
  /** Where the counter stood at a time; before the first note, where it stood then. */
  countAt(at: number): number
  /** When the counter was first seen at `count` or more; `undefined` while it has not been. */
  timeOf(count: number): number | undefined
  /** Milliseconds from the first note that is still known to `now`. */
  ageMs(now: number): number
}

const mostPoints = 512

/** `spanMs` is what has to be known; notes that are close together for such a span count as one. */
export function createHistory(spanMs: number): History {
  const spacingMs = spanMs / mostPoints
  const points: { at: number; count: number }[] = []

  return {
    add(at, count) {
      const last = points.at(-1)
      const before = points.at(-2)
      if (last !== undefined && before !== undefined && at - before.at < spacingMs) {
        last.at = at
        last.count = count
      } else points.push({ at, count })
      // The newest point outside the span stays: it says where the counter stood at its edge.
      while ((points[1]?.at ?? Infinity) <= at - spanMs) points.shift()
    },
    countAt: (at) => (points.findLast((point) => point.at <= at) ?? points[0])?.count ?? 0,
    timeOf: (count) => points.find((point) => point.count >= count)?.at,
    ageMs: (now) => now - (points[0]?.at ?? now),
  }
}
