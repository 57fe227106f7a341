/**
 * The limiter: no request goes on the wire without a turn. A turn needs a free slot, room in the account's quota, and its
 * time in a rate that was found; requests are served in order.
 */
import type { Clock, Quota } from '../model/ports.ts'
import type { FoundRate } from './found-rate.ts'
import type { Slots } from './slots.ts'

export interface Limiter {
  /**
   * Resolves with what the caller has to call once when the exchange is over. Rejects when `signal` aborts before its turn. A
   * `probe` goes ahead of all others, also while no other may.
   */
  turn(signal: AbortSignal, probe?: boolean): Promise<() => void>
  /** No request gets a turn for `ms`; then one request goes ahead alone, and more as they are answered. */
  pause(ms: number): void
  /** Only probes get turns until it is taken back. */
  hold(isHeld: boolean): void
  /** Milliseconds until the pause ends; 0 when there is none. */
  readonly pausedForMs: number
  /** Lets its timer and the quota go. No turn may be asked for afterwards. */
  close(): void
}

export interface LimiterParts {
  readonly quota: Quota
  readonly slots: Slots
  readonly found: FoundRate
  readonly clock: Clock
  /** Told of every pause. Must not throw. */
  readonly onPause?: (ms: number) => void
}

interface Waiter {
  readonly isProbe: boolean
  readonly grant: () => void
  readonly reject: (error: unknown) => void
}

/** Another process may make room without this one's knowledge. */
const longestWaitMs = 1_000

export function createLimiter({ quota, slots, found, clock, onPause }: LimiterParts): Limiter {
  let inFlight = 0
  let isHeld = false
  let wasPaused = false
  /** When the timer that runs ends; nothing where none runs. */
  let wakeAt: number | undefined
  let queue: Waiter[] = []
  const ended = new AbortController()

  /** Takes a turn and gives 0, or says how long to wait: infinity for "until something ends". */
  function take(isProbe: boolean): number {
    if ((isHeld && !isProbe) || inFlight >= slots.count) return Number.POSITIVE_INFINITY
    const spacing = found.waitMs()
    if (spacing > 0) return spacing
    const wait = quota.take()
    if (wait > 0) {
      // Another process of this account may have been paused.
      if (!wasPaused && quota.pausedForMs > 0) slots.restart()
      wasPaused = quota.pausedForMs > 0
      return wait
    }
    wasPaused = false
    inFlight++
    found.sent()
    return 0
  }

  function grantTurns(): void {
    for (;;) {
      const next = isHeld ? queue.findIndex(({ isProbe }) => isProbe) : 0
      const waiter = queue[next]
      if (waiter === undefined) return
      let wait: number
      try {
        wait = take(waiter.isProbe)
      } catch (error) {
        // No turn can be given any more.
        for (const one of queue.splice(0)) one.reject(error)
        return
      }
      if (wait > 0) {
        if (wait !== Number.POSITIVE_INFINITY || inFlight === 0) wakeIn(wait)
        return
      }
      queue.splice(next, 1)
      waiter.grant()
    }
  }

  function wakeIn(ms: number): void {
    const waitMs = Math.ceil(Math.min(ms, longestWaitMs))
    const at = clock.now() + waitMs
    if (wakeAt !== undefined && wakeAt <= at) return
    wakeAt = at
    void wake(waitMs, at)
  }

  async function wake(ms: number, at: number): Promise<void> {
    await clock.sleep(ms, ended.signal)
    // An earlier one took its place.
    if (wakeAt !== at) return
    wakeAt = undefined
    if (!ended.signal.aborted) grantTurns()
  }

  function end(): void {
    inFlight--
    quota.end()
    if (queue.length > 0) grantTurns()
  }

  return {
    turn(signal, isProbe = false) {
      if (signal.aborted) return Promise.reject(signal.reason)
      if (queue.length === 0 && take(isProbe) === 0) return Promise.resolve(end)
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          queue = queue.filter((other) => other !== waiter)
          reject(signal.reason)
        }
        const waiter: Waiter = {
          isProbe,
          grant() {
            signal.removeEventListener('abort', leave)
            resolve(end)
          },
          reject,
        }
        signal.addEventListener('abort', leave, { once: true })
        if (isProbe) queue.unshift(waiter)
        else queue.push(waiter)
        grantTurns()
      })
    },
    pause(ms) {
      quota.pause(ms)
      slots.restart()
      wasPaused = true
      onPause?.(ms)
    },
    hold(held) {
      isHeld = held
      if (!held) grantTurns()
    },
    get pausedForMs() {
      return quota.pausedForMs
    },
    close() {
      ended.abort()
      quota.close()
    },
  }
}
