/** The one screen that a person reads at the end of a run: what happened, what to look at, where the files are. */
import { styleText } from 'node:util'
import { needsAttention, outcomeKinds } from '../model/outcome.ts'
import type { OutcomeKind } from '../model/outcome.ts'
import { printable } from '../model/text.ts'
import { formatCount, formatDuration, formatRows } from './format.ts'
import { bucketLines } from './rollback-fold.ts'
import { outcomeLooks } from './summary.ts'
import type { Summary, SyncFacts } from './summary.ts'

/** Kinds of errors that are shown, the most frequent ones. */
const mostKinds = 5

export function summaryText(summary: Summary, directory: string, color: boolean): string {
  const { run_id: run, host, input, outcomes, errors } = summary
  const paint = (kind: OutcomeKind, text: string): string =>
    color ? styleText(outcomeLooks[kind].style, text, { validateStream: false }) : text
  const lines = [`Run ${run} on ${host}: ${formatRows(input.rows)}${durationOf(summary)}`]
  for (const kind of outcomeKinds) {
    if (outcomes[kind] === 0) continue
    lines.push(`${counted(outcomes[kind])}  ${paint(kind, kind.padEnd(14))} ${outcomeLooks[kind].words}`)
  }
  if (summary.attempts > 0) lines.push(`           ${callsLine(summary)}`)
  if (errors.length > 0) lines.push('', 'To look at:')
  for (const { code, field, count, message, example_row: row, tip } of errors.slice(0, mostKinds)) {
    lines.push(
      printable(`${counted(count)}  ${code}${field === '' ? '' : ` ${field}`}: ${message} (row ${row})`),
      `           ${tip}`,
    )
  }
  if (errors.length > mostKinds) {
    const more = errors.length - mostKinds
    lines.push(
      `           and ${formatCount(more)} more ${more === 1 ? 'kind' : 'kinds'}: the report has them all`,
    )
  }
  if (summary.rollback !== undefined) lines.push('', ...bucketLines(summary.rollback))
  if (summary.sync !== undefined) lines.push('', syncLine(summary.sync))
  const folder = printable(directory)
  const looked = outcomeKinds.some((kind) => needsAttention(kind) && outcomes[kind] > 0)
  lines.push('', `Report: ${folder}/report.html`, ...(looked ? [`Rows:   ${folder}/errors and results`] : []))
  return `${lines.join('\n')}\n`
}

function syncLine({ state, unchanged, fields_left_out: leftOut, vanished }: SyncFacts): string {
  const words: Readonly<Record<string, string>> = {
    first: 'nothing was known before this run',
    rebuilt: 'what was known was lost, and made again from the journals',
  }
  return [
    `Only what changed: ${formatRows(unchanged)} without a call`,
    ...(leftOut > 0
      ? [`${formatCount(leftOut)} ${leftOut === 1 ? 'field' : 'fields'} left out of the others`]
      : []),
    ...(words[state] === undefined ? [] : [words[state]]),
    ...(vanished > 0
      ? [
          `${formatCount(vanished)} ${vanished === 1 ? 'customer' : 'customers'} of last time gone: vanished.csv`,
        ]
      : []),
  ].join('; ')
}

function counted(count: number): string {
  return formatCount(count).padStart(9)
}

/** From the first session to the last. */
function durationOf({ started_at: started, finished_at: finished }: Summary): string {
  const tookMs = Date.parse(finished) - Date.parse(started)
  return tookMs >= 1_000 ? ` in ${formatDuration(tookMs)}` : ''
}

/** `415 requests · repeated after http_500 12 · refused by the rate limit once · answers in 12 ms, 99% within 40 ms` */
function callsLine({ attempts, retries, rate_limited: blocked, latency_ms: latency }: Summary): string {
  const reasons = Object.entries(retries).toSorted(([, left], [, right]) => right - left)
  const named = reasons.slice(0, 3).map(([reason, count]) => `${reason} ${formatCount(count)}`)
  return [
    `${formatCount(attempts)} ${attempts === 1 ? 'request' : 'requests'}`,
    ...(named.length === 0 ? [] : [`repeated after ${named.join(', ')}`]),
    ...(blocked === 0
      ? []
      : [`refused by the rate limit ${blocked === 1 ? 'once' : `${formatCount(blocked)} times`}`]),
    ...(latency.p50 === 0
      ? []
      : [`answers in ${formatCount(latency.p50)} ms, 99% within ${formatCount(latency.p99)} ms`]),
  ].join(' · ')
}
