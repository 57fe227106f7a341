/** The client of a run: its transport and quota, and what the store and the log keep of pauses and outages. */
import type { ResolvedOptions } from '../config/job-options.ts'
import { createClient } from '../http/client.ts'
import type { Client } from '../http/client.ts'
import { createMemoryQuota } from '../http/limiter-state.ts'
import { createTransport } from '../http/transport.ts'
import type { Clock } from '../model/ports.ts'
import type { Run, Quota } from '../model/store.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { RunParts } from './parts.ts'
import { createPauseNotes } from './pauses.ts'
import type { RunOwner } from '../http/ports.ts'

/** What a client needs of a run, or of a command that only reads. */
export type RunClientParts = Pick<RunParts, 'remote' | 'tell' | 'store'> & {
  readonly options: Pick<ResolvedOptions, 'maxOutageMs' | 'env' | 'useSystemCa'>
  readonly progress: Pick<RunParts['progress'], 'requested'>
  /** Calls that are left, if they are spread over the windows. */
  readonly callsLeft?: (() => number) | undefined
}

/** What the client needs of a run that sends. */
export interface SendingRun extends Pick<Run, 'note' | 'noteLater'> {
  /** Undefined for a command that only reads. */
  readonly owner?: RunOwner
  readonly recordIntent: (request: UpdateRequest) => Promise<void> | undefined
}

/** `stop` ends the run: an outage or a block lasts too long. */
export async function openClient(
  parts: RunClientParts,
  run: SendingRun,
  concurrency: number,
  clock: Clock,
  stop: (error: Error) => void,
): Promise<Client> {
  const { origin, proxy, windows, credentials } = parts.remote
  const quota = await openClientQuota(parts, clock)
  const pauses = createPauseNotes(run, () => clock.wall())
  let rateLimited = Number(run.note('rate_limited') ?? 0)
  const transport = createTransport({
    origin: origin.origin,
    proxy,
    useSystemCa: parts.options.useSystemCa,
    connections: concurrency,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: 30_000,
    maySend: () => run.owner?.isFresh !== false,
    onRequest: parts.progress.requested,
  })
  return createClient({
    transport,
    credentials,
    quota,
    windows,
    concurrency,
    clock,
    callsLeft: parts.callsLeft ?? (() => 0),
    random: Math.random,
    longestMs: parts.options.maxOutageMs,
    intend: run.recordIntent,
    owner: run.owner,
    stop,
    onThrottled: () => run.noteLater('rate_limited', String(++rateLimited)),
    onPause(pauseMs) {
      pauses.blocked(pauseMs)
      parts.tell({ kind: 'throttled', pauseMs })
    },
    onOutage(isDown) {
      pauses.outage(isDown)
      parts.tell({ kind: 'outage', isDown })
    },
  })
}

/** All runs of an account share the quota of the store. A run against the embedded simulator has its own. */
async function openClientQuota({ remote, options, store }: RunClientParts, clock: Clock): Promise<Quota> {
  const { windows } = remote
  if (windows.length === 0 || options.env === 'simulator') return createMemoryQuota(windows, clock)
  return store.quota(remote, windows)
}
