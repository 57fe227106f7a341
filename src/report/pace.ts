/**
 * How fast a run goes and how long the rest will take: arithmetic on counters that are noted now and then. What is left
 * takes as long as the slower of two allows: the rate windows, with the bursts that still fit into them, and the speed measured.
 */
export interface PaceWindow {
  readonly limit: number
  readonly perMs: number
}

export interface UsedWindow extends PaceWindow {
  /** Requests within the last `perMs`; those of other processes are not known here. */
  readonly used: number
}

export interface Counters {
  /** HTTP requests so far. */
  readonly requests: number
  /** Rows that were settled with a call so far. */
  readonly calls: number
  /** Milliseconds until a pause of everybody ends; 0 where there is none. */
  readonly pausedForMs: number
}

export interface Pace {
  /** Notes where the counters stand at `now`, in monotonic milliseconds. */
  note(now: number, counters: Counters): void
  /** Calls per second, over the last half a minute or one turn of the shortest window, whichever is longer. */
  readonly ratePerSecond: number
  /** How much of each window is taken now. */
  readonly windows: readonly UsedWindow[]
  /** Milliseconds that `callsLeft` more calls, of so many requests each, will take; `undefined` while nothing tells. */
  etaMs(callsLeft: number, requestsPerCall?: number): number | undefined
}

const measuredSpanMs = 30_000
/** Less than this says nothing about speed. */
const leastMeasuredMs = 1_000

/** `windows` hold the limits after the reserve; none where nothing limits the rate. */
export function createPace(windows: readonly PaceWindow[]): Pace {
  const shownSpanMs = Math.max(
    measuredSpanMs,
    windows.length === 0 ? 0 : Math.min(...windows.map(({ perMs }) => perMs)),
  )
  const sent = windows.map((window) => ({ window, history: createHistory(window.perMs) }))
  const shown = createHistory(shownSpanMs)
  const measured = createHistory(measuredSpanMs)
  let latest: Counters = { requests: 0, calls: 0, pausedForMs: 0 }
  let startedAt: number | undefined
  let notedAt = 0
  /** Time in which nothing could be sent: a pause or a full window says nothing about the speed behind it. */
  let blockedMs = 0
  let isBlocked = false

  return {
    note(now, counters) {
      startedAt ??= now
      if (isBlocked) blockedMs += now - notedAt
      notedAt = now
      latest = counters
      shown.add(now, counters.calls)
      measured.add(now - blockedMs, counters.calls)
      for (const { history } of sent) history.add(now, counters.requests)
      isBlocked =
        counters.pausedForMs > 0 ||
        sent.some(({ window, history }) => roomOf(window, history, now, counters.requests) === 0)
    },
    get ratePerSecond() {
      const took = Math.min(shownSpanMs, shown.ageMs(notedAt))
      return took <= 0 ? 0 : ((latest.calls - shown.countAt(notedAt - shownSpanMs)) / took) * 1_000
    },
    get windows() {
      return sent.map(({ window, history }) => ({
        ...window,
        used: Math.min(window.limit, latest.requests - history.countAt(notedAt - window.perMs)),
      }))
    },
    etaMs(callsLeft, requestsPerCall = 1) {
      const requestsLeft = callsLeft * requestsPerCall
      if (callsLeft <= 0) return 0
      const allowedMs = Math.max(
        0,
        ...sent.map(({ window, history }) => waitMs(window, history, notedAt, requestsLeft, latest.requests)),
      )
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

/** The most calls a second that all windows allow for long; infinite without windows. */
export function allowedPerSecond(windows: readonly PaceWindow[]): number {
  return Math.min(...windows.map(({ limit, perMs }) => (limit / perMs) * 1_000))
}

/** Requests that may go at once. */
function roomOf({ limit, perMs }: PaceWindow, sent: History, now: number, requests: number): number {
  return Math.max(0, limit - (requests - sent.countAt(now - perMs)))
}

/**
 * How long one window makes the last of `calls` more calls wait. A call goes a whole window after the one that stands
 * `limit` places before it: back over as many windows as it takes to a call that can go now, or that went already.
 */
function waitMs(
  { limit, perMs }: PaceWindow,
  sent: History,
  now: number,
  calls: number,
  requests: number,
): number {
  const room = roomOf({ limit, perMs }, sent, now, requests)
  if (calls <= room) return 0
  const turns = Math.ceil((calls - room) / limit)
  const ahead = calls - turns * limit
  if (ahead > 0) return turns * perMs
  const sentAt = sent.timeOf(requests + ahead) ?? now
  return Math.max(0, turns * perMs - (now - sentAt))
}

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
