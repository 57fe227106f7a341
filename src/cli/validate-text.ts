/** What a person reads of `validate`: counts, columns, findings with their remedies, warnings, and the first rows that are wrong. */
import { findTip, warningTips } from '../model/errors.ts'
import type { SourceColumn } from '../model/row.ts'
import { formatCount, formatDuration, formatRows } from '../report/format.ts'
import type { ValidateResult } from '../jobs/validate.ts'
import type { Outcome } from '../model/outcome.ts'
import type { ColumnReport } from '../validation/columns.ts'
import { printable } from '../model/text.ts'

/** Kinds of defects that are listed, the most frequent ones. */
const mostKinds = 50

/** Rows that are listed one by one; the findings count them all. */
const mostListed = 20

/** `input` is what the file is called. */
export function validateText(input: string, result: ValidateResult, invalid: readonly InvalidRow[]): string {
  const { rows, calls, unchanged } = result
  const lines = [
    `${input}: ${formatCount(rows)} rows, ${formatCount(calls)} to send, ${formatCount(unchanged)} without a change, ${formatCount(result.invalid)} invalid`,
    customersLine(result),
    timeLine(result),
    '',
    ...columnLines(result.columns),
  ]
  lines.push(...kindLines('Findings:', result.findings, ({ code, message }) => findTip(code, message)))
  lines.push(...kindLines('Warnings:', result.warnings, ({ code }) => warningTips[code]))
  const listed = invalid.slice(0, mostListed)
  if (listed.length > 0)
    lines.push('', result.invalid > listed.length ? `The first ${listed.length} rows:` : 'Rows:')
  for (const row of listed) lines.push(...rowLines(row))
  return `${lines.join('\n')}\n`
}

/** What was written, and what to do with it. */
export function filesText({ errorsFile, mended }: ValidateResult): string {
  const lines: string[] = []
  if (errorsFile !== undefined) lines.push(`Invalid rows: ${errorsFile}`)
  if (mended !== undefined) {
    const { cells, rows, goodRows, path, changesPath, first } = mended
    lines.push(
      `Mended ${formatCount(cells)} cells in ${formatRows(rows)}, ${formatCount(goodRows)} of them good now: ${path}`,
      `Every change: ${changesPath}`,
      ...first
        .slice(0, mostListed)
        .map(
          ({ row, line, column, code, change }) =>
            `  row ${row}, line ${line}${columnText(column)}: ${code}: ${change}`,
        ),
    )
  }
  return lines.length === 0 ? '' : `\n${lines.join('\n')}\n`
}

function customersLine({ customers, repeatedCustomers, duplicateRows }: ValidateResult): string {
  const counted = `${formatCount(customers)} ${customers === 1 ? 'customer' : 'customers'}`
  return duplicateRows === 0
    ? `${counted}, each on one row`
    : `${counted}, ${formatCount(repeatedCustomers)} of them on several rows (${formatCount(duplicateRows)} rows beyond the first of their customer)`
}

function timeLine({ calls, etaMs }: ValidateResult): string {
  const time = etaMs < 1_000 ? 'moments' : `about ${formatDuration(etaMs)}`
  return calls === 0 ? 'Nothing to send' : `Sending takes ${time} at the default rate`
}

type Counted = ValidateResult['findings'][number] | ValidateResult['warnings'][number]

/** Nothing where there are none. */
function kindLines<Kind extends Counted>(
  title: string,
  kinds: readonly Kind[],
  tip: (kind: Kind) => string,
): readonly string[] {
  if (kinds.length === 0) return []
  const more = kinds.length - mostKinds
  return [
    '',
    title,
    ...kinds.slice(0, mostKinds).flatMap((kind) => countedLines(kind, tip(kind))),
    ...(more > 0 ? [`  and ${formatCount(more)} more kinds: --json has them`] : []),
  ]
}

function countedLines(counted: Counted, tip: string): readonly string[] {
  const { rows, code, field, message, firstRow, firstLine, column } = counted
  const what = `${code} ${field}`.trim()
  // The header is no row.
  if (firstRow === 0) return [`  ${what}: ${message} (the header${columnText(column)})`, `    ${tip}`]
  const place = `first: row ${firstRow}, line ${firstLine}${columnText(column)}`
  return [`  ${formatCount(rows)} × ${what}: ${message} (${place})`, `    ${tip}`, ...detailLines(counted)]
}

/** The further rows, and what such a cell looks like. */
function detailLines({ rows, places, example }: Counted): readonly string[] {
  const [, ...further] = places.map(({ row }) => row)
  const more = rows - places.length
  const others =
    further.length === 0
      ? ''
      : `also in row ${further.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`
  const looks = example === undefined ? '' : `looks like ${JSON.stringify(example)}`
  const details = [others, looks].filter((text) => text !== '').join('; ')
  return details === '' ? [] : [`    (${details})`]
}

function rowLines({ outcome, column }: InvalidRow): readonly string[] {
  const { row, line, errorCode, errorField, message } = outcome
  const what = `${errorCode} ${errorField}`.trim()
  return [
    `  row ${row}, line ${line}${columnText(column)}: ${what}: ${message}`,
    `    ${errorCode === '' ? '' : findTip(errorCode, message)}`,
  ]
}

/** Quoted as JSON, so that a name with control characters cannot play tricks on a terminal. */
function columnText(column: SourceColumn | undefined): string {
  if (column === undefined) return ''
  const name = JSON.stringify(column.name)
  return column.number === undefined ? `, key ${name}` : `, column ${column.number} ${name}`
}

/** An invalid row, with the column of its first defect. */
export interface InvalidRow {
  readonly outcome: Outcome
  readonly column: SourceColumn | undefined
}

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
