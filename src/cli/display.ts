/** What a command shows on standard error before and while it works: progress, and notes next to it. */
import type { DuplicatePolicy } from '../config/options.ts'
import type { createLogUpdate } from 'log-update'
import type { MetadataPrice } from '../engine/watch.ts'
import type { ReadingProgress } from '../engine/reading-client.ts'
import type { Clock } from '../model/ports.ts'
import { printable, shownName } from '../model/text.ts'
import type { Scan, UnmatchedName } from '../model/scan.ts'
import {
  formatClock,
  formatCount,
  formatCounts,
  formatDuration,
  formatRate,
  formatRows,
} from '../report/format.ts'
import { allowedPerSecond } from '../report/pace.ts'
import { renderProgress, renderProgressLine, type ProgressSnapshot } from '../report/progress.ts'
import type { RunEvent, RunSending } from '../report/run-log.ts'
import { drainOnSignals, say } from './terminal.ts'

export interface DisplayOptions {
  /** Standard error. Its width is read for every drawing; 80 if it has none. */
  readonly stream: NodeJS.WritableStream & { readonly columns?: number }
  /** Draws the block on a terminal; undefined for log lines. The caller loads it only if it is needed. */
  readonly draw: typeof createLogUpdate | undefined
  /** No progress and no notes. */
  readonly quiet: boolean
  readonly color: boolean
  /** Milliseconds since 1970. */
  readonly finishBy?: number | undefined
  readonly clock: Pick<Clock, 'now' | 'wall'>
}

const drawEveryMs = 200
const logEveryMs = 10_000

/** Progress as a block that is redrawn on a terminal, else a log line now and then; and lines next to it, also with `--quiet`. */
export function createDisplay({ stream, draw, quiet, color, finishBy, clock }: DisplayOptions) {
  // A hidden cursor would need signal handlers of its own, and would stay hidden after kill -9
  const block = quiet ? undefined : draw?.(stream, { showCursor: true })
  const everyMs = block === undefined ? logEveryMs : drawEveryMs
  // The log counts from the start, so that a run of seconds logs no progress
  let shownAt = block === undefined ? clock.now() : -Infinity
  let phase = ''
  let isOn = !quiet

  function clear(): void {
    if (isOn) block?.clear()
  }

  /** Removes the progress for good. */
  function stop(): void {
    clear()
    isOn = false
  }

  function writeLine(line: string): void {
    clear()
    stream.write(`${printable(line)}\n`)
  }

  // A closed terminal must not end the run. The listener stays for writes that are under way.
  if (block !== undefined) stream.on('error', () => void (isOn = false))
  return {
    /** Cheap enough for every row. Draws at most five times a second, logs at most every ten seconds. */
    onSnapshot(snapshot: ProgressSnapshot): void {
      const now = clock.now()
      const isPhaseDrawn = block === undefined || snapshot.phase === phase
      if (!isOn || (now - shownAt < everyMs && isPhaseDrawn)) return
      shownAt = now
      ;({ phase } = snapshot)
      const [columns, wall] = [stream.columns ?? 80, clock.wall()]
      if (block === undefined) writeLine(renderProgressLine(snapshot, wall))
      else block(renderProgress(snapshot, { columns, color, wall }).join('\n'))
    },
    onEvent(event: RunEvent): void {
      for (const line of eventLines(event, clock.wall(), { quiet, finishBy })) writeLine(line)
    },
    writeLine,
    /** Removes the progress until the next snapshot, for a question. */
    clear,
    stop,
    [Symbol.dispose]: stop,
  }
}

function eventLines(
  event: RunEvent,
  wall: number,
  { quiet, finishBy }: Pick<DisplayOptions, 'quiet' | 'finishBy'>,
): readonly string[] {
  if (event.kind === 'log_off')
    return [
      `run.log cannot be written (${event.code}): the run goes on without it. Look at the run directory.`,
    ]
  if (event.kind === 'outage' && !quiet) {
    const now = formatClock(wall, wall)
    return event.isDown
      ? [`${now}: Rapyd does not answer. Rows wait; a read asks again every few seconds.`]
      : [`${now}: Rapyd answers again; the run goes on.`]
  }
  if (event.kind === 'slowed' && !quiet) {
    const every = formatDuration(1_000 / event.perSecond)
    return [
      `${formatClock(wall, wall)}: Rapyd keeps answering 429. The run sends one request every ${every} now, and more again while no 429 comes. Does something else use this account?`,
    ]
  }
  if (event.kind === 'notice') return quiet && !event.isWarning ? [] : [event.text]
  if (event.kind !== 'sending') return []
  const delay = finishBy === undefined ? undefined : describeDelay(event, finishBy, wall)
  const forecast = quiet ? undefined : describeForecast(event, wall)
  return [delay, forecast].filter((line) => line !== undefined)
}

type Forecast = Pick<RunSending, 'calls' | 'windows' | 'etaMs'>

/** A run that takes less time has no forecast. */
const leastForecastMs = 10_000

/** How many requests come, how fast, and until when. Returns undefined if the windows allow them within ten seconds. */
export function describeForecast({ calls, windows, etaMs }: Forecast, wall: number): string | undefined {
  if (etaMs === undefined || etaMs < leastForecastMs) return undefined
  const limits = windows.map(({ limit, perMs }) => `${formatCount(limit)} in ${formatDuration(perMs)}`)
  const rate = `${formatRate(allowedPerSecond(windows))} a second (${limits.join(', ')})`
  return `${formatCount(calls)} calls at ${rate}: ${formatDuration(etaMs)}, done about ${formatClock(wall + etaMs, wall)}`
}

/** How late the run ends (`--finish-by`). Returns undefined if it ends in time, or the windows do not limit it. */
export function describeDelay(
  { calls, windows, etaMs }: Forecast,
  finishBy: number,
  wall: number,
): string | undefined {
  if (etaMs === undefined || wall + etaMs <= finishBy) return undefined
  const fits = Math.floor(((finishBy - wall) / 1_000) * allowedPerSecond(windows))
  return `Not done by ${formatClock(finishBy, wall)}: it takes ${formatDuration(wall + etaMs - finishBy)} longer. About ${formatCount(Math.min(fits, calls))} of ${formatCount(calls)} calls fit; stopped then, the same command goes on another night.`
}

const policyWords: Readonly<Record<DuplicatePolicy, string>> = {
  sequence: 'sent in file order',
  last: 'only the last row of each customer is sent',
  merge: 'the rows of each customer become one call',
  reject: 'nothing is sent',
}

/** Returns undefined if every customer has one row. */
export function describeDuplicates(
  { repeatedCustomers, duplicateRows }: Pick<Scan, 'repeatedCustomers' | 'duplicateRows'>,
  policy: DuplicatePolicy,
): string | undefined {
  if (duplicateRows === 0) return undefined
  const rows = repeatedCustomers + duplicateRows
  return `${rows} rows belong to customers with several rows: ${policyWords[policy]} (--duplicates ${policy})`
}

/** How many rows clear which field. Returns undefined if none does. */
export function describeClears({ cleared }: Pick<Scan, 'cleared'>): string | undefined {
  if (cleared.size === 0) return undefined
  return `Fields to clear: ${formatCounts(Object.fromEntries(cleared), mostFields)}`
}

/** How many calls there are, if rows remove a discount and set other fields. Returns undefined if none does. */
export function describeExtraCalls({
  calls,
  extraCalls = 0,
}: Pick<Scan, 'calls' | 'extraCalls'>): string | undefined {
  if (extraCalls === 0) return undefined
  const all = `${formatCount(calls + extraCalls)} calls instead of ${formatCount(calls)}`
  return `${formatRows(extraCalls)} with a blank coupon and other fields: removing a discount is a call of its own, so ${all}`
}

/** What a second sending does. Returns undefined if no row sets addresses or a coupon. */
export function describeAddingUp({ addingUp }: Pick<Scan, 'addingUp'>): string | undefined {
  if (addingUp === undefined) return undefined
  return `Rows that set addresses or coupon: ${formatCounts(addingUp)}. Sent a second time, Rapyd may add the addresses again and make another discount.`
}

/** What it costs that rows with metadata are read first. */
export function describePrice(price: MetadataPrice | undefined): string | undefined {
  if (price === undefined) return undefined
  const { rows, calls, etaMs = 0 } = price
  const time = etaMs < leastForecastMs ? '' : `, ${formatDuration(etaMs)}`
  const areRead = `${formatRows(rows)} with metadata ${rows === 1 ? 'is' : 'are'} read first`
  return `${areRead}: ${formatCount(rows + calls)} calls instead of ${formatCount(calls)}${time} (--metadata-keys all)`
}

/** Fields of which counts are listed. */
const mostFields = 20

const mostNames = 5

/** Names columns of `--ignore-columns` that the file does not have. Returns undefined if there are none. */
export function describeUnmatched(unmatched: readonly UnmatchedName[]): string | undefined {
  if (unmatched.length === 0) return undefined
  const names = unmatched
    .slice(0, mostNames)
    .map(
      ({ name, nearest }) =>
        `"${shownName(name)}"${nearest === undefined ? '' : ` (did you mean "${shownName(nearest)}"?)`}`,
    )
  const more = unmatched.length - names.length
  if (more > 0) names.push(`${more} more`)
  return `Note: --ignore-columns sets aside what this file does not have: ${names.join(', ')}`
}

const mostKinds = 3

/** Returns undefined if there are no warnings. */
export function describeWarnings({ warnings }: Pick<Scan, 'warnings'>): string | undefined {
  if (warnings.length === 0) return undefined
  const kinds = warnings
    .slice(0, mostKinds)
    .map(({ code, field, rows }) => `${code} ${field} in ${formatRows(rows)}`)
  const more = warnings.length - kinds.length
  if (more > 0) kinds.push(`${formatCount(more)} more`)
  return `Warnings: ${kinds.join(', ')}. \`rapyd-bulk validate\` says where, and what to do.`
}

type OnReading = (known: number, wanted: number, progress: Readonly<ReadingProgress>) => void

const readingEveryMs = 10_000

/** Runs `read`, which reads many customers, with a line every ten seconds. A signal aborts it. */
export async function showReading<Result>(
  quiet: boolean,
  read: (onProgress: OnReading, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  let shownAt = performance.now()
  using stopping = drainOnSignals()
  return await read((known, wanted, { requests }) => {
    if (quiet || performance.now() - shownAt < readingEveryMs) return
    shownAt = performance.now()
    const customers = `${formatCount(known)} of ${formatCount(wanted)} customers`
    say(`read ${customers} with ${formatCount(requests)} requests`)
  }, stopping.signal)
}
