/**
 * An undocumented limit: found from the answers that came before a 429, then followed. Requests are spaced evenly,
 * just below it; it grows again slowly, since a limit may have been lower only for a while.
 */
import type { Clock } from '../model/ports.ts'

export interface FoundRate {
  /** An answer that was not throttled. */
  accepted(): void
  /** The first 429 behind a pause or a start. */
  throttled(): void
  /** Milliseconds until the next request fits; 0 where it fits now, or no limit was found. */
  waitMs(): number
  /** A request goes on the wire. */
  sent(): void
  /** Requests a second; nothing while no limit was found. */
  readonly perSecond: number | undefined
}

/** A shorter time says more about the size of a burst than about a rate. */
const shortestSpanMs = 1_000
const longestSpanMs = 60_000
/** Fewer say nothing about a limit: another user of the account may have met it. */
const leastCount = 20
/** Below what was accepted: counting here and there differs by a few. */
const share = 0.95
/** Grows by one part in a hundred every so long. */
const growEveryMs = 10_000
const growth = 1.01
/** Timers are late; so much may be caught up with at once. */
const catchUpMs = 40
const bucketMs = 250
/** Requests a second. */
const leastRate = 0.1

export function createFoundRate(clock: Pick<Clock, 'now'>): FoundRate {
  const started = clock.now()
  /** Accepted answers, by quarters of a second. */
  const buckets: { readonly at: number; count: number }[] = []
  let perSecond: number | undefined
  let grownAt = 0
  let nextAt = 0

  /** Accepted answers a second; nothing where too few were. */
  function measured(): number | undefined {
    const now = clock.now()
    const spanMs = Math.min(longestSpanMs, Math.max(shortestSpanMs, now - started))
    const since = now - spanMs - bucketMs
    const count = buckets.reduce((sum, bucket) => sum + (bucket.at >= since ? bucket.count : 0), 0)
    return count < leastCount ? undefined : (count / spanMs) * 1_000
  }

  function grow(): void {
    if (perSecond === undefined) return
    const steps = Math.floor((clock.now() - grownAt) / growEveryMs)
    if (steps <= 0) return
    perSecond *= growth ** steps
    grownAt += steps * growEveryMs
  }

  return {
    accepted() {
      const at = Math.floor(clock.now() / bucketMs) * bucketMs
      const last = buckets.at(-1)
      if (last?.at === at) last.count++
      else buckets.push({ at, count: 1 })
      while ((buckets[0]?.at ?? 0) < at - longestSpanMs) buckets.shift()
    },
    throttled() {
      const found = measured()
      // A pause counts as time in which nothing was accepted, so what is measured behind one is never too high.
      if (perSecond !== undefined)
        perSecond = Math.max(
          leastRate,
          Math.min(perSecond * share, Math.max((found ?? 0) * share, perSecond / 2)),
        )
      else if (found !== undefined) perSecond = Math.max(leastRate, found * share)
      grownAt = clock.now()
    },
    waitMs() {
      if (perSecond === undefined) return 0
      grow()
      return Math.max(0, nextAt - clock.now() - catchUpMs)
    },
    sent() {
      if (perSecond === undefined) return
      nextAt = Math.max(nextAt, clock.now()) + 1_000 / perSecond
    },
    get perSecond() {
      return perSecond
    },
  }
}
