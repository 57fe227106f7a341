/** The system's clock as the port that limiter and retries are given. */
import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../model/ports.ts'

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  // Aborted, it ends early and is no error.
  sleep: (ms, signal) => setTimeout(ms, undefined, { signal }).catch(() => {}),
}
