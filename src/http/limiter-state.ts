/**
 * What the rate limiter learns from answers, and the rate windows of one process. Functions take the time as `now`, in
 * milliseconds.
 */
import { windowEdgeMs, type Quota, type Window } from '../model/store.ts'
import type { Clock } from '../model/ports.ts'

const fullFailureBudget = 50
const earnedPerAnswer = 0.1

export type AdaptiveConcurrency = ReturnType<typeof createAdaptiveConcurrency>

/** How many requests may be in flight, `most` at most. Failures lower it, answers raise it. */
export function createAdaptiveConcurrency(most: number) {
  /** A few requests that hang must not block all others, so failures alone never go below a quarter. */
  const least = Math.ceil(most / 4)
  let limit = most
  /** Below this, every answer adds one; above it, a whole round of answers does. */
  let quickUntil = most
  /** Answers of the current round. */
  let answers = 0
  /** Results to ignore: those requests were in flight together with one that failed. */
  let ignored = 0
  /** Failures until concurrency drops to its least. Answers earn this budget, and failures spend it. */
  let failureBudget = fullFailureBudget
  /** False until a row was updated: before that, requests go one at a time. */
  let isProven = false

  function raise(): void {
    if (ignored > 0) ignored--
    if (limit >= most) return
    if (limit < quickUntil) {
      limit = Math.min(most, limit + 1)
      return
    }
    answers++
    if (answers < limit) return
    answers = 0
    limit++
  }

  function lowerTo(lower: number): void {
    quickUntil = lower
    limit = Math.min(limit, lower)
    answers = 0
  }

  /** For a connection that broke or timed out, or a server that is overloaded. */
  function halve(): void {
    if (ignored > 0) {
      ignored--
      return
    }
    ignored = limit
    lowerTo(Math.max(least, Math.floor(limit / 2)))
  }

  /** Once the budget is spent, few requests go at a time until answers come again. No row fails for it. */
  function spendFailure(): void {
    if (failureBudget >= 1) failureBudget--
    else lowerTo(least)
  }

  return {
    get current(): number {
      return isProven ? limit : 1
    },
    /** Requests need not go one at a time any more. */
    prove(): void {
      isProven = true
    },
    /**
     * Learns from an answer that was not throttled. Returns true if it shows a server in trouble. `isLate`: there is a pause, so it
     * shows nothing about the time after it.
     */
    answered(status: number, isLate: boolean): boolean {
      if (status === 503) halve()
      else if (!isLate) raise()
      const isTrouble = status >= 500 && status !== 501 && status !== 505
      if (isTrouble) spendFailure()
      else if (failureBudget < fullFailureBudget) failureBudget += earnedPerAnswer
      return isTrouble
    },
    /** Learns from a request without a whole answer. `isSent`: it was sent, and the connection broke or timed out. */
    failed(isSent: boolean): void {
      if (isSent) halve()
      spendFailure()
    },
    /** For the end of a pause: one request goes ahead alone. */
    restart(): void {
      quickUntil = Math.max(quickUntil, Math.floor(limit / 2))
      limit = 1
      ignored = 0
      answers = 0
    },
  }
}

/** A shorter time shows the size of a burst, not a rate. */
const shortestSpanMs = 1_000
const longestSpanMs = 60_000
/** Fewer show nothing about a limit: another user of the account may have reached it. */
const leastAccepted = 20
/** Stay below what was accepted, because client and server count a few requests differently. */
const share = 0.95
/** The rate grows every so long, by one percent in the first minute after a 429. Each minute doubles that, up to ten percent. */
const growEveryMs = 10_000
const doubleEveryMs = 60_000
const leastGrowth = 0.01
const mostGrowth = 0.1
const leastPerSecond = 0.1
/** Timers are late: this much may be caught up at once. */
export const catchUpMs = 40
const bucketMs = 250

export type AdaptiveRate = ReturnType<typeof createAdaptiveRate>

/** The rate of an undocumented limit, measured when a 429 arrives. It grows, because a limit may be temporary: faster the longer no 429 comes. */
export function createAdaptiveRate(startedAt: number) {
  /** Counts of accepted answers, by quarter of a second. */
  const accepted: { readonly at: number; count: number }[] = []
  /** Undefined until a limit was found. */
  let perSecond: number | undefined
  /** When a 429 last lowered the rate, and when it last changed. */
  let loweredAt = 0
  let changedAt = 0
  /** When the next request may be sent. */
  let nextAt = 0

  /** Accepted answers a second; undefined if there were too few. */
  function measure(now: number): number | undefined {
    const spanMs = Math.min(longestSpanMs, Math.max(shortestSpanMs, now - startedAt))
    const since = now - spanMs - bucketMs
    const count = accepted.reduce((sum, bucket) => sum + (bucket.at >= since ? bucket.count : 0), 0)
    return count < leastAccepted ? undefined : (count / spanMs) * 1_000
  }

  return {
    /** Undefined until a limit was found. */
    get perSecond() {
      return perSecond
    },
    accepted(now: number): void {
      const at = Math.floor(now / bucketMs) * bucketMs
      const last = accepted.at(-1)
      if (last?.at === at) last.count++
      else accepted.push({ at, count: 1 })
      while ((accepted[0]?.at ?? 0) < at - longestSpanMs) accepted.shift()
    },
    /** For the first 429 after a pause or a start. */
    lower(now: number): void {
      const measured = measure(now)
      // Nothing is accepted during a pause, so a rate that is measured after one is never too high.
      if (perSecond !== undefined) {
        const lowest = Math.max((measured ?? 0) * share, perSecond / 2)
        perSecond = Math.max(leastPerSecond, Math.min(perSecond * share, lowest))
      } else if (measured !== undefined) perSecond = Math.max(leastPerSecond, measured * share)
      loweredAt = now
      changedAt = now
    },
    /** Milliseconds until the next request may be sent; 0 if it may be now, or if no limit was found. */
    waitMs(now: number): number {
      if (perSecond === undefined) return 0
      for (; now - changedAt >= growEveryMs; changedAt += growEveryMs) {
        const doublings = Math.floor((changedAt - loweredAt) / doubleEveryMs)
        perSecond *= 1 + Math.min(mostGrowth, leastGrowth * 2 ** doublings)
      }
      return Math.max(0, nextAt - now - catchUpMs)
    },
    /** Notes a request. */
    sent(now: number): void {
      if (perSecond !== undefined) nextAt = Math.max(nextAt, now) + 1_000 / perSecond
    },
  }
}

/**
 * The rate windows of one process, as an exact sliding log. The server counts a request at an unknown moment before its
 * answer, so it counts here from its permit until a whole window after its answer. Limits are those without the reserve.
 */
export function createMemoryQuota(windows: readonly Window[], clock: Pick<Clock, 'now'>): Quota {
  const mostKept = Math.max(0, ...windows.map((window) => window.limit))
  /** When requests ended, oldest first: only as many as the largest window needs. */
  let ends: number[] = []
  let inFlight = 0
  let pausedUntil = 0

  /** When there is room: now or earlier, later, or infinity for "when a request ends". */
  function roomAt(requests: number): number {
    let at = pausedUntil
    for (const { limit, perMs } of windows) {
      const room = limit - inFlight - requests + 1
      if (room <= 0) return Number.POSITIVE_INFINITY
      // With `room` or more ends inside the window, the oldest of those has to leave it first.
      const blocking = ends[ends.length - room]
      if (blocking !== undefined) at = Math.max(at, blocking + perMs + windowEdgeMs)
    }
    return at
  }

  return {
    async take(requests = 1) {
      if (windows.length === 0 && pausedUntil === 0) return 0
      const waitMs = roomAt(requests) - clock.now()
      if (waitMs > 0) return waitMs
      inFlight += requests
      return 0
    },
    async end() {
      if (mostKept === 0) return
      inFlight--
      ends.push(clock.now())
      if (ends.length > mostKept * 2) ends = ends.slice(-mostKept)
    },
    async pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms)
    },
    get pausedForMs() {
      return Math.max(0, pausedUntil - clock.now())
    },
    async close() {},
  }
}
