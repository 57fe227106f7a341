/**
 * The windows of one process: an exact sliding log. A request counts from the moment it takes room until a whole window
 * after its answer: the server counted it at an unknown moment in between. So latency and jitter can never
 * push two windows together.
 */
import { windowEdgeMs } from '../model/ports.ts'
import type { Clock, Quota, Window } from '../model/ports.ts'

/** `windows` hold the limits after the reserve has been taken off; none means no limit but pauses. */
export function createMemoryQuota(windows: readonly Window[], clock: Pick<Clock, 'now'>): Quota {
  const keep = Math.max(0, ...windows.map((window) => window.limit))
  /** When requests ended, oldest first; only as many as the largest window can ask for. */
  let ends: number[] = []
  let inFlight = 0
  let pausedUntil = 0

  /** When there is room: now or earlier, a later time, or infinity for "when a request ends". */
  function roomAt(): number {
    let at = pausedUntil
    for (const { limit, perMs } of windows) {
      const place = limit - inFlight
      if (place <= 0) return Number.POSITIVE_INFINITY
      // With `place` or more ends inside the window, the oldest of those has to leave it first.
      const blocking = ends[ends.length - place]
      if (blocking !== undefined) at = Math.max(at, blocking + perMs + windowEdgeMs)
    }
    return at
  }

  return {
    take() {
      if (windows.length === 0 && pausedUntil === 0) return 0
      const waitMs = roomAt() - clock.now()
      if (waitMs > 0) return waitMs
      inFlight++
      return 0
    },
    end() {
      if (keep === 0) return
      inFlight--
      ends.push(clock.now())
      if (ends.length > keep * 2) ends = ends.slice(-keep)
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
