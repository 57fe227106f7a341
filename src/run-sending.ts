/** The sending pass of a run: parts put together around the one loop, and what can stop it. */
import { createCalls } from './client/call.ts'
import { systemClock } from './client/clock.ts'
import { createLimiter } from './client/limiter.ts'
import { announcePauses, countRequests } from './client/observed.ts'
import { preflight } from './client/preflight.ts'
import { createSender } from './client/sender.ts'
import { createSigner } from './client/signing.ts'
import { createTransport } from './client/transport.ts'
import type { Outcome } from './domain/outcome.ts'
import type { MalformedRow, Row } from './domain/row.ts'
import { BulkUpdateError } from './errors.ts'
import { firstRows, rowsOf } from './input/rows.ts'
import { interruption } from './interruption.ts'
import { parseErrorLimit } from './options.ts'
import { createLanes } from './pipeline/lanes.ts'
import type { Deliver, Source } from './pipeline/ports.ts'
import type { Scan } from './pipeline/scan.ts'
import { send } from './pipeline/send.ts'
import { createThreshold } from './pipeline/threshold.ts'
import { openOutcome } from './run-account.ts'
import type { RunParts } from './run-parts.ts'
import type { RunJournal } from './store/journal.ts'

/** Rows that may run or wait in lanes, for each request in flight. */
const lanePlaces = 64

/** Sends what has no outcome yet. Gives what stopped it, or nothing when every row has an outcome. */
export async function sendAll(
  parts: RunParts,
  journal: RunJournal,
  found: Scan,
  concurrency: number,
): Promise<BulkUpdateError | undefined> {
  const { options, signal, file, head, prepare } = parts
  const { origin, windows, credentials } = parts.remote
  const clock = systemClock
  const limiter = announcePauses(createLimiter(windows, clock), (pauseMs) =>
    parts.tell({ kind: 'throttled', pauseMs }),
  )
  const signer = createSigner(credentials, clock)
  const transport = createTransport({
    origin: origin.origin,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: 30_000,
  })
  const calls = createCalls({
    limiter,
    signer,
    transport: countRequests(transport, parts.progress.requested),
    intend: (request) => journal.intend(request),
    concurrency,
  })
  const stopping = new AbortController()
  const both = AbortSignal.any([signal, stopping.signal])
  let rateLimited = Number(journal.get('rate_limited') ?? 0)
  const sender = createSender({
    calls,
    limiter,
    windows,
    signer,
    clock,
    random: Math.random,
    inDoubt: journal.inDoubt(),
    onThrottled: () => journal.set('rate_limited', String(++rateLimited)),
  })
  const closed = new Set(journal.closedLanes())
  /** An error of one row ends the run at once: the others begin no further attempt while their lanes empty. */
  const orStop = async <Result>(work: Promise<Result>): Promise<Result> => {
    try {
      return await work
    } catch (error) {
      stopping.abort(error)
      throw error
    }
  }
  const deliver: Deliver = async (request, aborted) => {
    if (aborted.aborted) return undefined
    if (closed.has(request.customerId)) {
      return openOutcome(request, {
        code: 'E_EARLIER_ROW',
        message: 'an earlier row of this customer failed or is unknown',
      })
    }
    return orStop(sender(request, aborted))
  }
  const threshold = createThreshold(parseErrorLimit(options.maxErrors ?? '10%'))
  let failure: BulkUpdateError | undefined
  const settle = async (outcome: Outcome): Promise<void> => {
    if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') closed.add(outcome.customerId)
    await orStop(journal.settle(outcome))
    parts.progress.settled(outcome)
    if (threshold.passed(outcome.outcome) && failure === undefined) {
      failure = tooManyErrors()
      stopping.abort(failure)
    }
  }
  try {
    parts.progress.sending({
      found,
      limit: options.limit,
      settled: journal.counts(),
      errors: journal.errorCounts(),
      windows,
      pausedForMs: () => limiter.pausedForMs,
    })
    await preflight({ calls, limiter, windows, signer, clock, random: Math.random }, both)
    const limited =
      options.limit === undefined ? rowsOf(file, head) : firstRows(rowsOf(file, head), options.limit)
    await send({
      source: withoutSettled(limited, journal),
      prepare,
      deliver,
      lanes: createLanes(concurrency * lanePlaces),
      settle,
      signal: both,
    })
  } catch (error) {
    stopping.abort(error)
    if (error instanceof BulkUpdateError) failure ??= error
    // Rows that a stop has caught between two attempts reject too; anything else is a bug and no end of the run.
    else if (failure === undefined && !signal.aborted) throw error
  } finally {
    await transport.close()
  }
  if (failure === undefined && signal.aborted) failure = interruption(signal.reason)
  if (failure === undefined && options.limit === undefined) journal.set('state', 'finished')
  return failure
}

/** Leaves out rows that have an outcome from an earlier session. */
async function* withoutSettled(
  source: Source,
  journal: RunJournal,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  const settled = journal.settledRows()
  for await (const rows of source) {
    const open = settled.size === 0 ? rows : rows.filter(({ row }) => !settled.has(row))
    if (open.length > 0) yield open
  }
}

function tooManyErrors(): BulkUpdateError {
  return new BulkUpdateError(
    'REMOTE',
    'E_MAX_ERRORS',
    'more rows than --max-errors allows ended not updated',
    'Look at errors and summary.json, then run the same command again: it goes on where it stopped.',
  )
}
