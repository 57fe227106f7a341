/** What a 429 or a firewall's page means for everybody: nobody sends for a while, and no row loses an attempt. */
import type { ApiResponse, Clock } from '../pipeline/ports.ts'
import { isThrottled } from '../rapyd/response.ts'
import { pauseMs } from './backoff.ts'
import type { Limiter, Window } from './limiter.ts'

/** Looks at an answer, and pauses everybody where it asks for that. */
export type Throttle = (response: ApiResponse) => void

export interface ThrottleParts {
  readonly limiter: Limiter
  readonly windows: readonly Window[]
  readonly clock: Clock
  /** Counts answers that throttled us. */
  readonly onThrottled: () => void
}

export function createThrottle({ limiter, windows, clock, onThrottled }: ThrottleParts): Throttle {
  const longestMs = Math.max(60_000, ...windows.map((window) => window.perMs))
  let lastAt = Number.NEGATIVE_INFINITY

  return (response) => {
    if (!isThrottled(response)) return
    onThrottled()
    const now = clock.now()
    const repeated = now - lastAt < 2 * longestMs
    lastAt = now
    // Requests that were in flight beside the first one say nothing new.
    if (limiter.pausedForMs > 0) return
    const retryAfter = String(response.headers['retry-after'] ?? '')
    limiter.pause(pauseMs(retryAfter, clock.wall(), repeated, windows))
  }
}
