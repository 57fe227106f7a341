/** What `validate` writes: its result for people, and defects for other programs. */
import type { CommandOptions } from '../config/options.ts'
import { findTip, warningEntries } from '../model/errors.ts'
import type { SourceColumn } from '../model/row.ts'
import { formatCount, formatDuration, formatRows } from '../report/format.ts'
import type { ValidateResult } from '../jobs/validate.ts'
import type { Outcome } from '../model/outcome.ts'
import type { ColumnReport } from '../validation/columns.ts'
import type { Defect } from '../validation/checks.ts'
import { printable } from '../model/text.ts'
import { describeAddingUp, describeExtraCalls } from './display.ts'

/** Kinds of defects that are listed, the most frequent ones. */
const mostKinds = 50

/** Rows that are listed one by one. */
const mostListed = 20

/** `input` is the name of the file. */
export function validateText(input: string, result: ValidateResult, invalid: readonly InvalidRow[]): string {
  const { rows, calls, unchanged } = result
  const lines = [
    `${input}: ${formatCount(rows)} rows, ${formatCount(calls)} to send, ${formatCount(unchanged)} without a change, ${formatCount(result.invalid)} invalid`,
    customersLine(result),
    timeLine(result),
    ...[describeExtraCalls(result), describeAddingUp(result)].filter((line) => line !== undefined),
    '',
    ...columnLines(result.columns),
  ]
  lines.push(...kindLines('Findings:', result.findings, ({ code, message }) => findTip(code, message)))
  lines.push(...kindLines('Warnings:', result.warnings, ({ code }) => warningEntries[code].tip))
  const listed = invalid.slice(0, mostListed)
  if (listed.length > 0)
    lines.push('', result.invalid > listed.length ? `The first ${listed.length} rows:` : 'Rows:')
  for (const row of listed) lines.push(...rowLines(row))
  return `${lines.join('\n')}\n`
}

/** The files that were written. */
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

/** Returns no lines if there are no kinds. */
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
  // Row 0 is the header
  if (firstRow === 0) return [`  ${what}: ${message} (the header${columnText(column)})`, `    ${tip}`]
  const place = `first: row ${firstRow}, line ${firstLine}${columnText(column)}`
  return [`  ${formatCount(rows)} × ${what}: ${message} (${place})`, `    ${tip}`, ...detailLines(counted)]
}

/** Further rows, and an example of the cell. */
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

/** The name is quoted as JSON, so that a terminal obeys no control characters in it. */
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

/** Longer names are cut, so that the table fits. */
const widestName = 32

const titles = ['Column', 'Field', 'Filled', 'Blank', 'Distinct', 'Longest', 'Blanks'] as const
/** Columns of numbers, aligned to the right. */
const numeric = new Set([2, 3, 4, 5])

function columnLines(columns: readonly ColumnReport[]): readonly string[] {
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

type DefectFormat = NonNullable<CommandOptions<'validate'>['formatErrors']>

export interface DefectLines {
  /** The text before the first line; may be empty. */
  readonly header: string
  readonly toLine: (defect: Defect) => string
}

/** `--format-errors`: a line for each defect, as annotations of GitHub that name `input`, or as CSV. */
export async function createDefectLines(format: DefectFormat, input: string): Promise<DefectLines> {
  if (format !== 'csv') return { header: '', toLine: (defect) => annotation(defect, input) }
  // Loading csv-stringify takes longer than a small file
  const { csvText } = await import('../report/escape.ts')
  return {
    header: 'row,line,column,name,severity,code,field,message,tip\n',
    toLine: ({ row, line, column, severity, code, field, message, tip }) =>
      csvText([[row, line, column?.number ?? '', column?.name ?? '', severity, code, field, message, tip]]),
  }
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotation(defect: Defect, input: string): string {
  const { severity, row, line, column, code, field, message, tip } = defect
  const place = row === 0 ? 'the header' : `row ${row}`
  const where = `${place}${column === undefined ? '' : `, ${annotatedColumn(column)}`}`
  const title = escapeProperty(printable(`${code} ${field}`.trim()))
  return `::${severity} file=${escapeProperty(input)},line=${line},title=${title}::${escapeData(`${where}: ${printable(message)}. ${tip}`)}\n`
}

function annotatedColumn({ name, number }: SourceColumn): string {
  return `${number === undefined ? 'key' : `column ${number}`} "${printable(name)}"`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
