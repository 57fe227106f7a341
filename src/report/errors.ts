/**
 * `errors`: the rows that are not updated, byte for byte as they came, with our columns behind; to be mended and fed back.
 * Columns that an earlier `errors` file has put there are replaced. Rows that are not as wide as the header stand in their
 * first cell as text.
 */
import { findTip } from '../model/errors.ts'
import { rawRowMark } from '../model/row.ts'
import { outcomeKinds } from '../model/outcome.ts'
import type { Outcome } from '../model/outcome.ts'
import { csvCells } from './csv-text.ts'
import { splitMembers } from './json-members.ts'

export const errorColumns = [
  'rapyd_bulk_row',
  'rapyd_bulk_outcome',
  'rapyd_bulk_error_code',
  'rapyd_bulk_error_field',
  'rapyd_bulk_message',
  'rapyd_bulk_tip',
] as const

const ours: ReadonlySet<string> = new Set(errorColumns)

/** How the input is written, so that `errors` is written the same way. */
export type ErrorsFormat =
  | {
      readonly format: 'csv'
      /** The header's cells, and its text as it is written, with what stands above it. */
      readonly header: readonly string[]
      readonly headerText: string
      readonly delimiter: string
      readonly lineEnd: string
    }
  | { readonly format: 'ndjson'; readonly lineEnd: string }

type CsvFormat = Extract<ErrorsFormat, { readonly format: 'csv' }>

export function errorsHeader(format: ErrorsFormat): string {
  if (format.format === 'ndjson') return ''
  const { headerText, delimiter, lineEnd } = format
  const kept = withoutLastCells(headerText, delimiter, earlierSets(format) * errorColumns.length)
  return [kept, ...errorColumns].join(delimiter) + lineEnd
}

/** `raw` is the record's text in the input. */
export function errorLine(raw: string, outcome: Outcome, format: ErrorsFormat): string {
  const values = [
    outcome.row,
    outcome.outcome,
    outcome.errorCode,
    outcome.errorField,
    outcome.message,
    outcome.errorCode === '' ? '' : findTip(outcome.errorCode, outcome.message),
  ]
  if (format.format === 'csv') {
    const { delimiter, lineEnd } = format
    return keptRecord(raw, outcome, format) + delimiter + csvCells(values, delimiter) + lineEnd
  }
  return ndjsonLine(raw.trim(), values) + format.lineEnd
}

/** Keeps every member as it is written, whatever is wrong with it; only a whole object can take our keys. */
function ndjsonLine(text: string, values: readonly (string | number)[]): string {
  const members = splitMembers(text)
  const kept =
    members === undefined
      ? [`"rapyd_bulk_raw":${JSON.stringify(text)}`]
      : members.filter(({ key }) => !ours.has(key)).map((member) => member.text)
  const added = errorColumns.map((name, index) => `${JSON.stringify(name)}:${JSON.stringify(values[index])}`)
  return `{${[...kept, ...added].join(',')}}`
}

/**
 * A record of another width, or with contradicting quotes, has no columns that could be kept, and must not be sent as if it
 * had: as it stands our cells would come under the user's columns as soon as a spreadsheet fills up its row, and open quotes
 * would swallow the rows behind it. So its text is one cell, behind a mark, and the other cells are blank. The row is then as
 * wide as the header, so no program fills it up; unmended it is refused by its mark, and without that by its id, which is
 * blank or the marked text (the bare text of a short row can be an id, and the blanks would clear that customer). To mend
 * it, the cells are put where they belong.
 */
function keptRecord(raw: string, outcome: Outcome, format: CsvFormat): string {
  const { errorCode, errorField } = outcome
  const isMisshapen =
    errorCode === 'E_QUOTE' || errorCode === 'E_COLUMNS' || (errorCode === 'E_TOO_LARGE' && errorField === '')
  const sets = earlierSets(format)
  let kept = raw
  for (let set = 0; set < sets; set++) {
    const shorter = withoutLastCells(kept, format.delimiter, errorColumns.length)
    // In a row of another width the last cells may be the user's own.
    if (isMisshapen && !startsLikeOurs(kept.slice(shorter.length + 1), format.delimiter)) break
    kept = shorter
  }
  if (!isMisshapen) return kept
  const columns = format.header.length - sets * errorColumns.length
  return `"${rawRowMark}${kept.replaceAll('"', '""')}"${format.delimiter.repeat(columns - 1)}`
}

/** How many times our columns stand at the end of the header. */
function earlierSets({ header }: CsvFormat): number {
  let sets = 0
  const isOurs = (name: string, index: number): boolean =>
    header
      .at(index - errorColumns.length * (sets + 1))
      ?.trim()
      .toLowerCase() === name
  while (errorColumns.every(isOurs)) sets++
  return sets
}

/** A row number and an outcome. */
function startsLikeOurs(cells: string, delimiter: string): boolean {
  const [row = '', outcome = ''] = cells.split(delimiter).map((cell) => cell.replace(/^"(.*)"$/, '$1'))
  return /^\d+$/.test(row) && outcomeKinds.some((kind) => kind === outcome)
}

/**
 * Cuts the last cells off a record. Read from its end, a quote always opens or closes, so that this holds for a record whose
 * quotes contradict each other before those cells. A record of too few cells stays as it is.
 */
function withoutLastCells(record: string, delimiter: string, cells: number): string {
  let quoted = false
  let left = cells
  for (let at = record.length - 1; at >= 0 && left > 0; at--) {
    if (record[at] === '"') quoted = !quoted
    else if (!quoted && record[at] === delimiter && --left === 0) return record.slice(0, at)
  }
  return record
}
