/**
 * `errors`: the rows that are not updated, byte for byte as they came, with our columns behind; to be mended and fed back.
 * Short rows are not filled up: the blanks would clear fields if nobody mended them.
 */
import { stringify } from 'csv-stringify/sync'
import { errorTips } from '../domain/error-codes.ts'
import type { Outcome } from '../domain/outcome.ts'

export const errorColumns = [
  'rapyd_bulk_row',
  'rapyd_bulk_outcome',
  'rapyd_bulk_error_code',
  'rapyd_bulk_error_field',
  'rapyd_bulk_message',
  'rapyd_bulk_tip',
] as const

/** How the input is written, so that `errors` is written the same way. */
export type ErrorsFormat =
  | {
      readonly format: 'csv'
      readonly headerText: string
      readonly delimiter: string
      readonly lineEnd: string
    }
  | { readonly format: 'ndjson' }

export function errorsHeader(format: ErrorsFormat): string {
  if (format.format === 'ndjson') return ''
  return [format.headerText, ...errorColumns].join(format.delimiter) + format.lineEnd
}

/** `raw` is the record's text in the input. */
export function errorLine(raw: string, outcome: Outcome, format: ErrorsFormat): string {
  const ours = [
    outcome.row,
    outcome.outcome,
    outcome.errorCode,
    outcome.errorField,
    outcome.message,
    outcome.errorCode === '' ? '' : errorTips[outcome.errorCode],
  ]
  if (format.format === 'csv') {
    const cells = stringify([ours], { delimiter: format.delimiter, eof: false, escape_formulas: true })
    return keptRecord(raw, outcome) + format.delimiter + cells + format.lineEnd
  }
  const members = JSON.stringify(
    Object.fromEntries(errorColumns.map((name, index) => [name, ours[index]])),
  ).slice(1)
  const text = raw.trim()
  if (!isObject(text)) return `{"rapyd_bulk_raw":${JSON.stringify(text)},${members}\n`
  const inside = text.slice(0, -1).trimEnd()
  return `${inside}${inside.endsWith('{') ? '' : ','}${members}\n`
}

/** Only a whole object can take our keys before its last brace. */
function isObject(text: string): boolean {
  try {
    return text.startsWith('{') && typeof JSON.parse(text) === 'object'
  } catch {
    return false
  }
}

/**
 * A record with contradicting quotes is written as one quoted cell: as it stands it could swallow our cells and the rows
 * behind it, and fed back unmended it has too few cells, which clears nothing.
 */
function keptRecord(raw: string, outcome: Outcome): string {
  return outcome.errorCode === 'E_QUOTE' ? `"${raw.replaceAll('"', '""')}"` : raw
}
