/** The note that `update` shows before it sends, where the scan found something doubtful; `validate` shows all of it. */
import type { Scan } from '../pipeline/scan.ts'
import { formatCount, formatRows } from '../report/format.ts'

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
