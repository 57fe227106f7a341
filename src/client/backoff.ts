/** How often and how long. Full jitter: a crowd that failed together must not come back together. */

/** HTTP requests that one row may cost, ambiguous ones and those that were never sent together. */
export const mostAttempts = 6

const firstMs = 500
const longestMs = 30_000

/** Milliseconds before the attempt after the `failed`-th (from 1); `random` is in [0, 1). */
export function backoffMs(failed: number, random: number): number {
  return Math.floor(random * Math.min(longestMs, firstMs * 2 ** (failed - 1)))
}

/**
 * How long everyone stops after a 429: what `Retry-After` says (seconds or a date), else the shorter window, and the
 * longer one where the last pause was not enough. Rapyd documents no header and blocks for a minute or for five. Where no
 * windows are known the pause begins with a second and doubles.
 *
 * @param pauses pauses in a row, this one among them
 * @param random in [0, 1): a crowd that was stopped together must not come back together
 */
export function pauseMs(
  retryAfter: string,
  wallMs: number,
  pauses: number,
  windows: readonly { readonly perMs: number }[],
  random: number,
): number {
  const asked = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - wallMs
  if (asked > 0) return asked
  const lengths = windows.map((window) => window.perMs)
  if (lengths.length === 0) return Math.min(longestUnknownMs, leastPauseMs * 2 ** (pauses - 1))
  const pause = pauses > 1 ? Math.max(leastPauseMs, ...lengths) : Math.max(leastPauseMs, Math.min(...lengths))
  return pause + random * Math.min(5_000, pause / 10)
}

const leastPauseMs = 1_000
const longestUnknownMs = 60_000
