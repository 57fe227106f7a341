/**
 * The breaker: when nearly nothing gets through, rows stop knocking and one harmless read asks again and again instead. No
 * row loses an attempt to an outage but those that met its beginning.
 */
import type { Clock } from '../model/ports.ts'
import type { Limiter } from './limiter.ts'
import { stopError } from './stop-error.ts'

export interface OutageParts {
  readonly limiter: Pick<Limiter, 'hold'>
  readonly clock: Clock
  /** Asks once; true where Rapyd answers. Never rejects. */
  readonly probe: (signal: AbortSignal) => Promise<boolean>
  /** An outage that lasts longer ends the run. Milliseconds. */
  readonly longestMs: number
  /** Ends the run. */
  readonly stop: (error: Error) => void
  /** Told when rows stop knocking and when they go on. Must not throw. */
  readonly onChange?: (isDown: boolean) => void
}

export interface Outage {
  /** An answer that shows a server at work. */
  succeeded(): void
  /** No answer, or one that shows a server in trouble. `why`: a short word for the message, such as `ECONNREFUSED`. */
  failed(why: string): void
  /** Lets the probing go. */
  close(): void
}

const inARow = 10
const lately = 40
const firstProbeMs = 5_000
const longestProbeMs = 60_000
/** Down again so soon after it came back, it was the same outage. */
const sameMs = 60_000

export function createOutage(parts: OutageParts): Outage {
  const { limiter, clock, probe, longestMs, stop } = parts
  const closed = new AbortController()
  /** The last results, true for a failure. */
  let results: boolean[] = []
  let failures = 0
  let isDown = false
  /** When it went down, and for how long it had been down before in the same outage. */
  let wentDown = 0
  let downMs = 0
  let cameBack = Number.NEGATIVE_INFINITY
  let probeMs = firstProbeMs

  function lastedMs(): number {
    return downMs + clock.now() - wentDown
  }

  async function waitForIt(why: string): Promise<void> {
    for (;;) {
      await clock.sleep(Math.min(probeMs, Math.max(1, longestMs - lastedMs())), closed.signal)
      if (closed.signal.aborted) return
      if (await probe(closed.signal)) return comeBack()
      if (closed.signal.aborted) return
      if (lastedMs() >= longestMs) return stop(stopError('E_REMOTE_DOWN', why))
      probeMs = Math.min(longestProbeMs, probeMs * 2)
    }
  }

  function comeBack(): void {
    isDown = false
    downMs = lastedMs()
    failures = 0
    results = []
    cameBack = clock.now()
    parts.onChange?.(false)
    limiter.hold(false)
  }

  function goDown(why: string): void {
    isDown = true
    const isSame = clock.now() - cameBack < sameMs
    wentDown = clock.now()
    downMs = isSame ? downMs : 0
    probeMs = isSame ? Math.min(longestProbeMs, probeMs * 2) : firstProbeMs
    limiter.hold(true)
    // Reads may be answered where updates are not.
    if (downMs >= longestMs) return stop(stopError('E_REMOTE_DOWN', why))
    parts.onChange?.(true)
    void waitForIt(why)
  }

  function note(isFailure: boolean): void {
    results.push(isFailure)
    if (results.length > lately) results.shift()
  }

  return {
    succeeded() {
      if (isDown) return
      failures = 0
      if (results.length > 0) note(false)
    },
    failed(why) {
      if (isDown) return
      failures++
      note(true)
      const many = results.length === lately && results.filter(Boolean).length * 2 >= lately
      if (failures >= inARow || many) goDown(why)
    },
    close: () => closed.abort(),
  }
}
