/**
 * The rate limiter: no request is sent without a permit. A permit needs room in the rate windows, the adaptive concurrency
 * and the adaptive rate, and no pause. Results of requests change these limits (`limiter-state.ts`).
 */
import type { ApiResponse, Clock } from '../model/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import { stopError, type TransportError } from './errors.ts'
import {
  catchUpMs,
  createAdaptiveConcurrency,
  createAdaptiveRate,
  type AdaptiveConcurrency,
  type AdaptiveRate,
} from './limiter-state.ts'
import { retryAfterMs } from './retry.ts'
import type { Quota, Window } from '../model/store.ts'

export interface RateLimiterParts {
  /** Keeps the rate windows, and the pauses of all that send for the account. */
  readonly quota: Quota
  /** Their lengths are the lengths of pauses. */
  readonly windows: readonly Window[]
  /** Calls that are left, for an even pace. Default 0: requests are sent as soon as the windows have room. */
  readonly callsLeft?: (() => number) | undefined
  /** Requests in flight at most. */
  readonly concurrency: number
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** The run stops if it is throttled for longer. Milliseconds. */
  readonly longestMs: number
  readonly stop: (error: Error) => void
  /** For the circuit breaker. Not called for its own probes. */
  readonly onSuccess: () => void
  readonly onFailure: (reason: string) => void
  /** Called for every throttled answer. */
  readonly onThrottled?: () => void
  /** Called for every pause, with the requests a second that are allowed after it if a limit was found. Must not throw. */
  readonly onPause?: (ms: number, perSecond: number | undefined) => void
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

export interface AcquireOptions {
  /** A probe goes ahead of all, also while the circuit is open. */
  readonly probe?: boolean
  /** Goes ahead of all but probes. */
  readonly isNext?: boolean
  /** 2: there is a second permit, if the limits allow two at once. */
  readonly permits?: 1 | 2
}

export type RateLimiter = ReturnType<typeof createRateLimiter>

export function createRateLimiter(parts: RateLimiterParts) {
  const { quota, clock } = parts
  const concurrency = createAdaptiveConcurrency(parts.concurrency)
  const rate = createAdaptiveRate(clock.now())
  const limits = createLimits(parts, concurrency, rate)
  const feedback = createFeedback(parts, concurrency, rate, limits.pause)
  const queue = createPermitQueue(limits, clock)

  function release(): void {
    limits.release()
    queue.grant()
  }

  // A permit has no state of its own, so all requests of a kind share one.
  const probe: Permit = { ...feedback(true), release }
  const usual: Permit = { ...feedback(false), release }
  const pair: Permit = { ...usual, second: usual }

  return {
    /** Resolves when a request may be sent, in order. Rejects with the signal's reason. */
    async acquire(signal: AbortSignal, options: AcquireOptions = {}): Promise<Permit> {
      const permits = await queue.take(signal, options)
      if (options.probe === true) return probe
      return permits === 2 ? pair : usual
    },
    /** True if a permit that was kept may be used now: there is no pause, and the circuit is closed. */
    get isOpen(): boolean {
      return limits.isFor(false) && quota.pausedForMs === 0
    },
    /** No permits for so many milliseconds. Then one request goes ahead, and more as they are answered. */
    pause: limits.pause,
    /** While it is on, only probes get permits: the circuit is open. */
    setProbesOnly(isOn: boolean): void {
      limits.setProbesOnly(isOn)
      if (!isOn) queue.grant()
    },
    /** Until this is called, requests go one at a time. */
    allowConcurrency: (): void => concurrency.prove(),
    /** Milliseconds until the pause ends; 0 if there is none. */
    get pausedForMs(): number {
      return quota.pausedForMs
    },
    /** Ends the timer and closes the quota. */
    close(): Promise<void> {
      queue.close()
      return quota.close()
    },
  }
}

/** Whether requests may be sent now, and what they take from the limits. */
function createLimits(parts: RateLimiterParts, concurrency: AdaptiveConcurrency, rate: AdaptiveRate) {
  const { quota, clock, windows, callsLeft = () => 0, onPause } = parts
  const smallest = Math.min(...windows.map(({ limit }) => limit))
  /** The even pace is that of the slowest window. */
  const evenMs = Math.max(0, ...windows.map(({ limit, perMs }) => perMs / limit))
  /** When the even pace allows the next request. */
  let evenAt = 0
  /** Permits that are not released yet. */
  let inFlight = 0
  /** True while the circuit breaker is open. */
  let isProbesOnly = false
  /** True once concurrency has restarted because of the current pause. */
  let isPauseSeen = false

  /** False while the circuit is open, but for probes. */
  function isFor(isProbe: boolean): boolean {
    return isProbe || !isProbesOnly
  }

  function hasRoom(isProbe: boolean, permits: number): boolean {
    return isFor(isProbe) && inFlight + permits <= concurrency.current
  }

  function spacingMs(isProbe: boolean): number {
    const now = clock.now()
    // There is an even pace while more calls are left than the smallest window allows.
    const isEven = !isProbe && callsLeft() > smallest
    return Math.max(rate.waitMs(now), isEven ? evenAt - now - catchUpMs : 0)
  }

  return {
    isFor,
    setProbesOnly(isOn: boolean): void {
      isProbesOnly = isOn
    },
    /** True if no request is in flight, so no release makes room. */
    isIdle: (): boolean => inFlight === 0,
    /** How many permits a request gets together. */
    permitsFor: (isPair: boolean): number => (isPair && concurrency.current > 1 && smallest > 1 ? 2 : 1),
    /** Takes permits and resolves with 0, or with how long to wait: infinity for "until a release". Called again only after that. */
    async take(isProbe: boolean, permits: number): Promise<number> {
      if (!hasRoom(isProbe, permits)) return Number.POSITIVE_INFINITY
      const waitMs = spacingMs(isProbe) || (await quota.take(permits))
      if (waitMs > 0) {
        // Another process of this account may have begun a pause.
        const isPaused = quota.pausedForMs > 0
        if (isPaused && !isPauseSeen) concurrency.restart()
        isPauseSeen = isPaused
        return waitMs
      }
      // An answer may have come meanwhile.
      if (!hasRoom(isProbe, permits) || quota.pausedForMs > 0) {
        for (let taken = 0; taken < permits; taken++) void quota.end()
        return quota.pausedForMs || Number.POSITIVE_INFINITY
      }
      isPauseSeen = false
      inFlight += permits
      const now = clock.now()
      for (let taken = 0; taken < permits; taken++) rate.sent(now)
      evenAt = Math.max(evenAt, now) + evenMs * permits
      return 0
    },
    release(): void {
      inFlight--
      void quota.end()
    },
    pause: (ms: number): void => {
      void quota.pause(ms)
      concurrency.restart()
      isPauseSeen = true
      onPause?.(ms, rate.perSecond)
    },
  }
}

interface Waiter {
  readonly isProbe: boolean
  readonly isNext: boolean
  readonly isPair: boolean
  readonly grant: (permits: number) => void
  readonly reject: (error: unknown) => void
}

/** Requests that wait until the limits allow them, and the timer that looks again. */
function createPermitQueue(limits: ReturnType<typeof createLimits>, clock: Clock) {
  let waiting: Waiter[] = []
  const timer = createTimer(clock, grant)
  let isGranting = false
  /** True if limits may have changed since they were last tried. */
  let isAsked = false

  function grant(): void {
    isAsked = true
    if (!isGranting) void grantAll()
  }

  async function grantAll(): Promise<void> {
    isGranting = true
    try {
      for (; isAsked; await grantSome()) isAsked = false
    } catch (error) {
      // The quota cannot be used any more.
      for (const each of waiting.splice(0)) each.reject(error)
    } finally {
      isGranting = false
    }
  }

  /** Grants permits until no request waits, or the limits allow no more. */
  async function grantSome(): Promise<void> {
    for (;;) {
      const waiter = waiting.find(({ isProbe }) => limits.isFor(isProbe))
      if (waiter === undefined) return
      const permits = limits.permitsFor(waiter.isPair)
      const waitMs = await limits.take(waiter.isProbe, permits)
      if (waitMs > 0) {
        if (waitMs !== Number.POSITIVE_INFINITY || limits.isIdle()) timer.wakeIn(waitMs)
        return
      }
      const place = waiting.indexOf(waiter)
      // It was stopped meanwhile.
      if (place < 0) for (let given = 0; given < permits; given++) limits.release()
      else waiting.splice(place, 1)[0]?.grant(permits)
    }
  }

  function add(waiter: Waiter): void {
    const { isProbe, isNext } = waiter
    const place = waiting.findIndex((other) => isProbe || (isNext && !other.isProbe && !other.isNext))
    waiting.splice(place < 0 ? waiting.length : place, 0, waiter)
  }

  return {
    /** Gives permits to those who may have them now. */
    grant,
    /** Resolves with how many permits were taken. Rejects with the signal's reason. */
    async take(signal: AbortSignal, options: AcquireOptions): Promise<number> {
      const { probe: isProbe = false, isNext = false } = options
      const isPair = options.permits === 2
      signal.throwIfAborted()
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      const waiter: Waiter = { isProbe, isNext, isPair, grant: resolve, reject }
      const leave = (): void => {
        waiting = waiting.filter((other) => other !== waiter)
        reject(signal.reason)
      }
      signal.addEventListener('abort', leave, { once: true })
      add(waiter)
      grant()
      return promise.finally(() => signal.removeEventListener('abort', leave))
    },
    close: () => timer.close(),
  }
}

/** Another process may make room without notice. */
const longestWaitMs = 1_000

/** Wakes the limiter at the earliest time that was asked for. */
function createTimer(clock: Clock, wake: () => void) {
  const closed = new AbortController()
  /** Undefined if no timer runs. */
  let wakeAt: number | undefined

  async function run(ms: number, at: number): Promise<void> {
    await clock.sleep(ms, closed.signal)
    // An earlier time has replaced this one.
    if (wakeAt !== at) return
    wakeAt = undefined
    if (!closed.signal.aborted) wake()
  }

  return {
    wakeIn(ms: number): void {
      const waitMs = Math.ceil(Math.min(ms, longestWaitMs))
      const at = clock.now() + waitMs
      if (wakeAt !== undefined && wakeAt <= at) return
      wakeAt = at
      void run(waitMs, at)
    },
    close: () => closed.abort(),
  }
}

/** What a result means for everybody: the limits, a pause, the circuit breaker. */
function createFeedback(
  parts: RateLimiterParts,
  concurrency: AdaptiveConcurrency,
  rate: AdaptiveRate,
  pause: (ms: number) => void,
) {
  const { quota, windows, clock, random, longestMs, onSuccess, onFailure } = parts
  /** Rate-limit pauses in a row, without an accepted answer in between, and when the first one began. */
  let [pauses, pausesBegan] = [0, 0]

  function throttled(response: ApiResponse): void {
    parts.onThrottled?.()
    // Requests that were in flight together with the first one show nothing new.
    if (quota.pausedForMs > 0) return
    const now = clock.now()
    if (pauses === 0) pausesBegan = now
    const leftMs = pausesBegan + longestMs - now
    if (leftMs <= 0) return parts.stop(stopError('E_QUOTA', ''))
    pauses++
    rate.lower(now)
    const askedMs = retryAfterMs(response, clock.wall()) || pauseMs(pauses, windows, random())
    pause(Math.min(askedMs, leftMs))
  }

  return (isProbe: boolean): Omit<Permit, 'release'> => ({
    answered(response) {
      if (isThrottled(response)) return throttled(response)
      const { status } = response
      const isLate = quota.pausedForMs > 0
      if (!isLate) pauses = 0
      rate.accepted(clock.now())
      const isTrouble = concurrency.answered(status, isLate)
      if (isProbe) return
      if (isTrouble) onFailure(`HTTP ${status}`)
      else onSuccess()
    },
    failed({ phase, reason }) {
      concurrency.failed(phase === 'ambiguous')
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
