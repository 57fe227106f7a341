/** How an input differs from the last one of its name, where it differs more than from one night to the next. */
import type { Portrait } from './portrait.ts'

/** `what` is the word by which `--accept-change` takes it: `rows`, `damage` or a field. */
export interface Difference {
  readonly what: string
  readonly text: string
}

/** Fewer rows than this are put together by hand, and every file of theirs is another one. */
const leastRows = 10

/** What is allowed of `of` rows: a share, but of small files at least `least`. */
const slack = (of: number, share: number, least: number): number => Math.max(of * share, least)

export function isComparable(last: Portrait): boolean {
  return last.rows >= leastRows
}

/** More than a tenth fewer, or half as many again: what is cut off, or pasted twice. */
export function rowDifferences(last: Portrait, { rows }: Portrait): readonly Difference[] {
  const isCut = last.rows - rows > slack(last.rows, 0.1, leastRows) || rows * 2 < last.rows
  const isDoubled = rows - last.rows > slack(last.rows, 0.5, leastRows) || (rows >= last.rows * 2 && rows > 0)
  if (!isCut && !isDoubled) return []
  const percent = Math.round((100 * rows) / last.rows)
  return [{ what: 'rows', text: `it has ${rows} rows, ${percent} % of last time's ${last.rows}` }]
}

/** A file that ended with a whole line, and invalid rows that were not there: more than one in a hundred. */
export function damageDifferences(last: Portrait, next: Portrait): readonly Difference[] {
  const differences: Difference[] = []
  if (last.endsLine && !next.endsLine)
    differences.push({ what: 'damage', text: 'its last row has no line end, as if it was cut there' })
  const expected = (last.invalid * next.rows) / last.rows
  if (next.invalid - expected > slack(next.rows, 0.01, 5))
    differences.push({
      what: 'damage',
      text: `${next.invalid} of its ${next.rows} rows are invalid, ${last.invalid} of ${last.rows} last time`,
    })
  if (next.misread - last.misread > slack(next.customers.length, 0.02, 3))
    differences.push({ what: 'damage', text: misreadText(next) })
  return differences
}

/** So many that it is the file, and not a few customers; whatever was there before. */
export function misreadIn(next: Pick<Portrait, 'customers' | 'misread'>): string | undefined {
  return next.misread > slack(next.customers.length, 0.05, leastRows) ? misreadText(next) : undefined
}

function misreadText({ customers, misread }: Pick<Portrait, 'customers' | 'misread'>): string {
  return `${misread} of ${customers.length} sampled rows have texts that were decoded with the wrong encoding (Ã© for é)`
}

/** Fields that are gone, or blank for more than two rows in a hundred that had them. Both under one mapping. */
export function fieldDifferences(last: Portrait, next: Portrait): readonly Difference[] {
  return Object.entries(last.filled).flatMap(([field, before]): Difference[] => {
    const filled = next.filled[field] ?? 0
    if (last.calls === 0) return []
    const lost = (before / last.calls) * next.calls - filled
    const isLost = lost > slack(next.calls, 0.02, leastRows) || (filled * 2 < before && lost > 4)
    if (!isLost) return []
    if (next.filled[field] === undefined)
      return [{ what: field, text: `no row has ${field}, which ${before} of ${last.calls} had last time` }]
    const [blank, blankBefore] = [next.calls - filled, last.calls - before]
    return [
      {
        what: field,
        text: `${field} is blank in ${blank} of ${next.calls} rows, ${blankBefore} of ${last.calls} last time`,
      },
    ]
  })
}
