/** What a person reads of `validate`: counts, columns, findings with their remedies, warnings, and the first rows that are wrong. */
import { errorTips } from '../domain/error-codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import { warningTips } from '../domain/warning.ts'
import type { SourceColumn } from '../pipeline/ports.ts'
import type { ValidateResult } from '../validate.ts'

/** An invalid row, with the column of its first defect. */
export interface InvalidRow {
  readonly outcome: Outcome
  readonly column: SourceColumn | undefined
}

/** Rows that are listed one by one; the findings count them all. */
const mostListed = 20

/** `input` is what the file is called. */
export function validateText(input: string, result: ValidateResult, invalid: readonly InvalidRow[]): string {
  const lines = [
    `${input}: ${result.rows} rows, ${result.calls} to send, ${result.unchanged} without a change, ${result.invalid} invalid`,
    customersLine(result),
    '',
    ...fieldLines(result),
  ]
  if (result.findings.length > 0) lines.push('', 'Findings:')
  for (const finding of result.findings) lines.push(...countedLines(finding, errorTips[finding.code]))
  if (result.warnings.length > 0) lines.push('', 'Warnings:')
  for (const warning of result.warnings) lines.push(...countedLines(warning, warningTips[warning.code]))
  const listed = invalid.slice(0, mostListed)
  if (listed.length > 0)
    lines.push('', result.invalid > listed.length ? `The first ${listed.length} rows:` : 'Rows:')
  for (const row of listed) lines.push(...rowLines(row))
  return `${lines.join('\n')}\n`
}

function customersLine({ customers, repeatedCustomers, duplicateRows }: ValidateResult): string {
  const counted = `${customers} ${customers === 1 ? 'customer' : 'customers'}`
  return duplicateRows === 0
    ? `${counted}, each on one row`
    : `${counted}, ${repeatedCustomers} of them on several rows (${duplicateRows} rows beyond the first of their customer)`
}

/** A table of what each field would get. */
function fieldLines({ set, cleared }: ValidateResult): readonly string[] {
  const width = Math.max(26, ...[...set.keys()].map((field) => field.length))
  const line = (field: string, filled: string, clears: string): string =>
    `${field.padEnd(width)} ${filled.padStart(6)}  ${clears.padStart(8)}`
  const counts = [...set].map(([field, count]) => {
    const clears = cleared.get(field) ?? 0
    return line(field, String(count - clears), String(clears))
  })
  return [line('Field', 'set', 'cleared'), ...counts]
}

type Counted = ValidateResult['findings'][number] | ValidateResult['warnings'][number]

function countedLines(counted: Counted, tip: string): readonly string[] {
  const { rows, code, field, message, firstRow, firstLine, column } = counted
  const place = `first: row ${firstRow}, line ${firstLine}${columnText(column)}`
  return [`  ${rows} × ${`${code} ${field}`.trim()}: ${message} (${place})`, `    ${tip}`]
}

function rowLines({ outcome, column }: InvalidRow): readonly string[] {
  const { row, line, errorCode, errorField, message } = outcome
  const what = `${errorCode} ${errorField}`.trim()
  return [
    `  row ${row}, line ${line}${columnText(column)}: ${what}: ${message}`,
    `    ${errorCode === '' ? '' : errorTips[errorCode]}`,
  ]
}

/** Quoted as JSON, so that a name with control characters cannot play tricks on a terminal. */
function columnText(column: SourceColumn | undefined): string {
  if (column === undefined) return ''
  const name = JSON.stringify(column.name)
  return column.number === undefined ? `, key ${name}` : `, column ${column.number} ${name}`
}
