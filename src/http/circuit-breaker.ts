/**
 * The circuit breaker. Closed: requests are sent. Open: Rapyd does not answer, so requests wait and no row loses an attempt.
 * Half-open: a probe, one harmless read, asks whether Rapyd is back.
 */
import type { Clock } from '../model/ports.ts'
import { stopError } from './errors.ts'
import type { RateLimiter } from './rate-limiter.ts'

export interface CircuitBreakerParts {
  readonly limiter: Pick<RateLimiter, 'setProbesOnly'>
  readonly clock: Clock
  /** Resolves with true if Rapyd answers. Must not reject. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>
  /** The run stops after a longer outage. Milliseconds. */
  readonly longestMs: number
  readonly stop: (error: Error) => void
  /** Called when the circuit opens and when it closes. Must not throw. */
  readonly onChange?: ((isOpen: boolean) => void) | undefined
}

/** The circuit opens after so many failures in a row, or if half of so many results were failures. */
const mostInARow = 10
const resultsKept = 40
const firstProbeMs = 5_000
const longestProbeMs = 60_000
/** If the circuit opens again so soon, it is the same outage. */
const sameOutageMs = 60_000

export function createCircuitBreaker(parts: CircuitBreakerParts) {
  const { limiter, clock, probe, longestMs, stop } = parts
  const ended = new AbortController()
  let state: 'closed' | 'open' | 'half_open' = 'closed'
  /** The last results, true for a failure. */
  let results: boolean[] = []
  let failuresInARow = 0
  let openedAt = 0
  let closedAt = Number.NEGATIVE_INFINITY
  /** How long the circuit was open before in the same outage. */
  let earlierMs = 0
  let probeMs = firstProbeMs

  function outageMs(): number {
    return earlierMs + clock.now() - openedAt
  }

  function open(reason: string): void {
    const isSame = clock.now() - closedAt < sameOutageMs
    state = 'open'
    openedAt = clock.now()
    earlierMs = isSame ? earlierMs : 0
    probeMs = isSame ? Math.min(longestProbeMs, probeMs * 2) : firstProbeMs
    limiter.setProbesOnly(true)
    // Reads may be answered although updates are not.
    if (earlierMs >= longestMs) return stop(stopError('E_REMOTE_DOWN', reason))
    parts.onChange?.(true)
    void probeUntilAnswered(reason)
  }

  async function probeUntilAnswered(reason: string): Promise<void> {
    for (;;) {
      await clock.sleep(Math.min(probeMs, Math.max(1, longestMs - outageMs())), ended.signal)
      if (ended.signal.aborted) return
      state = 'half_open'
      if (await probe(ended.signal)) return close()
      if (ended.signal.aborted) return
      state = 'open'
      if (outageMs() >= longestMs) return stop(stopError('E_REMOTE_DOWN', reason))
      probeMs = Math.min(longestProbeMs, probeMs * 2)
    }
  }

  function close(): void {
    state = 'closed'
    closedAt = clock.now()
    earlierMs = outageMs()
    failuresInARow = 0
    results = []
    parts.onChange?.(false)
    limiter.setProbesOnly(false)
  }

  function keepResult(isFailure: boolean): void {
    results.push(isFailure)
    if (results.length > resultsKept) results.shift()
  }

  return {
    /** An answer shows that the server works. */
    succeeded(): void {
      if (state !== 'closed') return
      failuresInARow = 0
      if (results.length > 0) keepResult(false)
    },
    /** No answer, or one that shows a server in trouble. `reason`: a short word for the message, such as `ECONNREFUSED`. */
    failed(reason: string): void {
      if (state !== 'closed') return
      failuresInARow++
      keepResult(true)
      const isHalf = results.length === resultsKept && results.filter(Boolean).length * 2 >= resultsKept
      if (failuresInARow >= mostInARow || isHalf) open(reason)
    },
    /** Ends the probes. */
    close: (): void => ended.abort(),
  }
}
