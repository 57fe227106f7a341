/** The client of one run: transport, limiter, signer and calls, put together for its remote. */
import { createCalls } from './client/call.ts'
import type { Calls } from './client/call.ts'
import { createLimiter } from './client/limiter.ts'
import type { Limiter } from './client/limiter.ts'
import { announcePauses } from './client/announced-pauses.ts'
import { createSigner } from './client/signing.ts'
import type { Signer } from './client/signing.ts'
import { createThrottle } from './client/throttle.ts'
import { createTransport } from './client/transport.ts'
import type { Clock } from './pipeline/ports.ts'
import type { RunParts } from './run-parts.ts'
import { createSlowest } from './run-slowest.ts'
import type { RunJournal } from './store/journal.ts'

export interface RunClient {
  readonly calls: Calls
  readonly limiter: Limiter
  readonly signer: Signer
  /** Waits for what is in flight. */
  close(): Promise<void>
}

export function openClient(
  parts: RunParts,
  journal: RunJournal,
  concurrency: number,
  clock: Clock,
): RunClient {
  const { origin, windows, credentials } = parts.remote
  const limiter = announcePauses(createLimiter(windows, clock), (pauseMs) =>
    parts.tell({ kind: 'throttled', pauseMs }),
  )
  let rateLimited = Number(journal.get('rate_limited') ?? 0)
  const onThrottled = (): void => journal.note('rate_limited', String(++rateLimited))
  const signer = createSigner(credentials, clock)
  const slowest = createSlowest(journal)
  const transport = createTransport({
    origin: origin.origin,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: 30_000,
    onRequest: parts.progress.requested,
    onAnswer: ({ tookMs }) => slowest.note(tookMs),
  })
  const calls = createCalls({
    limiter,
    throttle: createThrottle({ limiter, windows, clock, onThrottled }),
    signer,
    transport,
    intend: (request) => journal.intend(request),
    concurrency,
  })
  return {
    calls,
    limiter,
    signer,
    async close() {
      limiter.close()
      await transport.close()
    },
  }
}
