/** A limiter that tells a listener of its pauses, and changes nothing. */
import type { Limiter } from './limiter.ts'

/** `onPause` gets the milliseconds of every pause that is made. */
export function announcePauses(limiter: Limiter, onPause: (ms: number) => void): Limiter {
  return {
    turn: (signal) => limiter.turn(signal),
    pause(ms) {
      limiter.pause(ms)
      onPause(ms)
    },
    get pausedForMs() {
      return limiter.pausedForMs
    },
    close: () => limiter.close(),
  }
}
