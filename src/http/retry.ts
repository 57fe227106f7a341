/**
 * p-retry is the loop and the count of attempts; the delay between them is ours, on a clock that tests can turn. An attempt
 * returns what it found, or `TryAgain`; only this file throws to have it made again.
 */
import pRetry from 'p-retry'
import type { RetryContext } from 'p-retry'
import type { ApiResponse, Clock } from '../model/ports.ts'

/** Attempts that one row may cost, ambiguous ones and those that were never sent together. */
export const mostAttempts = 6

/** What an attempt returns that is to be made again. */
export class TryAgain extends Error {
  override readonly name = 'TryAgain'
  /** True where it costs neither an attempt nor a delay: the limiter makes it wait, or only its signature was wrong. */
  readonly isFree: boolean
  /** Milliseconds that the server asks to wait at least. */
  readonly leastMs: number

  constructor(reason: string, { isFree = false, leastMs = 0 } = {}) {
    super(reason)
    this.isFree = isFree
    this.leastMs = leastMs
  }
}

export interface RetryParts {
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  /** In [0, 1). */
  readonly random: () => number
}

export interface RetryLimits {
  /** How often it is made at most. Default six times. */
  readonly attempts?: number
  /** For as many milliseconds it is made again however often it failed. Default 0. */
  readonly patienceMs?: number
}

/** Makes an attempt until it says something else than `TryAgain`. Resolves with the last `TryAgain` where all are used up. */
export async function retry<Result>(
  attempt: () => Promise<Result | TryAgain>,
  { clock, random }: RetryParts,
  signal: AbortSignal,
  { attempts = mostAttempts, patienceMs = 0 }: RetryLimits = {},
): Promise<Result | TryAgain> {
  const begun = clock.now()
  const isFree = ({ error }: RetryContext): boolean => error instanceof TryAgain && error.isFree
  const isMadeAgain = (context: RetryContext): boolean => {
    if (!(context.error instanceof TryAgain)) return false
    const isLeft = context.retriesConsumed < attempts - 1 || clock.now() - begun < patienceMs
    return isLeft || isFree(context)
  }
  try {
    return await pRetry(
      async () => {
        const found = await attempt()
        if (found instanceof TryAgain) throw found
        return found
      },
      {
        // At a limit of its own p-retry would end what is free as well, so `shouldRetry` asks its count.
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 0,
        maxTimeout: 0,
        shouldConsumeRetry: (context) => !isFree(context),
        shouldRetry: isMadeAgain,
        async onFailedAttempt(context) {
          if (!isMadeAgain(context) || isFree(context)) return
          const { error, retriesConsumed } = context
          const leastMs = error instanceof TryAgain ? error.leastMs : 0
          await clock.sleep(Math.max(leastMs, backoffMs(retriesConsumed + 1, random())), signal)
        },
      },
    )
  } catch (error) {
    if (error instanceof TryAgain) return error
    throw error
  }
}

const firstMs = 500
const longestMs = 30_000

/**
 * Milliseconds before the attempt after the `failed`-th (from 1); `random` is in [0, 1). Full jitter: a crowd that failed
 * together must not come back together.
 */
export function backoffMs(failed: number, random: number): number {
  return Math.floor(random * Math.min(longestMs, firstMs * 2 ** (failed - 1)))
}

/** What `Retry-After` asks for, seconds or a date, in milliseconds; 0 where it says nothing. */
export function retryAfterMs({ headers }: Pick<ApiResponse, 'headers'>, wallMs: number): number {
  const asked = String(headers['retry-after'] ?? '')
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - wallMs
  return ms > 0 ? ms : 0
}
