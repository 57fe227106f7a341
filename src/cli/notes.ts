/** Notes on standard error, before anything is sent. */
import type { DuplicatePolicy } from '../config/options.ts'
import type { Scan } from '../model/scan.ts'
import { printable } from '../model/text.ts'
import type { UnmatchedName } from '../mapping/column-plans.ts'
import { formatCount, formatRows } from '../report/format.ts'

const whatHappens: Readonly<Record<DuplicatePolicy, string>> = {
  sequence: 'sent in file order',
  last: 'only the last row of each customer is sent',
  merge: 'the rows of each customer become one call',
  reject: 'nothing is sent',
}

/** Nothing where every customer has one row. */
export function duplicatesLine(
  { repeatedCustomers, duplicateRows }: Pick<Scan, 'repeatedCustomers' | 'duplicateRows'>,
  policy: DuplicatePolicy,
): string | undefined {
  if (duplicateRows === 0) return undefined
  const rows = repeatedCustomers + duplicateRows
  return `${rows} rows belong to customers with several rows: ${whatHappens[policy]} (--duplicates ${policy})`
}

const mostNames = 5

/** Nothing where all of them match. */
export function unmatchedLine(unmatched: readonly UnmatchedName[]): string | undefined {
  if (unmatched.length === 0) return undefined
  const names = unmatched
    .slice(0, mostNames)
    .map(({ name, nearest }) => `"${name}"${nearest === undefined ? '' : ` (did you mean "${nearest}"?)`}`)
  const more = unmatched.length - names.length
  if (more > 0) names.push(`${more} more`)
  return printable(`Note: --ignore-columns sets aside what this file does not have: ${names.join(', ')}`)
}

const mostKinds = 3

/** Nothing where there is no warning. */
export function warningsLine({ warnings }: Pick<Scan, 'warnings'>): string | undefined {
  if (warnings.length === 0) return undefined
  const kinds = warnings
    .slice(0, mostKinds)
    .map(({ code, field, rows }) => `${code} ${field} in ${formatRows(rows)}`)
  const more = warnings.length - kinds.length
  if (more > 0) kinds.push(`${formatCount(more)} more`)
  return `Warnings: ${kinds.join(', ')}. \`rapyd-bulk validate\` says where, and what to do.`
}
