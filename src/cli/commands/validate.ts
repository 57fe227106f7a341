/** `validate`: what a file holds and what is wrong with it, for people, and defects for other programs. */
import { programOptions } from '../../config/job-options.ts'
import { exitCodes, findTip, warningEntries } from '../../model/errors.ts'
import { errorOf } from '../../engine/errors.ts'
import { standardInput } from '../../input/spool.ts'
import type { SourceColumn, Outcome } from '../../model/row.ts'
import { printable, shownName } from '../../model/text.ts'
import { formatCount, formatDuration, formatRows } from '../../report/format.ts'
import type { ColumnReport } from '../../validation/columns.ts'
import type { Defect } from '../../validation/findings.ts'
import { validate as validateFile, type ValidateResult } from '../../jobs/validate.ts'
import type { Arguments } from '../command-table.ts'
import { scanLines } from '../../report/summary-text.ts'
import { describeAddingUp, describeExtraCalls, describeUnmatched } from '../display.ts'
import { print, printJson, printSlowly, say, sayError } from '../terminal.ts'

/** Invalid rows that are kept for the list. The findings count all. */
const mostKept = 100

/** Exit code 0; 1 if rows are invalid; 3 if the whole file is refused. */
export async function validate(args: Arguments<'validate'>): Promise<number> {
  const name = args.input === '-' ? standardInput : args.input
  const lines = await defectWriter(args)
  const invalid: InvalidRow[] = []
  const { input, out, fix, force } = args
  const result = await validateFile({
    ...programOptions(args),
    input,
    ...lines,
    out,
    fix,
    force,
    onInvalid(outcome, columnOf) {
      if (invalid.length < mostKept) invalid.push({ outcome, column: columnOf() })
    },
  })
  if (args.json === true) printJson(validateJson(result, invalid))
  else {
    const files = filesText(result)
    // With --format-errors, standard output has only the defects
    if (lines === undefined) print(validateText(name, result, invalid) + files)
    else for (const line of files.split('\n').slice(0, -1)) say(line)
  }
  for (const note of [describeUnmatched(result.unmatched), ...scanLines(result)])
    if (note !== undefined && args.quiet !== true) say(note)
  if (result.refusal !== undefined) {
    sayError(result.refusal)
    return exitCodes.INPUT
  }
  return result.invalid > 0 ? exitCodes.ROWS : exitCodes.OK
}

/** Writes defects batch by batch, so that memory does not grow with them. */
async function defectWriter({ formatErrors: format, json, input }: Arguments<'validate'>) {
  if (format === undefined) return undefined
  if (json === true) throw errorOf('E_OPTION_CONFLICT', 'two_outputs')
  const { header, toLine } = await createDefectLines(format, input)
  let text = header
  return {
    onDefect: (defect: Parameters<typeof toLine>[0]) => {
      text += toLine(defect)
    },
    async afterBatch() {
      const written = printSlowly(text)
      text = ''
      await written
    },
  }
}

function validateJson(result: ValidateResult, invalid: readonly InvalidRow[]) {
  const { set, cleared, refusal, ...counts } = result
  return {
    ...counts,
    findings: counts.findings.map((finding) =>
      Object.assign({}, finding, { tip: findTip(finding.code, finding.message) }),
    ),
    warnings: counts.warnings.map((warning) =>
      Object.assign({}, warning, { tip: warningEntries[warning.code].tip }),
    ),
    set: Object.fromEntries(set),
    cleared: Object.fromEntries(cleared),
    refused: refusal?.code ?? null,
    invalid_rows: invalid.map(({ outcome: { row, line, errorCode, errorField }, column }) => ({
      row,
      line,
      column: column ?? null,
      code: errorCode,
      field: errorField,
    })),
  }
}

/** Kinds of defects that are listed, the most frequent ones. */
const mostKinds = 50

/** Rows that are listed one by one. */
const mostListed = 20

/** `input` is the name of the file. */
function validateText(input: string, result: ValidateResult, invalid: readonly InvalidRow[]): string {
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
function filesText({ errorsFile, mended }: ValidateResult): string {
  const lines: string[] = []
  if (errorsFile !== undefined) lines.push(`Invalid rows: ${errorsFile}`)
  if (mended !== undefined) {
    const { cells, rows, goodRows, path, changesPath, first } = mended
    lines.push(
      `Mended ${formatCount(cells)} cells in ${formatRows(rows)}, ${formatCount(goodRows)} of them good now: ${path}`,
      `Every change: ${changesPath}`,
      ...first.slice(0, mostListed).map((fix) => `  ${placeText(fix)}: ${fix.code}: ${fix.change}`),
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
  const { rows, code, field, message, firstRow: row, firstLine: line, column } = counted
  const what = `${code} ${shownName(field)}`.trim()
  // Row 0 is the header
  if (row === 0) return [`  ${what}: ${message} (the header${columnText(column)})`, `    ${tip}`]
  const place = placeText({ row, line, column })
  return [
    `  ${formatCount(rows)} × ${what}: ${message} (first: ${place})`,
    `    ${tip}`,
    ...detailLines(counted),
  ]
}

/** Further rows, and an example of the cell. */
function detailLines({ rows, places, example }: Counted): readonly string[] {
  const further = places.slice(1).map(({ row }) => row)
  const more = rows > places.length ? ` and ${formatCount(rows - places.length)} more` : ''
  const details = [
    ...(further.length === 0 ? [] : [`also in row ${further.join(', ')}${more}`]),
    ...(example === undefined ? [] : [`looks like ${JSON.stringify(example)}`]),
  ]
  return details.length === 0 ? [] : [`    (${details.join('; ')})`]
}

function rowLines({ outcome, column }: InvalidRow): readonly string[] {
  const { errorCode, errorField, message } = outcome
  const what = `${errorCode} ${shownName(errorField)}`.trim()
  const tip = errorCode === '' ? '' : findTip(errorCode, message)
  return [`  ${placeText({ ...outcome, column })}: ${what}: ${message}`, `    ${tip}`]
}

function placeText({ row, line, column }: Pick<Defect, 'row' | 'line' | 'column'>): string {
  return `row ${row}, line ${line}${columnText(column)}`
}

function columnText(column: SourceColumn | undefined): string {
  if (column === undefined) return ''
  const name = `"${shownName(column.name)}"`
  return column.number === undefined ? `, key ${name}` : `, column ${column.number} ${name}`
}

/** An invalid row, with the column of its first defect. */
interface InvalidRow {
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
  const pad = (cell: string, index: number): string =>
    numeric.has(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)
  return rows.map((cells) => cells.map(pad).join('  ').trimEnd())
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
  const numbers = [filled, blank, distinct.count, longest].map(formatCount)
  if (distinct.more) numbers[2] = `> ${numbers[2]}`
  return [
    cut(name),
    fields.length === 0 ? '-' : cut(fields.join(', ')),
    ...numbers,
    blank === 0 ? '' : blanks,
  ]
}

function cut(text: string): string {
  const shown = printable(text)
  return shown.length > widestName ? `${shown.slice(0, widestName - 1)}…` : shown
}

/** `--format-errors`: a header and a line for each defect, as annotations of GitHub that name `input`, or as CSV. */
async function createDefectLines(format: 'github' | 'csv', input: string) {
  if (format !== 'csv') return { header: '', toLine: (defect: Defect) => annotation(defect, input) }
  // Loading csv-stringify takes longer than a small file
  const { csvText } = await import('../../report/escape.ts')
  return {
    header: 'row,line,column,name,severity,code,field,message,tip\n',
    toLine: ({ row, line, column, severity, code, field, message, tip }: Defect) =>
      csvText([[row, line, column?.number ?? '', column?.name ?? '', severity, code, field, message, tip]]),
  }
}

/** https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotation(defect: Defect, input: string): string {
  const { severity, row, line, column, code, field, message, tip } = defect
  const place = row === 0 ? 'the header' : `row ${row}`
  const where = column === undefined ? place : `${place}, ${annotatedColumn(column)}`
  const title = escapeProperty(`${code} ${shownName(field)}`.trim())
  return `::${severity} file=${escapeProperty(input)},line=${line},title=${title}::${escapeData(`${where}: ${printable(message)}. ${tip}`)}\n`
}

function annotatedColumn({ name, number }: SourceColumn): string {
  return `${number === undefined ? 'key' : `column ${number}`} "${shownName(name)}"`
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
