/** The composition root: options → parts → scan → guards → preflight → send → report. The only place that knows all parts. */
import { createHash, hash } from 'node:crypto'
import { resolve } from 'node:path'
import { createCalls } from './client/call.ts'
import { systemClock } from './client/clock.ts'
import { createLimiter } from './client/limiter.ts'
import { preflight } from './client/preflight.ts'
import { createSender } from './client/sender.ts'
import { createSigner } from './client/signing.ts'
import { createTransport } from './client/transport.ts'
import type { Outcome } from './domain/outcome.ts'
import { outcomeKinds } from './domain/outcome.ts'
import type { OutcomeKind } from './domain/outcome.ts'
import type { MalformedRow, Row } from './domain/row.ts'
import { BulkUpdateError, exitCodes } from './errors.ts'
import { openInput } from './input/bytes.ts'
import type { InputFile } from './input/bytes.ts'
import { readHead } from './input/header.ts'
import type { Head } from './input/header.ts'
import { firstRows, rowsOf } from './input/rows.ts'
import { parseErrorLimit, parsePercent, parseRate, resolveOrigin, isLoopback, usage } from './options.ts'
import type { UpdateOptions } from './options.ts'
import { guard } from './pipeline/guards.ts'
import { createLanes } from './pipeline/lanes.ts'
import type { Deliver, Prepare, Source } from './pipeline/ports.ts'
import { scan } from './pipeline/scan.ts'
import type { Scan } from './pipeline/scan.ts'
import { send } from './pipeline/send.ts'
import { createThreshold } from './pipeline/threshold.ts'
import { createPrepare, rulesOf } from './prepare.ts'
import { redactedCredentials } from './rapyd/signature.ts'
import { writeRows } from './report/reports.ts'
import { writeSummary } from './report/summary.ts'
import type { Summary } from './report/summary.ts'
import { accountOf, openOutcome } from './run-account.ts'
import { openJournal } from './store/journal.ts'
import type { RunJournal } from './store/journal.ts'
import { lockRun } from './store/lock.ts'
import { checkRunId, freshRunId, openRunDirectory, runName } from './store/run-directory.ts'

export interface Snapshot {
  readonly phase: 'checking' | 'sending' | 'reporting'
  readonly rows: number
  readonly done: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
}

export interface Watch {
  /** Called after the scan; throws to refuse. */
  readonly confirm?: (facts: {
    readonly host: string
    readonly account: string
    readonly scan: Scan
  }) => Promise<void>
  readonly onSnapshot?: (snapshot: Snapshot) => void
}

export interface UpdateResult {
  readonly summary: Summary
  readonly directory: string
  readonly exitCode: number
  /** What stopped the run, where it did not reach its end. */
  readonly stopped?: BulkUpdateError
  /** True where the run had been finished before and nothing was done. */
  readonly finishedBefore: boolean
}

/** Rows that may run or wait in lanes, for each request in flight. */
const lanePlaces = 64

/**
 * Updates customers from a file. Resolves with a summary for every run that began to send, stopped or not; rejects with a
 * `BulkUpdateError` where it did not begin. `signal` drains: what is in flight ends, the rest stays open.
 */
export async function bulkUpdate(
  options: UpdateOptions,
  watch: Watch,
  signal: AbortSignal,
): Promise<UpdateResult> {
  const env = options.env === 'production' ? 'production' : 'sandbox'
  const origin = resolveOrigin(env, options.baseUrl, options.allowHost)
  const windows = parseRate(options.rate ?? '200/1m,1000/5m', options.reserve ?? '10%')
  if (windows.length === 0 && !isLoopback(origin)) {
    throw usage(
      'E_RATE_NONE',
      '--rate none is for loopback only',
      'Leave --rate out to keep within Rapyd’s limits.',
    )
  }
  const { accessKey, secretKey } = options
  if (accessKey === undefined || secretKey === undefined) {
    throw usage(
      'E_NO_CREDENTIALS',
      'no credentials: RAPYD_ACCESS_KEY and RAPYD_SECRET_KEY are not both set',
      'Set them, or RAPYD_ACCESS_KEY_FILE and RAPYD_SECRET_KEY_FILE, in the environment; never as arguments.',
    )
  }
  const account = hash('sha256', `rapyd-bulk account\n${accessKey}`, 'hex').slice(0, 12)
  const file = await openInput(options.input)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const digest = await file.digest()
    const runsDir = resolve(options.runsDir ?? './rapyd-runs')
    const derived = `${runName(options.input)}-${runDigest(digest, options, origin.host, account)}`
    const wanted = options.runId === undefined ? derived : checkRunId(options.runId)
    const runId = options.newRun === true ? freshRunId(runsDir, wanted) : wanted
    const prepare = createPrepare(head, options.ignoreColumns ?? [], rulesOf(options), {
      host: origin.host,
      runId,
    })
    return await run({
      options,
      watch,
      signal,
      origin,
      windows,
      account,
      credentials: redactedCredentials(accessKey, secretKey),
      file,
      head,
      digest,
      runsDir,
      runId,
      prepare,
      env,
    })
  } finally {
    await file.close()
  }
}

interface Parts {
  readonly options: UpdateOptions
  readonly watch: Watch
  readonly signal: AbortSignal
  readonly origin: URL
  readonly windows: ReturnType<typeof parseRate>
  readonly account: string
  readonly credentials: ReturnType<typeof redactedCredentials>
  readonly file: InputFile
  readonly head: Head
  readonly digest: string
  readonly runsDir: string
  readonly runId: string
  readonly prepare: Prepare
  readonly env: string
}

async function run(parts: Parts): Promise<UpdateResult> {
  const { options, signal, file, head, prepare, origin, runId } = parts
  const found = await scan(rowsOf(file, head), prepare, () => {}, signal)
  const refusal = guard(found, {
    maxClearsPercent: parsePercent('max-clears', options.maxClears ?? '50%'),
    maxErrors: parseErrorLimit(options.maxErrors ?? '10%'),
    strict: options.strict ?? false,
  })
  if (refusal !== undefined) throw refusal
  await parts.watch.confirm?.({ host: origin.host, account: parts.account, scan: found })

  const directory = openRunDirectory(parts.runsDir, runId)
  const unlock = lockRun(directory, runId)
  const concurrency = options.concurrency ?? 16
  const journal = openJournal(`${directory}/journal.db`, concurrency * 16)
  try {
    bind(journal, {
      input: parts.digest,
      host: origin.host,
      account: parts.account,
      mapping: mappingDigest(options),
    })
    if (journal.get('state') === 'finished') {
      const summary = await report(parts, journal, directory, found, undefined)
      return { summary, directory, exitCode: exitCodes.OK, finishedBefore: true }
    }
    if (journal.get('started_at') === undefined) journal.set('started_at', new Date().toISOString())
    const stopped = await sendAll(parts, journal, found, concurrency)
    const summary = await report(parts, journal, directory, found, stopped)
    return {
      summary,
      directory,
      exitCode: summary.exit_code,
      finishedBefore: false,
      ...(stopped === undefined ? {} : { stopped }),
    }
  } finally {
    journal.close()
    unlock()
  }
}

/** Sends what has no outcome yet. Gives what stopped it, or nothing when every row has an outcome. */
async function sendAll(
  parts: Parts,
  journal: RunJournal,
  found: Scan,
  concurrency: number,
): Promise<BulkUpdateError | undefined> {
  const { options, signal, origin, windows, file, head, prepare } = parts
  const clock = systemClock
  const limiter = createLimiter(windows, clock)
  const signer = createSigner(parts.credentials, clock)
  const transport = createTransport({
    origin: origin.origin,
    connectTimeoutMs: 10_000,
    headersTimeoutMs: 20_000,
    attemptTimeoutMs: 30_000,
  })
  const calls = createCalls({
    limiter,
    signer,
    transport,
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
  const deliver: Deliver = async (request, aborted) => {
    if (aborted.aborted) return undefined
    if (closed.has(request.customerId)) {
      return openOutcome(request, {
        code: 'E_EARLIER_ROW',
        message: 'an earlier row of this customer failed or is unknown',
      })
    }
    return sender(request, aborted)
  }
  const threshold = createThreshold(parseErrorLimit(options.maxErrors ?? '10%'))
  const counts = new Map<OutcomeKind, number>()
  let failure: BulkUpdateError | undefined
  const settle = async (outcome: Outcome): Promise<void> => {
    if (outcome.outcome === 'failed' || outcome.outcome === 'unknown') closed.add(outcome.customerId)
    await journal.settle(outcome)
    counts.set(outcome.outcome, (counts.get(outcome.outcome) ?? 0) + 1)
    if (threshold.passed(outcome.outcome) && failure === undefined) {
      failure = tooManyErrors()
      stopping.abort(failure)
    }
  }
  const snapshot = setInterval(() => parts.watch.onSnapshot?.(snapshotOf(found.rows, counts)), 250)
  try {
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
    else if (!both.aborted) throw error
  } finally {
    clearInterval(snapshot)
    parts.watch.onSnapshot?.(snapshotOf(found.rows, counts))
    await transport.close()
  }
  if (failure === undefined && signal.aborted) failure = stoppedBySignal(signal.reason)
  if (failure === undefined && options.limit === undefined) journal.set('state', 'finished')
  return failure
}

/** Leaves out rows that have an outcome from an earlier session. */
async function* withoutSettled(
  source: Source,
  journal: RunJournal,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  const settled = journal.settledRows()
  let next = settled.next()
  for await (const rows of source) {
    const open = rows.filter(({ row }) => {
      while (next.done !== true && next.value < row) next = settled.next()
      return next.done === true || next.value !== row
    })
    if (open.length > 0) yield open
  }
}

async function report(
  parts: Parts,
  journal: RunJournal,
  directory: string,
  found: Scan,
  stopped: BulkUpdateError | undefined,
): Promise<Summary> {
  const { options, file, head, prepare, runId, origin } = parts
  const totals = await writeRows({
    directory,
    outcomes: accountOf({
      settled: journal.outcomes(),
      openSource: () => rowsOf(file, head),
      prepare,
      rows: found.rows,
      settledRows: journal.count(),
      open: {
        code: stopped === undefined ? 'E_NOT_REACHED' : 'E_STOPPED',
        message: 'the run stopped before this row',
      },
    }),
    resultsFormat: options.resultsFormat ?? 'csv',
    errors:
      head.format === 'csv'
        ? {
            format: 'csv',
            headerText: head.headerText,
            delimiter: head.dialect.delimiter,
            lineEnd: head.lineEnd,
          }
        : { format: 'ndjson' },
    read: ({ offset, length }) => file.read(offset, length),
  })
  const good = totals.outcomes.updated + totals.outcomes.unchanged
  const exit = stopped?.exitCode ?? (good === found.rows ? exitCodes.OK : exitCodes.ROWS)
  const errorsFile = `${directory}/errors.${head.format}`
  const summary: Summary = {
    run_id: runId,
    input: { path: options.input, sha256: parts.digest, rows: found.rows, bytes: file.size },
    env: options.env ?? 'sandbox',
    host: origin.host,
    account: parts.account,
    started_at: journal.get('started_at') ?? '',
    finished_at: new Date().toISOString(),
    rate_limited: Number(journal.get('rate_limited') ?? 0),
    exit_code: exit,
    next: nextStep(runId, stopped, totals.outcomes.not_attempted, good === found.rows, errorsFile),
    ...totals,
  }
  writeSummary(directory, summary)
  return summary
}

function nextStep(
  runId: string,
  stopped: BulkUpdateError | undefined,
  open: number,
  allGood: boolean,
  errorsFile: string,
): string {
  if (stopped !== undefined) return `Run ${runId} is not finished. ${stopped.remedy}`
  if (allGood) return `Run ${runId} is finished: nothing is left to do.`
  if (open > 0) return `Run ${runId} goes on with ${open} rows when the same command is run again.`
  return `Run ${runId} is finished. Mend the rows in ${errorsFile} and update from that file.`
}

/** A journal serves one input, mapping, host and account. */
function bind(journal: RunJournal, facts: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(facts)) {
    const held = journal.get(name)
    if (held === undefined) journal.set(name, value)
    else if (held !== value) {
      throw new BulkUpdateError(
        'INPUT',
        'E_OTHER_RUN',
        `this run belongs to another ${name}`,
        'Start another with --new-run or another --run-id. Nothing was sent.',
      )
    }
  }
}

function mappingDigest(options: UpdateOptions): string {
  const {
    blank = 'clear',
    ignoreColumns = [],
    nullValues = [],
    literals = [],
    format = '',
    delimiter = '',
  } = options
  return hash(
    'sha256',
    JSON.stringify([
      blank,
      [...ignoreColumns].sort(),
      [...nullValues].sort(),
      [...literals].sort(),
      format,
      delimiter,
    ]),
    'hex',
  )
}

function runDigest(digest: string, options: UpdateOptions, host: string, account: string): string {
  return createHash('sha256')
    .update([digest, mappingDigest(options), host, account].join('\n'))
    .digest('hex')
    .slice(0, 10)
}

function snapshotOf(rows: number, counts: ReadonlyMap<OutcomeKind, number>): Snapshot {
  const of = (kind: OutcomeKind): number => counts.get(kind) ?? 0
  const done = outcomeKinds.reduce((sum, kind) => sum + of(kind), 0)
  return {
    phase: 'sending',
    rows,
    done,
    outcomes: {
      updated: of('updated'),
      unchanged: of('unchanged'),
      invalid: of('invalid'),
      rejected: of('rejected'),
      failed: of('failed'),
      unknown: of('unknown'),
      not_attempted: of('not_attempted'),
    },
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

function stoppedBySignal(reason: unknown): BulkUpdateError {
  const kind = reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'
  return new BulkUpdateError(
    kind,
    'E_STOPPED',
    'the run was interrupted',
    'Run the same command again: it goes on where it stopped.',
  )
}
