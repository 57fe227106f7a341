/**
 * The speed of a run and its time left, from counters that are noted now and then. The time left is the longer of two: what the
 * rate windows allow, and what the measured speed takes.
 */
import type { Window } from '../model/store.ts'

export interface UsedWindow extends Window {
  /** Requests of this process within the last `perMs`. */
  readonly used: number
}

export interface Counters {
  /** HTTP requests so far. */
  readonly requests: number
  /** Rows that were settled with a request so far. */
  readonly calls: number
  /** Milliseconds until a pause of all requests ends; 0 without a pause. */
  readonly pausedForMs: number
}

const measuredSpanMs = 30_000
/** The speed of a shorter time is not measured. */
const leastMeasuredMs = 1_000

/** `windows` have the limits without the reserve; empty if the rate is not limited. */
export function createPace(windows: readonly Window[]) {
  const shownSpanMs = Math.max(
    measuredSpanMs,
    windows.length === 0 ? 0 : Math.min(...windows.map(({ perMs }) => perMs)),
  )
  const sent = windows.map(createWindowHistory)
  const shown = createHistory(shownSpanMs)
  const measured = createHistory(measuredSpanMs)
  let latest: Counters = { requests: 0, calls: 0, pausedForMs: 0 }
  let startedAt: number | undefined
  let notedAt = 0
  /** Time in a pause or with a full window, which does not count for the measured speed. */
  let blockedMs = 0
  let isBlocked = false

  return {
    /** Notes the counters at `now`, in monotonic milliseconds. */
    note(now: number, counters: Counters): void {
      startedAt ??= now
      if (isBlocked) blockedMs += now - notedAt
      notedAt = now
      latest = counters
      shown.add(now, counters.calls)
      measured.add(now - blockedMs, counters.calls)
      for (const window of sent) window.add(now, counters.requests)
      isBlocked = counters.pausedForMs > 0 || sent.some((window) => window.used() === window.limit)
    },
    /** Rows per second, over the last 30 seconds or the length of the shortest window, whichever is longer. */
    get ratePerSecond(): number {
      const took = Math.min(shownSpanMs, shown.ageMs(notedAt))
      return took <= 0 ? 0 : ((latest.calls - shown.countAt(notedAt - shownSpanMs)) / took) * 1_000
    },
    /** How much of each window is used now. */
    get windows(): readonly UsedWindow[] {
      return sent.map((window) => ({ limit: window.limit, perMs: window.perMs, used: window.used() }))
    },
    /** Milliseconds that `callsLeft` more rows will take; undefined if neither a window nor a measured speed limits them. */
    etaMs(callsLeft: number, requestsPerCall = 1): number | undefined {
      const requestsLeft = callsLeft * requestsPerCall
      if (callsLeft <= 0) return 0
      const allowedMs = Math.max(0, ...sent.map((window) => window.waitMs(requestsLeft)))
      const active = notedAt - blockedMs
      const calls = latest.calls - measured.countAt(active - measuredSpanMs)
      if (calls > 0 && notedAt - (startedAt ?? notedAt) >= leastMeasuredMs) {
        const perCallMs = Math.min(measuredSpanMs, measured.ageMs(active)) / calls
        return Math.max(allowedMs, latest.pausedForMs + callsLeft * perCallMs)
      }
      return allowedMs > 0 ? Math.max(allowedMs, latest.pausedForMs) : undefined
    },
  }
}

/** The highest rate per second that all windows allow in the long run; infinite without windows. */
export function allowedPerSecond(windows: readonly Window[]): number {
  return Math.min(...windows.map(({ limit, perMs }) => (limit / perMs) * 1_000))
}

/** The requests of one window. */
function createWindowHistory({ limit, perMs }: Window) {
  const history = createHistory(perMs)
  let [now, requests] = [0, 0]
  const used = (): number => Math.min(limit, requests - history.countAt(now - perMs))
  return {
    limit,
    perMs,
    used,
    add(at: number, count: number): void {
      now = at
      requests = count
      history.add(at, count)
    },
    /**
     * How long the window delays the last of `calls` more requests. A request goes a whole window after the one `limit` places
     * before it, so the delay counts windows back to a request that can go now or is already sent.
     */
    waitMs(calls: number): number {
      const free = limit - used()
      if (calls <= free) return 0
      const periods = Math.ceil((calls - free) / limit)
      const ahead = calls - periods * limit
      if (ahead > 0) return periods * perMs
      const sentAt = history.timeOf(requests + ahead) ?? now
      return Math.max(0, periods * perMs - (now - sentAt))
    },
  }
}

/** The past of a counter over `spanMs`. */
export function createHistory(spanMs: number) {
  const points: { readonly at: number; readonly count: number }[] = []

  return {
    /** Notes the counter; times and counts never decrease. */
    add(at: number, count: number): void {
      points.push({ at, count })
      // The newest point outside the span stays: it has the count at the start of the span
      while ((points[1]?.at ?? Infinity) <= at - spanMs) points.shift()
    },
    /** The counter at a time; the first known count for an earlier time. */
    countAt: (at: number): number => (points.findLast((point) => point.at <= at) ?? points[0])?.count ?? 0,
    /** When the counter first had `count` or more; undefined if it had not. */
    timeOf: (count: number) => points.find((point) => point.count >= count)?.at,
    /** Milliseconds from the oldest known note to `now`. */
    ageMs: (now: number): number => now - (points[0]?.at ?? now),
  }
}
