/** Decorators that tell a listener what passes, and change nothing. */
import type { Limiter } from './limiter.ts'
import type { Transport } from './transport.ts'

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

/** `onRequest` is called for every HTTP request that is made, whatever becomes of it. */
export function countRequests(transport: Transport, onRequest: () => void): Transport {
  return {
    exchange(request) {
      onRequest()
      return transport.exchange(request)
    },
    close: () => transport.close(),
  }
}
