/** What a 429 or a firewall's page means: no request is sent for a while, and no row loses an attempt. */
import type { ApiResponse, Clock, Window } from '../model/ports.ts'
import type { FoundRate } from './found-rate.ts'
import type { Limiter } from './limiter.ts'
import { retryAfterMs } from './retry.ts'
import { stopError } from './stop-error.ts'

export interface Throttle {
  /** Pauses everybody for as long as the answer asks for, and finds out what the limit is. */
  throttled(response: ApiResponse): void
  /** An answer that was not throttled. */
  accepted(): void
}

export interface ThrottleParts {
  readonly limiter: Pick<Limiter, 'pause' | 'pausedForMs'>
  readonly found: FoundRate
  readonly windows: readonly Window[]
  readonly clock: Clock
  readonly random: () => number
  /** Throttled for longer, the run ends. Milliseconds. */
  readonly longestMs: number
  /** Counts answers that throttled us. */
  readonly onThrottled: () => void
  /** Ends the run. */
  readonly stop: (error: Error) => void
}

export function createThrottle(parts: ThrottleParts): Throttle {
  const { limiter, found, windows, clock, longestMs } = parts
  /** Pauses in a row without an accepted answer behind them. */
  let pauses = 0
  let began = 0

  return {
    throttled(response) {
      parts.onThrottled()
      // Requests that were in flight beside the first one say nothing new.
      if (limiter.pausedForMs > 0) return
      const now = clock.now()
      if (pauses === 0) began = now
      const leftMs = began + longestMs - now
      if (leftMs <= 0) return parts.stop(stopError('E_QUOTA', ''))
      pauses++
      found.throttled()
      const askedMs = retryAfterMs(response, clock.wall()) || pauseMs(pauses, windows, parts.random())
      limiter.pause(Math.min(askedMs, leftMs))
    },
    accepted() {
      pauses = 0
    },
  }
}

const leastPauseMs = 1_000
const longestUnknownMs = 60_000

/**
 * How long everyone stops after a 429 that does not say it: the shorter window, and the longer one where the last pause was
 * not enough. Rapyd documents no header and blocks for a minute or for five. Where no windows are known the pause begins
 * with a second and doubles.
 *
 * @param pauses pauses in a row, this one among them
 * @param random in [0, 1): a crowd that was stopped together must not come back together
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
