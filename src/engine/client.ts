/** The client of one run: transport, limiter, signer, calls and what reacts to answers, put together for its remote. */
import type { Resolved } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { accountFolder } from './account-folder.ts'
import { createCalls } from '../http/call.ts'
import type { Calls } from '../http/call.ts'
import { createFoundRate } from '../http/found-rate.ts'
import { createHealth } from '../http/health.ts'
import { createLimiter } from '../http/limiter.ts'
import type { Limiter } from '../http/limiter.ts'
import { createMemoryQuota } from '../http/memory-quota.ts'
import { createOutage } from '../http/outage.ts'
import { createProof } from '../http/proof.ts'
import type { Proof } from '../http/proof.ts'
import { createSigner } from '../http/signing.ts'
import type { Signer } from '../http/signing.ts'
import { createSlots } from '../http/slots.ts'
import { createThrottle } from '../http/throttle.ts'
import { createTransport } from '../http/transport.ts'
import type { ApiResponse, Clock, Quota } from '../model/ports.ts'
import { readEnvelope } from '../rapyd/response.ts'
import { createPauseNotes, createSlowest } from './pauses.ts'
import type { RunParts } from './parts.ts'
import type { RunJournal } from '../store/journal.ts'
import { openQuota } from '../store/quota.ts'

export interface RunClient {
  readonly calls: Calls
  readonly limiter: Limiter
  readonly signer: Signer
  readonly proof: Proof
  /** Waits for what is in flight. */
  close(): Promise<void>
}

/** What a client needs of a run, or of a command that only reads. */
export type ClientParts = Pick<RunParts, 'remote' | 'tell'> & {
  readonly options: Resolved<Pick<UpdateOptions, 'stateDir'>>
  readonly progress: Pick<RunParts['progress'], 'requested'>
}

/** `stop` ends the run: an outage or a block lasts too long. */
export function openClient(
  parts: ClientParts,
  journal: Pick<RunJournal, 'get' | 'note' | 'intend'>,
  concurrency: number,
  clock: Clock,
  stop: (error: Error) => void,
): RunClient {
  const { origin, windows, credentials } = parts.remote
  const longestMs = parts.options.maxOutageMs
  const slots = createSlots(concurrency, false)
  const found = createFoundRate(clock)
  const pauses = createPauseNotes(journal, () => clock.wall())
  const limiter = createLimiter({
    quota: quotaOf(parts, clock),
    slots,
    found,
    clock,
    onPause(pauseMs) {
      pauses.blocked(pauseMs)
      parts.tell({ kind: 'throttled', pauseMs })
    },
  })
  let rateLimited = Number(journal.get('rate_limited') ?? 0)
  const onThrottled = (): void => journal.note('rate_limited', String(++rateLimited))
  const random = Math.random
  const throttle = createThrottle({ limiter, found, windows, clock, random, longestMs, onThrottled, stop })
  const signer = createSigner(credentials, clock)
  const slowest = createSlowest(journal)
  const transport = createTransport({
    origin: origin.origin,
    connections: concurrency,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: 30_000,
    onRequest: parts.progress.requested,
    onAnswer: ({ tookMs }) => slowest.note(tookMs),
  })
  const outage = createOutage({
    limiter,
    clock,
    longestMs,
    stop,
    probe: (signal) => calls.list(signal).then(isAtWork, () => false),
    onChange(isDown) {
      pauses.outage(isDown)
      parts.tell({ kind: 'outage', isDown })
    },
  })
  const calls = createCalls({
    limiter,
    health: createHealth({ throttle, slots, found, isPaused: () => limiter.pausedForMs > 0, outage }),
    signer,
    transport,
    intend: (request) => journal.intend(request),
    concurrency,
    hasWindows: windows.length > 0,
  })
  return {
    calls,
    limiter,
    signer,
    proof: createProof(slots),
    async close() {
      outage.close()
      await transport.close()
      limiter.close()
    },
  }
}

/** All runs of an account on this machine share one quota; the embedded simulator is a run's own. */
function quotaOf({ remote, options }: ClientParts, clock: Clock): Quota {
  const { windows } = remote
  if (windows.length === 0 || options.env === 'simulator') return createMemoryQuota(windows, clock)
  return openQuota(accountFolder(remote, options.stateDir), windows)
}

/** Rapyd's own answer, whatever it says about the request. */
function isAtWork({ status, body }: ApiResponse): boolean {
  return status < 500 && readEnvelope(body) !== undefined
}
