/** The client of a run: its transport and quota, and what the journal and the log keep of pauses and outages. */
import type { Resolved } from '../config/job-options.ts'
import type { UpdateOptions } from '../config/options.ts'
import { createClient } from '../http/client.ts'
import type { Client } from '../http/client.ts'
import { createMemoryQuota } from '../http/limiter-state.ts'
import { createTransport } from '../http/transport.ts'
import type { Clock, Quota } from '../model/ports.ts'
import type { RunJournal } from '../store/journal.ts'
import { openQuota } from '../store/quota.ts'
import { accountFolder } from './account-folder.ts'
import type { RunParts } from './parts.ts'
import { createPauseNotes } from './pauses.ts'

/** What a client needs of a run, or of a command that only reads. */
export type RunClientParts = Pick<RunParts, 'remote' | 'tell'> & {
  readonly options: Resolved<Pick<UpdateOptions, 'stateDir'>>
  readonly progress: Pick<RunParts['progress'], 'requested'>
}

/** `stop` ends the run: an outage or a block lasts too long. */
export function openClient(
  parts: RunClientParts,
  journal: Pick<RunJournal, 'get' | 'note' | 'intend'>,
  concurrency: number,
  clock: Clock,
  stop: (error: Error) => void,
): Client {
  const { origin, windows, credentials } = parts.remote
  const quota = openClientQuota(parts, clock)
  const pauses = createPauseNotes(journal, () => clock.wall())
  let rateLimited = Number(journal.get('rate_limited') ?? 0)
  const transport = createTransport({
    origin: origin.origin,
    connections: concurrency,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: 30_000,
    onRequest: parts.progress.requested,
  })
  return createClient({
    transport,
    credentials,
    quota,
    windows,
    concurrency,
    clock,
    random: Math.random,
    longestMs: parts.options.maxOutageMs,
    intend: (request) => journal.intend(request),
    stop,
    onThrottled: () => journal.note('rate_limited', String(++rateLimited)),
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

/** All runs of an account on this machine share one quota; a run against the embedded simulator has its own. */
function openClientQuota({ remote, options }: RunClientParts, clock: Clock): Quota {
  const { windows } = remote
  if (windows.length === 0 || options.env === 'simulator') return createMemoryQuota(windows, clock)
  return openQuota(accountFolder(remote, options.stateDir), windows)
}
