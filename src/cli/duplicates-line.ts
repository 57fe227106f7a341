/** The note that `update` shows before it sends, where several rows change one customer. */
import type { DuplicatePolicy } from '../config/options.ts'
import type { Scan } from '../pipeline/scan.ts'

const whatHappens: Readonly<Record<DuplicatePolicy, string>> = {
  sequence: 'sent in file order',
  last: 'only the last row of each customer is sent',
  merge: 'the rows of each customer become one call',
  reject: 'nothing is sent',
}

/** Nothing where every customer has one row. */
export function duplicatesLine(
  { repeatedCustomers, duplicateRows }: Pick<Scan, 'repeatedCustomers' | 'duplicateRows'>,
  policy: DuplicatePolicy = 'sequence',
): string | undefined {
  if (duplicateRows === 0) return undefined
  const rows = repeatedCustomers + duplicateRows
  return `${rows} rows belong to customers with several rows: ${whatHappens[policy]} (--duplicates ${policy})`
}
