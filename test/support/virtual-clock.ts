/** Time that passes only when the test says so. */
import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../../src/model/ports.ts'

export interface VirtualClock extends Clock {
  /** Moves on to `ms`, waking sleepers in their order; promises settle in between. */
  advanceTo(ms: number): Promise<void>
}

export function createVirtualClock(): VirtualClock {
  let now = 0
  let sleepers: { readonly at: number; readonly wake: () => void }[] = []
  return {
    now: () => now,
    wall: () => 1_700_000_000_000 + now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        sleepers.push({ at: now + ms, wake: resolve })
        signal?.addEventListener('abort', () => resolve(), { once: true })
      }),
    async advanceTo(ms) {
      for (;;) {
        // Everything runs that is ready to run.
        await setImmediate()
        const next = sleepers.toSorted((left, right) => left.at - right.at)[0]
        if (next === undefined || next.at > ms) break
        sleepers = sleepers.filter((sleeper) => sleeper !== next)
        now = Math.max(now, next.at)
        next.wake()
      }
      now = Math.max(now, ms)
    },
  }
}
