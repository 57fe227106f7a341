/**
 * What the rate limiter knows: all of its state, how it learns from answers, and the rate windows of one process. Functions
 * take the time as `now`, in milliseconds.
 */
import { windowEdgeMs } from '../model/store.ts'
import type { Clock } from '../model/ports.ts'
import type { Quota, Window } from '../model/store.ts'

export interface LimiterState {
  /** Permits that are not released yet. */
  inFlight: number
  /** True while the circuit breaker is open. */
  isProbesOnly: boolean
  /** True once concurrency has restarted because of the current pause. */
  isPauseSeen: boolean
  /** Rate-limit pauses in a row, without an accepted answer in between, and when the first one began. */
  pauses: number
  pausesBegan: number
  /** Failures until concurrency drops to its least. Answers earn this budget, and failures spend it. */
  failureBudget: number
  readonly concurrency: AdaptiveConcurrency
  readonly rate: AdaptiveRate
  /** When the even pace allows the next request. */
  evenAt: number
}

/** How many requests may be in flight. Failures lower it, answers raise it. */
export interface AdaptiveConcurrency {
  readonly most: number
  /** A few requests that hang must not block all others, so failures alone never go below a quarter. */
  readonly least: number
  limit: number
  /** Below this, every answer adds one; above it, a whole round of answers does. */
  quickUntil: number
  /** Answers of the current round. */
  answers: number
  /** Results to ignore: those requests were in flight together with one that failed. */
  ignored: number
  /** False until a row was updated: before that, requests go one at a time. */
  isProven: boolean
}

/** The rate of an undocumented limit, measured when a 429 arrives. It grows slowly, because a limit may be temporary. */
export interface AdaptiveRate {
  readonly startedAt: number
  /** Counts of accepted answers, by quarter of a second. */
  readonly accepted: { readonly at: number; count: number }[]
  /** Undefined until a limit was found. */
  perSecond: number | undefined
  /** When the rate last changed. */
  changedAt: number
  /** When the next request may be sent. */
  nextAt: number
}

const fullFailureBudget = 50
const earnedPerAnswer = 0.1

/** `concurrency`: requests in flight at most. */
export function initialState(concurrency: number, now: number): LimiterState {
  return {
    inFlight: 0,
    isProbesOnly: false,
    isPauseSeen: false,
    evenAt: 0,
    pauses: 0,
    pausesBegan: 0,
    failureBudget: fullFailureBudget,
    concurrency: {
      most: concurrency,
      least: Math.ceil(concurrency / 4),
      limit: concurrency,
      quickUntil: concurrency,
      answers: 0,
      ignored: 0,
      isProven: false,
    },
    rate: { startedAt: now, accepted: [], perSecond: undefined, changedAt: 0, nextAt: 0 },
  }
}

/**
 * Learns from an answer that was not throttled. Returns true if it shows a server in trouble. `isLate`: there is a pause, so it shows
 * nothing about the time after it.
 */
export function learnFromAnswer(state: LimiterState, status: number, isLate: boolean, now: number): boolean {
  countAccepted(state.rate, now)
  if (!isLate) state.pauses = 0
  if (status === 503) halveConcurrency(state.concurrency)
  else if (!isLate) raiseConcurrency(state.concurrency)
  const isTrouble = status >= 500 && status !== 501 && status !== 505
  if (isTrouble) spendFailure(state)
  else if (state.failureBudget < fullFailureBudget) state.failureBudget += earnedPerAnswer
  return isTrouble
}

/** Learns from a request without a whole answer. `isSent`: it was sent, and the connection broke or timed out. */
export function learnFromFailure(state: LimiterState, isSent: boolean): void {
  if (isSent) halveConcurrency(state.concurrency)
  spendFailure(state)
}

/** Without a budget few requests go at a time, until answers come again. No row fails for it, because a batch can wait. */
function spendFailure(state: LimiterState): void {
  if (state.failureBudget >= 1) state.failureBudget--
  else lowerConcurrencyToLeast(state.concurrency)
}

/**
 * Learns from a throttled answer outside a pause. Returns the longest pause that is left before the run has to stop: 0 or less
 * if it has to stop now.
 */
export function learnFromThrottling(state: LimiterState, longestMs: number, now: number): number {
  if (state.pauses === 0) state.pausesBegan = now
  const leftMs = state.pausesBegan + longestMs - now
  if (leftMs > 0) {
    state.pauses++
    lowerRate(state.rate, now)
  }
  return leftMs
}

export function currentConcurrency({ isProven, limit }: AdaptiveConcurrency): number {
  return isProven ? limit : 1
}

function raiseConcurrency(state: AdaptiveConcurrency): void {
  if (state.ignored > 0) state.ignored--
  if (state.limit >= state.most) return
  if (state.limit < state.quickUntil) {
    state.limit = Math.min(state.most, state.limit + 1)
    return
  }
  state.answers++
  if (state.answers < state.limit) return
  state.answers = 0
  state.limit++
}

/** For a connection that broke or timed out, or a server that is overloaded. */
function halveConcurrency(state: AdaptiveConcurrency): void {
  if (state.ignored > 0) {
    state.ignored--
    return
  }
  state.ignored = state.limit
  state.quickUntil = Math.max(state.least, Math.floor(state.limit / 2))
  state.limit = Math.min(state.limit, state.quickUntil)
  state.answers = 0
}

function lowerConcurrencyToLeast(state: AdaptiveConcurrency): void {
  state.quickUntil = state.least
  state.limit = Math.min(state.limit, state.least)
  state.answers = 0
}

/** For the end of a pause: one request goes ahead alone. */
export function restartConcurrency(state: AdaptiveConcurrency): void {
  state.quickUntil = Math.max(state.quickUntil, Math.floor(state.limit / 2))
  state.limit = 1
  state.ignored = 0
  state.answers = 0
}

/** A shorter time shows the size of a burst, not a rate. */
const shortestSpanMs = 1_000
const longestSpanMs = 60_000
/** Fewer show nothing about a limit: another user of the account may have reached it. */
const leastAccepted = 20
/** Stay below what was accepted, because client and server count a few requests differently. */
const share = 0.95
/** The rate grows by one percent every so long. */
const growEveryMs = 10_000
const growth = 1.01
const leastPerSecond = 0.1
/** Timers are late: this much may be caught up at once. */
const catchUpMs = 40
const bucketMs = 250

function countAccepted({ accepted }: AdaptiveRate, now: number): void {
  const at = Math.floor(now / bucketMs) * bucketMs
  const last = accepted.at(-1)
  if (last?.at === at) last.count++
  else accepted.push({ at, count: 1 })
  while ((accepted[0]?.at ?? 0) < at - longestSpanMs) accepted.shift()
}

/** Accepted answers a second; undefined if there were too few. */
function measureRate({ startedAt, accepted }: AdaptiveRate, now: number): number | undefined {
  const spanMs = Math.min(longestSpanMs, Math.max(shortestSpanMs, now - startedAt))
  const since = now - spanMs - bucketMs
  const count = accepted.reduce((sum, bucket) => sum + (bucket.at >= since ? bucket.count : 0), 0)
  return count < leastAccepted ? undefined : (count / spanMs) * 1_000
}

/** For the first 429 after a pause or a start. */
function lowerRate(state: AdaptiveRate, now: number): void {
  const measured = measureRate(state, now)
  const { perSecond } = state
  // Nothing is accepted during a pause, so a rate that is measured after one is never too high.
  if (perSecond !== undefined) {
    const lowest = Math.max((measured ?? 0) * share, perSecond / 2)
    state.perSecond = Math.max(leastPerSecond, Math.min(perSecond * share, lowest))
  } else if (measured !== undefined) state.perSecond = Math.max(leastPerSecond, measured * share)
  state.changedAt = now
}

/** Milliseconds until the adaptive rate allows the next request; 0 if it does now, or if no limit was found. */
export function rateWaitMs(state: AdaptiveRate, now: number): number {
  if (state.perSecond === undefined) return 0
  const steps = Math.floor((now - state.changedAt) / growEveryMs)
  if (steps > 0) {
    state.perSecond *= growth ** steps
    state.changedAt += steps * growEveryMs
  }
  return Math.max(0, state.nextAt - now - catchUpMs)
}

/** Milliseconds until the even pace allows the next request. There is one while more calls are left than the smallest window allows. */
export function evenWaitMs(
  state: LimiterState,
  windows: readonly Window[],
  callsLeft: number,
  now: number,
): number {
  const smallest = Math.min(...windows.map(({ limit }) => limit))
  return callsLeft > smallest ? Math.max(0, state.evenAt - now - catchUpMs) : 0
}

/** Notes a request: for the even pace, which is that of the slowest window, and for the adaptive rate. */
export function countSent(state: LimiterState, windows: readonly Window[], now: number): void {
  const everyMs = Math.max(0, ...windows.map(({ limit, perMs }) => perMs / limit))
  state.evenAt = Math.max(state.evenAt, now) + everyMs
  const { rate } = state
  if (rate.perSecond !== undefined) rate.nextAt = Math.max(rate.nextAt, now) + 1_000 / rate.perSecond
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
    take(requests = 1) {
      if (windows.length === 0 && pausedUntil === 0) return 0
      const waitMs = roomAt(requests) - clock.now()
      if (waitMs > 0) return waitMs
      inFlight += requests
      return 0
    },
    end() {
      if (mostKept === 0) return
      inFlight--
      ends.push(clock.now())
      if (ends.length > mostKept * 2) ends = ends.slice(-mostKept)
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms)
    },
    get pausedForMs() {
      return Math.max(0, pausedUntil - clock.now())
    },
    close() {},
  }
}
