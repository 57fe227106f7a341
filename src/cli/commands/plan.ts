/** `plan` and `verify`: they read customers and compare, and send nothing. */
import { parseSample } from '../../config/values.ts'
import { commandToApply } from '../../engine/record.ts'
import { planChanges, type PlanChange, type PlanRow } from '../../engine/plan-format.ts'
import { whereRunWent } from '../../engine/store-and-remote.ts'
import { plan as makePlan, type PlanResult } from '../../jobs/plan.ts'
import { verify as verifyRun, type Difference, type Verified } from '../../jobs/verify.ts'
import { exitCodes } from '../../model/errors.ts'
import type { JsonValue } from '../../model/json.ts'
import { formatCount, formatCounts, formatDuration } from '../../report/format.ts'
import { maskCell } from '../../validation/findings.ts'
import { senderOptions } from '../arguments.ts'
import type { Arguments } from '../command-table.ts'
import { scanLines } from '../../report/summary-text.ts'
import { describeUnmatched, showReading } from '../display.ts'
import { askKeyChange, printResult, say } from '../terminal.ts'

/** Changes that are shown. */
const mostShown = 10

/** Exit code 0, or 1 if rows are invalid or cannot be planned. */
export async function plan(args: Arguments<'plan'>): Promise<number> {
  const { options } = senderOptions(args, {})
  const first: PlanRow[] = []
  const result = await showReading(args.quiet === true, (onProgress, signal) =>
    makePlan({
      ...options,
      input: args.input,
      force: args.force ?? false,
      ...(args.out === undefined ? {} : { out: args.out }),
      signal,
      onProgress,
      onChange: (row) => void (first.length < mostShown && first.push(row)),
    }),
  )
  const { path, head, requests, calls, etaMs } = result
  const { sha256, counts, reads, input, host, account } = head
  const counted = { input: { ...input, rows: counts.rows }, host, account, ...counts, reads }
  printResult(
    args.json,
    { plan: path, sha256, ...counted, requests, calls, eta_ms: etaMs },
    planText(result, first, args.showValues === true),
  )
  for (const note of [describeUnmatched(result.unmatched), ...scanLines(result)])
    if (note !== undefined && args.quiet !== true) say(note)
  const { missing, unreadable, invalid } = counts.changes
  say(
    calls === 0
      ? 'Nothing would change.'
      : `Nothing was changed. To send just this: ${commandToApply(path, true, options)}`,
  )
  return missing + unreadable + invalid === 0 ? exitCodes.OK : exitCodes.ROWS
}

const changeWords: Readonly<Record<PlanChange, string>> = {
  update: 'would be sent',
  unchanged: 'hold it already, or ask for nothing',
  missing: 'customers that Rapyd does not know',
  unreadable: 'customers that could not be read',
  invalid: 'refused here',
}

/** `first` has the first rows that change something. */
function planText(
  { path, head, requests, calls, etaMs }: PlanResult,
  first: readonly PlanRow[],
  showValues: boolean,
): string {
  const { counts, reads } = head
  const lines = [`Plan of ${head.input.path} on ${head.host}: ${formatCount(counts.rows)} rows`]
  for (const change of planChanges) {
    const rows = counts.changes[change]
    if (rows > 0)
      lines.push(`  ${formatCount(rows).padStart(9)}  ${change.padEnd(14)} ${changeWords[change]}`)
  }
  lines.push(
    '',
    `Fields that change: ${formatCounts(counts.fields)}`,
    `Cleared: ${formatCounts(counts.clears)}`,
  )
  if (first.length > 0) {
    const look = showValues ? '' : ' (masked; --show-values shows them)'
    lines.push('', `The first changes${look}:`, ...first.flatMap((row) => changeLines(row, showValues)))
  }
  lines.push(
    '',
    `Read ${formatCount(reads.customers)} customers: ${formatCount(reads.single)} one by one, ${formatCount(reads.pages)} pages of the list; ${formatCount(requests)} requests in this session`,
    `To come: ${formatCount(calls)} calls, each behind a read for the before-image${etaMs < 1_000 ? '' : `: about ${formatDuration(etaMs)}`}`,
    `Plan: ${path}`,
  )
  return `${lines.join('\n')}\n`
}

function changeLines(planned: PlanRow, showValues: boolean): readonly string[] {
  if (planned.change !== 'update') return []
  const { row, customer, fields } = planned
  return Object.entries(fields).map(
    ([field, { before, after }]) =>
      `  row ${row} ${customer} ${field}: ${shownValue(before, showValues)} → ${shownValue(after, showValues)}`,
  )
}

/** Longer values are cut. */
const longest = 60

function shownValue(value: JsonValue, showValues: boolean): string {
  if (value === '' || value === null) return '(blank)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (!showValues) return maskCell(text)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Customers that are named on the terminal. */
const mostNamed = 20

/** Exit code 0 if all fields hold what the run wrote, else 1. */
export async function verify(args: Arguments<'verify'>): Promise<number> {
  const { run, showValues = false } = args
  const sample = args.sample === undefined ? { share: 1 } : parseSample(args.sample)
  const { options } = senderOptions(args, await whereRunWent(run, args))
  const onKeyChange = askKeyChange(args.acceptKeyChange)
  const found = await showReading(args.quiet === true, (onProgress, signal) =>
    verifyRun({ ...options, run, sample, onProgress, onKeyChange, signal }),
  )
  printResult(
    args.json,
    showValues ? found : withoutValues(found),
    `${verifyLines(found, showValues).join('\n')}\n`,
  )
  const wrong = found.different + found.missing.length + found.unreadable
  say(
    wrong === 0
      ? 'Every field that was looked at holds what the run wrote.'
      : `Look at ${formatCount(wrong)} ${wrong === 1 ? 'customer' : 'customers'}: somebody may have changed them since. A plan of the same file shows what an update would change.`,
  )
  return wrong === 0 ? exitCodes.OK : exitCodes.ROWS
}

function withoutValues(found: Verified) {
  return { ...found, differences: found.differences.map(({ customer, fields }) => ({ customer, fields })) }
}

function verifyLines(found: Verified, showValues: boolean): readonly string[] {
  const { run_id: run, customers, checked, fields, differences, different, missing, unreadable } = found
  const { reads, requests } = found
  const lines = [
    `Run ${run}: looked at ${formatCount(checked)} of ${formatCount(customers)} customers that it updated`,
  ]
  for (const [field, { checked: all, differ, not_shown: notShown }] of Object.entries(fields)) {
    const hold = `${formatCount(all - differ - notShown).padStart(9)}  ${field} as written`
    lines.push(`${hold}${extraCount(differ, 'differ')}${extraCount(notShown, 'not shown by Rapyd')}`)
  }
  if (different > 0) lines.push('', 'Different now:')
  for (const difference of differences.slice(0, mostNamed))
    lines.push(...differenceLines(difference, showValues))
  if (different > mostNamed) lines.push(`  and ${formatCount(different - mostNamed)} more: --json names them`)
  if (missing.length > 0) lines.push('', `Not there any more: ${missing.slice(0, mostNamed).join(', ')}`)
  if (unreadable > 0) lines.push('', `Could not be read: ${formatCount(unreadable)}`)
  const how = `${formatCount(reads.single)} one by one, ${formatCount(reads.pages)} pages of the list`
  lines.push('', `Read with ${formatCount(requests)} requests: ${how}`)
  return lines
}

function extraCount(count: number, what: string): string {
  return count === 0 ? '' : `, ${formatCount(count)} ${what}`
}

function differenceLines({ customer, fields, values }: Difference, showValues: boolean): readonly string[] {
  if (!showValues) return [`  ${customer} ${fields.join(', ')}`]
  return values.map(
    ({ written, held }, index) =>
      `  ${customer} ${fields[index] ?? ''}: ${shownValue(written, true)} written, ${shownValue(held, true)} held`,
  )
}
