/**
 * The rate limiter: no request is sent without a permit. A permit needs room in the rate windows, the adaptive concurrency
 * and the adaptive rate, and no pause. Results of requests change these limits (`limiter-state.ts`).
 */
import type { ApiResponse, Clock } from '../model/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import { stopError } from './errors.ts'
import type { TransportError } from './errors.ts'
import {
  countEven,
  countSent,
  currentConcurrency,
  evenWaitMs,
  initialState,
  learnFromAnswer,
  learnFromFailure,
  learnFromThrottling,
  rateWaitMs,
  restartConcurrency,
} from './limiter-state.ts'
import type { LimiterState, Waiter } from './limiter-state.ts'
import { retryAfterMs } from './retry.ts'
import type { Quota, Window } from '../model/store.ts'

export interface RateLimiter {
  /**
   * Resolves when a request may be sent, in order. Rejects with the signal's reason if it aborts before. A probe goes ahead of
   * all others, and also gets a permit while the circuit is open. With `isNext` it goes ahead of all but probes. With `permits: 2` there
   * is a second permit, if the limits allow two at once.
   */
  acquire(signal: AbortSignal, options?: AcquireOptions): Promise<Permit>
  /** True if a permit that was kept may be used now: there is no pause, and the circuit is closed. */
  readonly isOpen: boolean
  /** No permits for so many milliseconds. Then one request goes ahead, and more as they are answered. */
  pause(ms: number): void
  /** While it is on, only probes get permits: the circuit is open. */
  setProbesOnly(isOn: boolean): void
  /** Until this is called, requests go one at a time. */
  allowConcurrency(): void
  /** Milliseconds until the pause ends; 0 if there is none. */
  readonly pausedForMs: number
  /** Ends the timer and closes the quota. */
  close(): void
}

export interface AcquireOptions {
  readonly probe?: boolean
  readonly isNext?: boolean
  readonly permits?: 1 | 2
}

/** Permission to send one request. Its result is reported before the release, so that no request overtakes a pause. */
export interface Permit {
  answered(response: ApiResponse): void
  /** There is no whole answer. */
  failed(error: TransportError): void
  /** Must be called exactly once. */
  release(): void
  /** A permit for the next request, which is released as this one. */
  readonly second?: Permit
}

export interface RateLimiterParts {
  /** Keeps the rate windows, and the pauses of all that send for the account. */
  readonly quota: Quota
  /** Their lengths are the lengths of pauses. */
  readonly windows: readonly Window[]
  /** Calls that are left, for an even pace. Default 0: requests are sent as soon as the windows have room. */
  readonly callsLeft?: () => number
  /** Requests in flight at most. */
  readonly concurrency: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** The run stops if it is throttled for longer. Milliseconds. */
  readonly longestMs: number
  readonly stop: (error: Error) => void
  /** The circuit breaker. It hears nothing of its own probes. */
  readonly onSuccess: () => void
  readonly onFailure: (reason: string) => void
  /** Called for every throttled answer. */
  readonly onThrottled?: () => void
  /** Called for every pause. Must not throw. */
  readonly onPause?: (ms: number) => void
}

export function createRateLimiter(parts: RateLimiterParts): RateLimiter {
  const { quota, clock, windows, callsLeft = () => 0, onPause } = parts
  const state = initialState(parts.concurrency, clock.now())
  const { concurrency, rate } = state
  const timer = createTimer(state, clock, grantPermits)
  const feedback = createFeedback(parts, state, pause)
  // A permit has no state of its own, so all requests of a kind share one.
  const permits = {
    usual: { ...feedback(false), release },
    probe: { ...feedback(true), release },
  }
  const pair: Permit = { ...permits.usual, second: permits.usual }

  /** How many permits a waiter gets together. */
  function permitsFor(isPair: boolean): number {
    const mayPair = currentConcurrency(concurrency) > 1 && windows.every(({ limit }) => limit > 1)
    return isPair && mayPair ? 2 : 1
  }

  /** Takes permits and returns 0, or returns how long to wait: infinity for "until a release". */
  function take(isProbe: boolean, count: number): number {
    const isClosed = state.isProbesOnly && !isProbe
    if (isClosed || state.inFlight + count > currentConcurrency(concurrency)) return Number.POSITIVE_INFINITY
    const spacingMs = Math.max(
      rateWaitMs(rate, clock.now()),
      isProbe ? 0 : evenWaitMs(state, windows, callsLeft(), clock.now()),
    )
    if (spacingMs > 0) return spacingMs
    const waitMs = quota.take(count)
    if (waitMs > 0) {
      // Another process of this account may have begun a pause.
      const isPaused = quota.pausedForMs > 0
      if (isPaused && !state.isPauseSeen) restartConcurrency(concurrency)
      state.isPauseSeen = isPaused
      return waitMs
    }
    state.isPauseSeen = false
    for (let taken = 0; taken < count; taken++) {
      state.inFlight++
      countSent(rate, clock.now())
      countEven(state, windows, clock.now())
    }
    return 0
  }

  function grantPermits(): void {
    for (;;) {
      const { queue } = state
      const next = state.isProbesOnly ? queue.findIndex(({ isProbe }) => isProbe) : 0
      const waiter = queue[next]
      if (waiter === undefined) return
      let waitMs: number
      const count = permitsFor(waiter.isPair)
      try {
        waitMs = take(waiter.isProbe, count)
      } catch (error) {
        // The quota cannot be used any more.
        for (const each of queue.splice(0)) each.reject(error)
        return
      }
      if (waitMs > 0) {
        if (waitMs !== Number.POSITIVE_INFINITY || state.inFlight === 0) timer.wakeIn(waitMs)
        return
      }
      queue.splice(next, 1)
      waiter.grant(count)
    }
  }

  function release(): void {
    state.inFlight--
    quota.end()
    if (state.queue.length > 0) grantPermits()
  }

  function enqueue(
    signal: AbortSignal,
    kind: Pick<Waiter, 'isProbe' | 'isNext' | 'isPair'>,
  ): Promise<Permit> {
    const { isProbe, isNext } = kind
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        state.queue = state.queue.filter((other) => other !== waiter)
        reject(signal.reason)
      }
      const waiter: Waiter = {
        ...kind,
        grant(count) {
          signal.removeEventListener('abort', leave)
          resolve(permitOf(isProbe, count))
        },
        reject,
      }
      signal.addEventListener('abort', leave, { once: true })
      const place = state.queue.findIndex((other) => isProbe || (isNext && !other.isProbe && !other.isNext))
      state.queue.splice(place < 0 ? state.queue.length : place, 0, waiter)
      grantPermits()
    })
  }

  function permitOf(isProbe: boolean, count: number): Permit {
    if (isProbe) return permits.probe
    return count === 2 ? pair : permits.usual
  }

  function pause(ms: number): void {
    quota.pause(ms)
    restartConcurrency(concurrency)
    state.isPauseSeen = true
    onPause?.(ms)
  }

  return {
    acquire(signal, { probe: isProbe = false, isNext = false, permits: wanted = 1 } = {}) {
      if (signal.aborted) return Promise.reject(signal.reason)
      const isPair = wanted === 2
      const count = permitsFor(isPair)
      if (state.queue.length > 0 || take(isProbe, count) > 0)
        return enqueue(signal, { isProbe, isNext, isPair })
      return Promise.resolve(permitOf(isProbe, count))
    },
    get isOpen() {
      return !state.isProbesOnly && quota.pausedForMs === 0
    },
    pause,
    setProbesOnly(isOn) {
      state.isProbesOnly = isOn
      if (!isOn) grantPermits()
    },
    allowConcurrency() {
      concurrency.isProven = true
    },
    get pausedForMs() {
      return quota.pausedForMs
    },
    close() {
      timer.close()
      quota.close()
    },
  }
}

/** Another process may make room without notice. */
const longestWaitMs = 1_000

/** Wakes the limiter at the earliest time that was asked for. */
function createTimer(state: LimiterState, clock: Clock, wake: () => void) {
  const closed = new AbortController()

  async function run(ms: number, at: number): Promise<void> {
    await clock.sleep(ms, closed.signal)
    // An earlier time has replaced this one.
    if (state.wakeAt !== at) return
    state.wakeAt = undefined
    if (!closed.signal.aborted) wake()
  }

  return {
    wakeIn(ms: number): void {
      const waitMs = Math.ceil(Math.min(ms, longestWaitMs))
      const at = clock.now() + waitMs
      if (state.wakeAt !== undefined && state.wakeAt <= at) return
      state.wakeAt = at
      void run(waitMs, at)
    },
    close: () => closed.abort(),
  }
}

/** What a result means for everybody: the limits, a pause, the circuit breaker. */
function createFeedback(parts: RateLimiterParts, state: LimiterState, pause: (ms: number) => void) {
  const { quota, windows, clock, random, longestMs, onSuccess, onFailure } = parts

  function throttled(response: ApiResponse): void {
    parts.onThrottled?.()
    // Requests that were in flight together with the first one show nothing new.
    if (quota.pausedForMs > 0) return
    const leftMs = learnFromThrottling(state, longestMs, clock.now())
    if (leftMs <= 0) return parts.stop(stopError('E_QUOTA', ''))
    const askedMs = retryAfterMs(response, clock.wall()) || pauseMs(state.pauses, windows, random())
    pause(Math.min(askedMs, leftMs))
  }

  return (isProbe: boolean): Omit<Permit, 'release'> => ({
    answered(response) {
      if (isThrottled(response)) return throttled(response)
      const { status } = response
      const isTrouble = learnFromAnswer(state, status, quota.pausedForMs > 0, clock.now())
      if (isProbe) return
      if (isTrouble) onFailure(`HTTP ${status}`)
      else onSuccess()
    },
    failed({ phase, reason }) {
      learnFromFailure(state, phase === 'ambiguous')
      if (!isProbe) onFailure(reason)
    },
  })
}

const leastPauseMs = 1_000
const longestUnknownMs = 60_000

/**
 * How long all requests pause after a 429 without `Retry-After`: the shorter window, then the longer one. Rapyd documents no
 * header and blocks for one minute or five. Without known windows the pause begins with a second and doubles.
 *
 * @param pauses pauses in a row, including this one
 * @param random in [0, 1): clients that were stopped together must not come back together
 */
export function pauseMs(
  pauses: number,
  windows: readonly { readonly perMs: number }[],
  random: number,
): number {
  const lengths = windows.map((window) => window.perMs)
  if (lengths.length === 0) return Math.min(longestUnknownMs, leastPauseMs * 2 ** (pauses - 1))
  const pause = pauses > 1 ? Math.max(leastPauseMs, ...lengths) : Math.max(leastPauseMs, Math.min(...lengths))
  return pause + random * Math.min(5_000, pause / 10)
}
