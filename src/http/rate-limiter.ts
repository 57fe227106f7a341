/**
 * The rate limiter: no request is sent without a permit. A permit needs room in the rate windows, the adaptive concurrency
 * and the adaptive rate, and no pause. Results of requests change these limits (`limiter-state.ts`).
 */
import type { ApiResponse, Clock } from '../model/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import { stopError } from './errors.ts'
import {
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
import type { LimiterState } from './limiter-state.ts'
import { createPermitQueue } from './permit-queue.ts'
import type { Limits } from './permit-queue.ts'
import type { Permit, RateLimiter } from './ports.ts'
import { retryAfterMs } from './retry.ts'
import type { Quota, Window } from '../model/store.ts'

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
  const { quota, clock } = parts
  const state = initialState(parts.concurrency, clock.now())
  const limits = createLimits(parts, state)
  const feedback = createFeedback(parts, state, limits.pause)
  const queue = createPermitQueue(limits, clock)

  function release(): void {
    state.inFlight--
    quota.end()
    queue.grant()
  }

  // A permit has no state of its own, so all requests of a kind share one.
  const probe: Permit = { ...feedback(true), release }
  const usual: Permit = { ...feedback(false), release }
  const pair: Permit = { ...usual, second: usual }

  return {
    async acquire(signal, options = {}) {
      const permits = await queue.take(signal, options)
      if (options.probe === true) return probe
      return permits === 2 ? pair : usual
    },
    get isOpen() {
      return !state.isProbesOnly && quota.pausedForMs === 0
    },
    pause: limits.pause,
    setProbesOnly(isOn) {
      state.isProbesOnly = isOn
      if (!isOn) queue.grant()
    },
    allowConcurrency() {
      state.concurrency.isProven = true
    },
    get pausedForMs() {
      return quota.pausedForMs
    },
    close() {
      queue.close()
      quota.close()
    },
  }
}

/** Whether requests may be sent now, and what they take from the limits. */
function createLimits(
  parts: RateLimiterParts,
  state: LimiterState,
): Limits & { readonly pause: (ms: number) => void } {
  const { quota, clock, windows, callsLeft = () => 0, onPause } = parts
  const { concurrency, rate } = state

  function spacingMs(isProbe: boolean): number {
    const now = clock.now()
    return Math.max(rateWaitMs(rate, now), isProbe ? 0 : evenWaitMs(state, windows, callsLeft(), now))
  }

  return {
    isFor: (isProbe) => isProbe || !state.isProbesOnly,
    isIdle: () => state.inFlight === 0,
    permitsFor(isPair) {
      const mayPair = currentConcurrency(concurrency) > 1 && windows.every(({ limit }) => limit > 1)
      return isPair && mayPair ? 2 : 1
    },
    take(isProbe, permits) {
      const isClosed = state.isProbesOnly && !isProbe
      if (isClosed || state.inFlight + permits > currentConcurrency(concurrency))
        return Number.POSITIVE_INFINITY
      const waitMs = spacingMs(isProbe) || quota.take(permits)
      if (waitMs > 0) {
        // Another process of this account may have begun a pause.
        const isPaused = quota.pausedForMs > 0
        if (isPaused && !state.isPauseSeen) restartConcurrency(concurrency)
        state.isPauseSeen = isPaused
        return waitMs
      }
      state.isPauseSeen = false
      state.inFlight += permits
      for (let taken = 0; taken < permits; taken++) countSent(state, windows, clock.now())
      return 0
    },
    pause(ms) {
      quota.pause(ms)
      restartConcurrency(concurrency)
      state.isPauseSeen = true
      onPause?.(ms)
    },
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
 * How long all requests pause after a 429 without `Retry-After`: the shorter window, then the longer one (Rapyd blocks for one minute
 * or five). Without windows the pause begins with a second and doubles. `random`, in [0, 1): clients must not come back together.
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
