/** The end of a run for people: what happened, what needs attention, where the files are, and what to do next. */
import { styleText } from 'node:util'
import { outcomeKinds, type OutcomeKind } from '../model/row.ts'
import type { Scan } from '../model/scan.ts'
import { printable, shellWord, shownName } from '../model/text.ts'
import { formatCount, formatCounts, formatDuration, formatNumberOf, formatRows } from './format.ts'
import {
  countNeedingAttention,
  durationMs,
  outcomeLooks,
  type RollbackBuckets,
  type Summary,
  type SyncFacts,
} from './summary.ts'
import setAsideWords from './set-aside-words.json' with { type: 'json' }

/** Kinds of errors that are listed, the most frequent ones. */
const mostKinds = 5
/** Fields of which counts are listed. */
const mostFields = 20

export function summaryText(summary: Summary, directory: string, color: boolean): string {
  const { run_id: run, host, input, outcomes, rollback, sync } = summary
  const paint = (kind: OutcomeKind, text: string): string =>
    color ? styleText(outcomeLooks[kind].style, text, { validateStream: false }) : text
  const took = durationMs(summary)
  const lines = [
    `${printable(`Run ${run} on ${host}`)}: ${formatRows(input.rows)}${took >= 1_000 ? ` in ${formatDuration(took)}` : ''}`,
  ]
  for (const kind of outcomeKinds) {
    if (outcomes[kind] === 0) continue
    lines.push(`${alignCount(outcomes[kind])}  ${paint(kind, kind.padEnd(14))} ${outcomeLooks[kind].words}`)
  }
  if (summary.attempts > 0) lines.push(`           ${requestsLine(summary)}`)
  lines.push(...fieldLines(summary), ...errorLines(summary))
  if (rollback !== undefined) lines.push('', ...rollbackLines(rollback))
  if (sync !== undefined) lines.push('', syncLine(sync))
  const { missing_columns: missingColumns, set_aside: setAside } = summary
  for (const note of scanLines({ missingColumns, setAside })) lines.push('', note)
  const folder = printable(directory)
  lines.push('', `Report: ${folder}/report.html`)
  if (countNeedingAttention(outcomes) > 0) lines.push(`Rows:   ${folder}/errors and results`)
  return `${lines.join('\n')}\n`
}

function fieldLines({ cleared, unproved = {}, unfit_texts: unfit = 0 }: Summary): readonly string[] {
  const line = (counts: typeof cleared, words: string): readonly string[] =>
    Object.keys(counts).length === 0 ? [] : [`           ${words}: ${formatCounts(counts, mostFields)}`]
  const unfitLine = `           ${formatNumberOf(unfit, 'answer')} with texts that Rapyd does not write: cut, or left out`
  return [
    ...line(cleared, 'cleared'),
    ...line(unproved, 'sent, and not shown by Rapyd'),
    ...(unfit === 0 ? [] : [unfitLine]),
  ]
}

function errorLines({ errors }: Summary): readonly string[] {
  if (errors.length === 0) return []
  const lines = errors
    .slice(0, mostKinds)
    .flatMap(({ code, field, count, message, example_row: row, tip }) => [
      printable(
        `${alignCount(count)}  ${code}${field === '' ? '' : ` ${shownName(field)}`}: ${message} (row ${row})`,
      ),
      `           ${tip}`,
    ])
  const more = errors.length - mostKinds
  if (more > 0) lines.push(`           and ${formatNumberOf(more, 'more kind')}: the report has them all`)
  return ['', 'To look at:', ...lines]
}

function alignCount(count: number): string {
  return formatCount(count).padStart(9)
}

/** `415 requests · repeated after http_500 12 · refused by the rate limit once · answers in 12 ms, 99% within 40 ms` */
function requestsLine({ attempts, retries, rate_limited: blocked, latency_ms: latency }: Summary): string {
  const parts = [formatNumberOf(attempts, 'request')]
  const reasons = Object.entries(retries).toSorted(([, left], [, right]) => right - left)
  const named = reasons.slice(0, 3).map(([reason, count]) => `${reason} ${formatCount(count)}`)
  if (named.length > 0) parts.push(`repeated after ${named.join(', ')}`)
  if (blocked > 0)
    parts.push(`refused by the rate limit ${blocked === 1 ? 'once' : `${formatCount(blocked)} times`}`)
  if (latency.p50 > 0)
    parts.push(`answers in ${formatCount(latency.p50)} ms, 99% within ${formatCount(latency.p99)} ms`)
  return parts.join(' · ')
}

/** What a rollback did with each field, or would do. */
export function rollbackLines({ restored, kept, not_possible }: RollbackBuckets): readonly string[] {
  return [
    `Put back:                 ${formatCounts(restored)}`,
    `Kept, changed since:      ${formatCounts(kept)}`,
    `Not possible:             ${formatCounts(not_possible)}`,
  ]
}

/** What of a file is not sent, for a scan: fields that a preset takes and the file does not have, and what the reader left out. */
export function scanLines({
  missingColumns = [],
  setAside = [],
}: {
  readonly missingColumns?: Scan['missingColumns'] | undefined
  readonly setAside?: Scan['setAside'] | undefined
}): readonly string[] {
  const lines: string[] = []
  if (missingColumns.length > 0) {
    const fields = [...new Set(missingColumns.flatMap((each) => each.fields))].join(', ')
    const columns = missingColumns.map(({ column }) => `"${column}"`).join(', ')
    lines.push(printable(`Not in this file, so not sent: ${fields}. The preset looks for ${columns}.`))
  }
  const parts = setAside.map(
    ({ kind, count, line }) => `${formatCount(count)} × ${setAsideWords[kind]} (first: line ${line})`,
  )
  if (parts.length > 0) lines.push(`Left out, because nothing is in it: ${parts.join('; ')}`)
  return lines
}

function syncLine({ state, unchanged, fields_left_out: leftOut, vanished }: SyncFacts): string {
  const parts = [`Only what changed: ${formatRows(unchanged)} without a call`]
  if (leftOut > 0) parts.push(`${formatNumberOf(leftOut, 'field')} left out of the others`)
  if (state === 'first') parts.push('nothing was known before this run')
  if (vanished > 0) parts.push(`${formatNumberOf(vanished, 'customer')} of last time gone: vanished.csv`)
  return parts.join('; ')
}

export interface RunEnd {
  readonly runId: string
  /** What to do about the error that stopped the run; undefined if it reached its end. */
  readonly tip: string | undefined
  /** Rows without an outcome in the store. */
  readonly rowsLeft: number
  readonly outcomes: Readonly<Record<OutcomeKind, number>>
  readonly errorsFile: string
  /** The command that sends retryable rows again, without `--from`. */
  readonly redoCommand: string
  /** What to do about invalid and rejected rows if `errors` cannot be fixed and sent again. */
  readonly insteadOfFixing?: string | undefined
  /** Whether the input can be read again. Standard input is not kept. */
  readonly isInputKept: boolean
  /** `--new-run`: the same command would start another run. */
  readonly newRun: boolean
}

/** The last lines of a run: what to do next. Commands are on lines of their own, to be copied. */
export function nextStep(end: RunEnd): string {
  const { runId, tip, rowsLeft } = end
  const again = end.newRun ? ` To go on with it, give --run-id ${runId} in place of --new-run.` : ''
  if (tip !== undefined) return `Run ${runId} is not finished. ${tip}${again}`
  if (rowsLeft > 0) {
    return `Run ${runId} is not finished: without --limit, the same command goes on with the other ${formatRows(rowsLeft)}.${again}`
  }
  const steps = remainingSteps(end)
  return steps === ''
    ? `Run ${runId} is finished: nothing is left to do.`
    : `Run ${runId} is finished. ${steps}`
}

/** What the user can do after a finished run, the most urgent first. */
function remainingSteps({ redoCommand, insteadOfFixing, isInputKept, ...end }: RunEnd): string {
  const { invalid, rejected, unknown, failed, not_attempted: notAttempted } = end.outcomes
  const errorsFile = printable(end.errorsFile)
  const fromErrors = `${redoCommand} --from ${shellWord(errorsFile)}`
  const steps: string[] = []
  const retryable = unknown + failed + notAttempted
  if (retryable > 0) {
    const inDoubt = `${formatRows(unknown)} in doubt ${unknown === 1 ? 'was' : 'were'} applied`
    const check = unknown === 0 ? '' : `; it looks first whether ${inDoubt}`
    steps.push(`${formatRows(retryable)} can be sent again${check}:`, isInputKept ? redoCommand : fromErrors)
  }
  if (invalid + rejected > 0) {
    const rows = `${formatRows(invalid + rejected)} in ${errorsFile}`
    if (insteadOfFixing === undefined) steps.push(`Mend ${rows}, then:`, fromErrors)
    else steps.push(`Look at ${rows}: ${insteadOfFixing}`)
  }
  return steps.join('\n')
}
