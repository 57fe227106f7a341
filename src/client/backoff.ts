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
 * longer one where the last pause was not enough. Rapyd documents no header and blocks for a minute or for five.
 */
export function pauseMs(
  retryAfter: string,
  wallMs: number,
  repeated: boolean,
  windows: readonly { readonly perMs: number }[],
): number {
  const asked = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - wallMs
  if (asked > 0) return Math.min(asked, longestPauseMs)
  const lengths = windows.map((window) => window.perMs)
  return repeated ? Math.max(1_000, ...lengths) : Math.max(1_000, Math.min(60_000, ...lengths))
}

/** No header may stop a run for longer than this at a time. */
const longestPauseMs = 30 * 60_000
