/** The composition root: options → parts → scan → guards → preflight → send → report. The only place that knows all parts. */
import { resolve } from 'node:path'
import type { BulkUpdateError } from './errors.ts'
import { exitCodes } from './errors.ts'
import { openInput } from './input/bytes.ts'
import { readHead } from './input/header.ts'
import { rowsOf } from './input/rows.ts'
import { loadMapping } from './mapping/mapping-file.ts'
import { parseErrorLimit, parsePercent } from './options.ts'
import type { UpdateOptions } from './options.ts'
import { guard } from './pipeline/guards.ts'
import { scan } from './pipeline/scan.ts'
import { createPrepare, createReadRow, rulesOf } from './prepare.ts'
import { openRemote } from './remote.ts'
import type { Remote } from './remote.ts'
import type { Summary } from './report/summary.ts'
import { bind, mappingDigest, runDigest } from './run-identity.ts'
import type { RunParts, Watch } from './run-parts.ts'
import { report } from './run-report.ts'
import { sendAll } from './run-sending.ts'
import { openJournal } from './store/journal.ts'
import { lockRun } from './store/lock.ts'
import { checkRunId, freshRunId, openRunDirectory, runName } from './store/run-directory.ts'

export interface UpdateResult {
  readonly summary: Summary
  readonly directory: string
  readonly exitCode: number
  /** What stopped the run, where it did not reach its end. */
  readonly stopped?: BulkUpdateError
  /** True where the run had been finished before and nothing was done. */
  readonly finishedBefore: boolean
}

/**
 * Updates customers from a file. Resolves with a summary for every run that began to send, stopped or not; rejects with a
 * `BulkUpdateError` where it did not begin. `signal` drains: what is in flight ends, the rest stays open.
 */
export async function bulkUpdate(
  options: UpdateOptions,
  watch: Watch,
  signal: AbortSignal,
): Promise<UpdateResult> {
  const remote = await openRemote(options)
  try {
    return await runOn(remote, options, watch, signal)
  } finally {
    await remote.close()
  }
}

async function runOn(
  remote: Remote,
  options: UpdateOptions,
  watch: Watch,
  signal: AbortSignal,
): Promise<UpdateResult> {
  const { host, account } = remote
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openInput(options.input)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const digest = await file.digest()
    const runsDir = resolve(options.runsDir ?? './rapyd-runs')
    const derived = `${runName(options.input)}-${runDigest(digest, options, mapping, host, account)}`
    const wanted = options.runId === undefined ? derived : checkRunId(options.runId)
    const runId = options.newRun === true ? freshRunId(runsDir, wanted) : wanted
    const readRow = createReadRow(head, options.ignoreColumns ?? [], rulesOf(options), mapping)
    const prepare = createPrepare(readRow, { host, runId })
    return await run({
      options,
      watch,
      signal,
      remote,
      file,
      head,
      digest,
      runsDir,
      runId,
      readRow,
      mapping,
      prepare,
    })
  } finally {
    await file.close()
  }
}

async function run(parts: RunParts): Promise<UpdateResult> {
  const { options, signal, file, head, readRow, remote, runId } = parts
  const found = await scan(rowsOf(file, head), readRow, () => {}, signal)
  const refusal = guard(found, {
    maxClearsPercent: parsePercent('max-clears', options.maxClears ?? '50%'),
    maxErrors: parseErrorLimit(options.maxErrors ?? '10%'),
    strict: options.strict ?? false,
  })
  if (refusal !== undefined) throw refusal
  await parts.watch.confirm?.({ host: remote.host, account: remote.account, scan: found })

  const directory = openRunDirectory(parts.runsDir, runId)
  const unlock = lockRun(directory, runId)
  const concurrency = options.concurrency ?? 16
  const journal = openJournal(`${directory}/journal.db`, Math.min(512, concurrency * 32))
  try {
    bind(journal, {
      input: parts.digest,
      host: remote.host,
      account: remote.account,
      mapping: mappingDigest(options, parts.mapping),
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
