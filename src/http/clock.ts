/** The system's clock as the port that limiter and retries are given. */
import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../model/ports.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  // Aborted, it ends early and is no error.
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => {}),
}

/** A timer of Node overflows at 2^31 ms and then ends at once. */
const longestSleepMs = 3_600_000

/** Resolves at `time`, in milliseconds of `clock.now`, or when `signal` is aborted. */
export async function sleepUntil(
  clock: Pick<Clock, 'now' | 'sleep'>,
  time: number,
  signal: AbortSignal,
): Promise<void> {
  for (let waitMs = time - clock.now(); waitMs > 0 && !signal.aborted; waitMs = time - clock.now())
    await clock.sleep(Math.min(waitMs, longestSleepMs), signal)
}
