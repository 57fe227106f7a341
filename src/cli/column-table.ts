/** The table of columns that `validate` shows: where each goes, how full it is, and what its blanks will do. */
import type { ColumnReport } from '../doctor/columns.ts'
import { printable } from '../domain/printable.ts'
import { formatCount } from '../report/format.ts'

/** Longer names are cut: the table has to fit. */
const widestName = 32

const titles = ['Column', 'Field', 'Filled', 'Blank', 'Distinct', 'Longest', 'Blanks'] as const
/** Numbers stand on the right. */
const numeric = new Set([2, 3, 4, 5])

export function columnLines(columns: readonly ColumnReport[]): readonly string[] {
  const rows: readonly (readonly string[])[] = [titles, ...columns.map(cellsOf)]
  const widths = titles.map((_, index) => Math.max(...rows.map((cells) => (cells[index] ?? '').length)))
  return rows.map((cells) =>
    cells
      .map((cell, index) =>
        numeric.has(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

function cellsOf({
  name,
  fields,
  filled,
  blank,
  distinct,
  longest,
  blanks,
}: ColumnReport): readonly string[] {
  return [
    cut(name),
    fields.length === 0 ? '-' : cut(fields.join(', ')),
    formatCount(filled),
    formatCount(blank),
    `${distinct.more ? '> ' : ''}${formatCount(distinct.count)}`,
    formatCount(longest),
    blank === 0 ? '' : blanks,
  ]
}

function cut(text: string): string {
  const shown = printable(text)
  return shown.length > widestName ? `${shown.slice(0, widestName - 1)}…` : shown
}
