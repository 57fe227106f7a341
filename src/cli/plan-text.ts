/** A plan as a person reads it: counts, the first changes, what it cost and what is to come. */
import { printableLines } from '../model/text.ts'
import { planChanges } from '../engine/plan-format.ts'
import type { PlanChange, PlanRow } from '../engine/plan-format.ts'
import type { PlanResult } from '../jobs/plan.ts'
import { formatCount, formatCounts, formatDuration } from '../report/format.ts'
import { maskCell } from '../validation/findings.ts'
import type { JsonValue } from '../model/json.ts'

const words: Readonly<Record<PlanChange, string>> = {
  update: 'would be sent',
  unchanged: 'hold it already, or ask for nothing',
  missing: 'customers that Rapyd does not know',
  unreadable: 'customers that could not be read',
  invalid: 'refused here',
}

/** `first` are rows that change something. */
export function planText(
  { path, head, requests, calls, etaMs }: PlanResult,
  first: readonly PlanRow[],
  showValues: boolean,
): string {
  const { counts, reads } = head
  const lines = [`Plan of ${head.input.path} on ${head.host}: ${formatCount(counts.rows)} rows`]
  for (const change of planChanges) {
    const rows = counts.changes[change]
    if (rows > 0) lines.push(`  ${formatCount(rows).padStart(9)}  ${change.padEnd(14)} ${words[change]}`)
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
  return printableLines(`${lines.join('\n')}\n`)
}

function changeLines(planned: PlanRow, showValues: boolean): readonly string[] {
  if (planned.change !== 'update') return []
  const { row, customer, fields } = planned
  return Object.entries(fields).map(
    ([field, { before, after }]) =>
      `  row ${row} ${customer} ${field}: ${shownValue(before, showValues)} → ${shownValue(after, showValues)}`,
  )
}

/** Characters of a value that are shown at most. */
const longest = 60

export function shownValue(value: JsonValue, showValues: boolean): string {
  if (value === '' || value === null) return '(blank)'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  if (!showValues) return maskCell(text)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
