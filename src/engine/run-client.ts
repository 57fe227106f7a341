/** The HTTP client of a run, or of a command that only reads, and what it notes: its pauses and outages. */
import type { ResolvedOptions } from '../config/job-options.ts'
import { createClient, type Client } from '../http/client.ts'
import { systemClock as clock } from '../http/clock.ts'
import { createMemoryQuota } from '../http/limiter-state.ts'
import { createTransport } from '../http/transport.ts'
import type { ApiResponse, Clock } from '../model/ports.ts'
import { readEnvelope } from '../rapyd/response.ts'
import { longestAttemptMs, type Run, type Quota, type Store } from '../model/store.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { RunEvent } from '../report/run-log.ts'
import { pausesKey, readPauses, type Pause } from '../report/html/report-data.ts'
import type { Remote } from '../http/ports.ts'
import { unfitNote } from './record.ts'

export interface RunClientParts {
  readonly store: Store
  readonly remote: Remote
  readonly options: Pick<ResolvedOptions, 'concurrency' | 'maxOutageMs' | 'env' | 'useSystemCa'>
  readonly notify: (event: RunEvent) => void
  /** Called with every request on the wire. */
  readonly requested?: (() => void) | undefined
  /** Calls that are left, if they are spread over the windows. */
  readonly callsLeft?: (() => number) | undefined
  /** What sends; undefined for a command that only reads. */
  readonly sending?: { readonly run: Run; readonly settleAfterMs: (request: UpdateRequest) => number }
  /** Ends the run: an outage or a block lasts too long. */
  readonly stop: (error: Error) => void
}

/** With the clock and the delays that its readers and senders share. */
export type RunClient = Client & { readonly clock: Clock; readonly random: () => number }

export async function openClient(parts: RunClientParts): Promise<RunClient> {
  const { remote, options, sending, notify } = parts
  const { origin, proxy, windows, credentials } = remote
  const { concurrency } = options
  const run = sending?.run
  const quota = await openClientQuota(parts)
  const pauses = run && createPauseNotes(run, () => clock.wall())
  let rateLimited = Number(run?.note('rate_limited') ?? 0)
  let lastPerSecond = 1
  const transport = createTransport({
    origin: origin.origin,
    proxy,
    useSystemCa: options.useSystemCa,
    connections: concurrency,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: longestAttemptMs,
    maySend: () => run?.isFresh !== false,
    onRequest: parts.requested,
  })
  let unfit = Number(run?.note(unfitNote) ?? 0)
  const client = createClient({
    transport: {
      ...transport,
      async exchange(request) {
        const response = await transport.exchange(request)
        if (run !== undefined && readEnvelope(response.body)?.hasUnfitText === true)
          run.noteLater(unfitNote, String(++unfit))
        return [credentials.accessKey, credentials.secretKey].reduce(withoutKey, response)
      },
    },
    credentials,
    quota,
    windows,
    concurrency,
    clock,
    callsLeft: parts.callsLeft,
    random: Math.random,
    longestMs: options.maxOutageMs,
    intend: (request) => sending?.run.recordIntent(request, sending.settleAfterMs(request)),
    owner: run,
    stop: parts.stop,
    onThrottled: () => run?.noteLater('rate_limited', String(++rateLimited)),
    onPause(pauseMs, perSecond = 1) {
      pauses?.blocked(pauseMs)
      notify({ kind: 'throttled', pauseMs })
      lastPerSecond = Math.max(lastPerSecond, Math.min(1, perSecond))
      if (perSecond > lastPerSecond / 2) return
      lastPerSecond = perSecond
      notify({ kind: 'slowed', perSecond })
    },
    onOutage(isDown) {
      pauses?.outage(isDown)
      notify({ kind: 'outage', isDown })
    },
  })
  return { ...client, clock, random: Math.random }
}

/** Codes, ids and words of an answer go into reports, and a gateway may repeat there what it was sent. Customers stay as they are. */
function withoutKey(response: ApiResponse, key: string): ApiResponse {
  if (key.length < 8 || !response.body.includes(key)) return response
  const { errorCode, words, operationId } = readEnvelope(response.body) ?? {}
  const isRepeated = [errorCode, words, operationId].some((text) => text?.includes(key))
  return isRepeated ? { ...response, body: response.body.replaceAll(key, '') } : response
}

/** All runs of an account share the quota of the store. A run against the embedded simulator has its own. */
async function openClientQuota({ remote, options, store }: RunClientParts): Promise<Quota> {
  const { windows } = remote
  if (windows.length === 0 || options.env === 'simulator') return createMemoryQuota(windows, clock)
  return store.quota(remote, windows)
}

/** Only the last ones are kept. */
const mostKept = 500

/** Notes pauses and outages of a run, for the report. */
export function createPauseNotes(run: Pick<Run, 'note' | 'noteLater'>, wall: () => number) {
  const pauses: Pause[] = [...readPauses(run.note(pausesKey))]
  let downSince: number | undefined

  function note(pause: Pause): void {
    pauses.push(pause)
    if (pauses.length > mostKept) pauses.shift()
    run.noteLater(pausesKey, JSON.stringify(pauses))
  }

  return {
    blocked(ms: number): void {
      const from = wall()
      note({ from, to: from + Math.round(ms), kind: 'blocked' })
    },
    outage(isDown: boolean): void {
      if (isDown) downSince = wall()
      else if (downSince !== undefined) note({ from: downSince, to: wall(), kind: 'outage' })
    },
  }
}
