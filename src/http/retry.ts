/**
 * The loop around attempts. p-retry repeats and counts them; the delay between them is ours, on a clock that tests can turn.
 * An attempt returns `Again` to be repeated, and only this file throws, to p-retry.
 */
import pRetry, { type RetryContext } from 'p-retry'
import type { ApiResponse, Clock } from '../model/ports.ts'

/** Attempts that one row may cost, whether they were sent or not. */
export const mostAttempts = 6

/** The attempt has to be made again. */
export interface Again {
  readonly kind: 'again'
  readonly reason: string
  /** True if it costs neither an attempt nor a delay: the limiter delays it, or only its signature was wrong. */
  readonly isFree: boolean
  /** Milliseconds that the server asks to wait at least. */
  readonly leastMs: number
}

export function again(reason: string, { isFree = false, leastMs = 0 } = {}): Again {
  return { kind: 'again', reason, isFree, leastMs }
}

export function isAgain(found: { readonly kind: string }): found is Again {
  return found.kind === 'again'
}

export interface RetryParts {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** In [0, 1). */
  readonly random: () => number
}

export interface RetryLimits {
  /** Attempts at most. Default 6. */
  readonly attempts?: number
  /** Attempts are repeated for at least this many milliseconds, whatever their number. Default 0. */
  readonly patienceMs?: number
}

/** Repeats an attempt until it returns something else than `Again`. Resolves with the last `Again` if all attempts are used up. */
export async function retry<Found extends { readonly kind: string }>(
  attempt: () => Promise<Found | Again>,
  { clock, random }: RetryParts,
  signal: AbortSignal,
  { attempts = mostAttempts, patienceMs = 0 }: RetryLimits = {},
): Promise<Found | Again> {
  const begun = clock.now()
  /** What the last attempt has returned, if it has to be made again. */
  const last: { again?: Again | undefined } = {}
  const isRepeated = ({ retriesConsumed }: RetryContext): boolean => {
    if (last.again === undefined) return false
    return last.again.isFree || retriesConsumed < attempts - 1 || clock.now() - begun < patienceMs
  }
  try {
    return await pRetry(
      async () => {
        last.again = undefined
        const found = await attempt()
        if (!isAgain(found)) return found
        last.again = found
        throw new Error(found.reason)
      },
      {
        // A limit here would also end free attempts, so `shouldRetry` compares the count.
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 0,
        maxTimeout: 0,
        shouldConsumeRetry: () => last.again?.isFree !== true,
        shouldRetry: isRepeated,
        async onFailedAttempt(context) {
          const { isFree = true, leastMs = 0 } = last.again ?? {}
          if (isFree || !isRepeated(context)) return
          await clock.sleep(Math.max(leastMs, backoffMs(context.retriesConsumed + 1, random())), signal)
        },
      },
    )
  } catch (error) {
    if (last.again !== undefined) return last.again
    throw error
  }
}

const firstMs = 500
const longestMs = 30_000

/**
 * Milliseconds to wait after the `failed`-th attempt (from 1); `random` is in [0, 1). Full jitter: clients that failed
 * together must not come back together.
 */
export function backoffMs(failed: number, random: number): number {
  return Math.floor(random * Math.min(longestMs, firstMs * 2 ** (failed - 1)))
}

/** `Retry-After`, seconds or a date, in milliseconds; 0 without it. */
export function retryAfterMs({ headers }: Pick<ApiResponse, 'headers'>, wallMs: number): number {
  const asked = String(headers['retry-after'] ?? '')
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - wallMs
  return ms > 0 ? ms : 0
}

/**
 * Throttled answers to one call. A firewall also judges what a request holds, with the same page as for a limit; such a call
 * must not hold up the run for ever.
 */
export interface Blocks {
  readonly times: number
  /** Those that were pages of a firewall. A 429 says nothing about one call. */
  readonly pages: number
  /** How often another request had got through since the page before. */
  readonly passes: number
  /** Updates of all rows when the last page arrived. */
  readonly seen: Updates
}

export interface Updates {
  /** Those that the API itself answered. */
  readonly through: number
  /** Those that met a page. */
  readonly blocked: number
}

export const noBlocks: Blocks = { times: 0, pages: 0, passes: 0, seen: { through: 0, blocked: 0 } }

const enoughPasses = 2

/** True if a firewall blocks this call alone. */
export function isOwnBlock({ passes }: Blocks): boolean {
  return passes >= enoughPasses
}
