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

/** `onRequest` is called for every HTTP request, whatever becomes of it, `onAnswer` with how long an answer took. */
export function observeRequests(
  transport: Transport,
  onRequest: () => void,
  onAnswer: (tookMs: number) => void,
): Transport {
  return {
    exchange(request) {
      onRequest()
      return transport.exchange(request).then((response) => {
        onAnswer(response.tookMs)
        return response
      })
    },
    close: () => transport.close(),
  }
}
