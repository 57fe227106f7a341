/**
 * The limiter: no request goes on the wire without a turn, and no window is ever crossed.
 *
 * It keeps an exact sliding log. A request counts from its turn until a whole window after its answer: the server counted
 * it somewhere in between, and nobody knows where. So latency and jitter can never push two windows together.
 */
import type { Clock } from '../pipeline/ports.ts'

export interface Window {
  readonly limit: number
  readonly perMs: number
}

export interface Limiter {
  /**
   * Gives, at once where there is room, what the caller has to call once when the exchange is over. Rejects when `signal`
   * aborts before its turn.
   */
  turn(signal: AbortSignal): (() => void) | Promise<() => void>
  /** Nobody gets a turn for `ms`; then one request goes ahead alone, two when it has ended, then four, and so on. */
  pause(ms: number): void
  /** Milliseconds until the pause ends; 0 when there is none. */
  readonly pausedForMs: number
  /** Lets its timer go, once nobody asks for turns any more. */
  close(): void
}

/** Servers round their clocks; a request exactly at the edge of a window could still fall inside. */
const edgeMs = 5

/** So many in flight are no burst any more: the windows alone decide. */
const rampEnds = 64

interface Waiter {
  readonly grant: () => void
}

/** `windows` hold the limits after the reserve has been taken off; none means no limit but pauses. */
export function createLimiter(windows: readonly Window[], clock: Clock): Limiter {
  const keep = Math.max(0, ...windows.map((window) => window.limit))
  /** When requests ended, oldest first; only as many as the largest window can ask for. */
  let ends: number[] = []
  let inFlight = 0
  let pausedUntil = 0
  /** Requests that may be in flight; bounded only after a pause. */
  let ramp = Number.POSITIVE_INFINITY
  let timerRuns = false
  const queue: Waiter[] = []
  const ended = new AbortController()

  /** When the next turn is free: now or earlier, a later time, or `undefined` for "when a request ends". */
  function nextTurnAt(): number | undefined {
    let at = pausedUntil
    if (inFlight >= ramp) return undefined
    for (const { limit, perMs } of windows) {
      const place = limit - inFlight
      if (place <= 0) return undefined
      // With `place` or more ends inside the window, the oldest of those has to leave it first.
      const blocking = ends[ends.length - place]
      if (blocking !== undefined) at = Math.max(at, blocking + perMs + edgeMs)
    }
    return at
  }

  function grantTurns(): void {
    while (queue.length > 0) {
      const at = nextTurnAt()
      if (at === undefined) return
      const wait = at - clock.now()
      if (wait > 0) return wakeIn(wait)
      inFlight++
      queue.shift()?.grant()
    }
  }

  function wakeIn(ms: number): void {
    if (timerRuns) return
    timerRuns = true
    void wake(Math.ceil(ms))
  }

  async function wake(ms: number): Promise<void> {
    await clock.sleep(ms, ended.signal)
    timerRuns = false
    grantTurns()
  }

  function end(): void {
    inFlight--
    if (keep > 0) {
      ends.push(clock.now())
      if (ends.length > keep * 2) ends = ends.slice(-keep)
    }
    if (clock.now() >= pausedUntil) ramp = ramp < rampEnds ? ramp * 2 : Number.POSITIVE_INFINITY
    grantTurns()
  }

  return {
    turn(signal) {
      if (signal.aborted) return Promise.reject(signal.reason)
      if (queue.length === 0) {
        const at = nextTurnAt()
        if (at !== undefined && at <= clock.now()) {
          inFlight++
          return end
        }
      }
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          grant() {
            signal.removeEventListener('abort', leave)
            resolve(end)
          },
        }
        function leave(): void {
          queue.splice(queue.indexOf(waiter), 1)
          reject(signal.reason)
        }
        signal.addEventListener('abort', leave, { once: true })
        queue.push(waiter)
        grantTurns()
      })
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms)
      ramp = 1
    },
    get pausedForMs() {
      return Math.max(0, pausedUntil - clock.now())
    },
    close: () => ended.abort(),
  }
}
