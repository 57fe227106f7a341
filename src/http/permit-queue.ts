/** The queue for permits: requests that wait until the limits allow them, and the timer that looks again. */
import type { Clock } from '../model/ports.ts'
import type { AcquireOptions } from './ports.ts'

export interface Limits {
  /** False while the circuit is open, but for probes. */
  isFor(isProbe: boolean): boolean
  /** True if no request is in flight, so no release makes room. */
  isIdle(): boolean
  /** How many permits a request gets together. */
  permitsFor(isPair: boolean): number
  /** Takes permits and returns 0, or returns how long to wait: infinity for "until a release". */
  take(isProbe: boolean, permits: number): number
}

interface Waiter {
  readonly isProbe: boolean
  readonly isNext: boolean
  readonly isPair: boolean
  readonly grant: (permits: number) => void
  readonly reject: (error: unknown) => void
}

export function createPermitQueue(limits: Limits, clock: Clock) {
  let waiting: Waiter[] = []
  const timer = createTimer(clock, grant)

  function grant(): void {
    for (;;) {
      const place = waiting.findIndex(({ isProbe }) => limits.isFor(isProbe))
      const waiter = waiting[place]
      if (waiter === undefined) return
      const permits = limits.permitsFor(waiter.isPair)
      let waitMs: number
      try {
        waitMs = limits.take(waiter.isProbe, permits)
      } catch (error) {
        // The quota cannot be used any more.
        for (const each of waiting.splice(0)) each.reject(error)
        return
      }
      if (waitMs > 0) {
        if (waitMs !== Number.POSITIVE_INFINITY || limits.isIdle()) timer.wakeIn(waitMs)
        return
      }
      waiting.splice(place, 1)
      waiter.grant(permits)
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
      const permits = limits.permitsFor(isPair)
      if (waiting.length === 0 && limits.take(isProbe, permits) === 0) return permits
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
