/**
 * `errors`: the rows that are not updated, byte for byte as in the input, with our columns after theirs. The user fixes them
 * and sends them again. Our columns replace those of an earlier `errors` file.
 */
import { findTip } from '../model/errors.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import { rawRowMark, outcomeKinds, type Outcome } from '../model/row.ts'
import { csvCells, quotedCell } from './escape.ts'

export const errorColumns = [
  'rapyd_bulk_row',
  'rapyd_bulk_outcome',
  'rapyd_bulk_error_code',
  'rapyd_bulk_error_field',
  'rapyd_bulk_message',
  'rapyd_bulk_tip',
] as const

const errorKeys: ReadonlySet<string> = new Set(errorColumns)

/** The format of the input, which is also that of `errors`: what `Head` of the input says of it. */
export type ErrorsFormat = CsvFormat | { readonly format: 'ndjson'; readonly lineEnd: string }

interface CsvFormat {
  readonly format: 'csv'
  readonly header: readonly string[]
  /** The lines above the header, and the header, as they are written. */
  readonly above: string
  readonly headerText: string
  readonly dialect: CellFormat
  readonly lineEnd: string
}

interface CellFormat {
  readonly delimiter: string
  /** The character before a quote inside of quotes. Default: another quote. */
  readonly escape?: string
}

export function errorsHeader(format: ErrorsFormat): string {
  if (format.format === 'ndjson') return ''
  const { above, headerText, dialect, lineEnd } = format
  const kept = withoutLastCells(above + headerText, dialect, countEarlierSets(format) * errorColumns.length)
  return [kept, ...errorColumns].join(dialect.delimiter) + lineEnd
}

/** `raw` is the record's text in the input. */
export function errorLine(raw: string, outcome: Outcome, format: ErrorsFormat): string {
  const values = [
    outcome.row,
    outcome.outcome,
    outcome.errorCode,
    outcome.errorField,
    outcome.apiMessage === '' ? outcome.message : `${outcome.message}: ${outcome.apiMessage}`,
    outcome.errorCode === '' ? '' : findTip(outcome.errorCode, outcome.message),
  ]
  if (format.format === 'ndjson') return ndjsonRecord(raw.trim(), values) + format.lineEnd
  const { delimiter, escape = '"' } = format.dialect
  return csvRecord(raw, outcome, format) + delimiter + csvCells(values, delimiter, escape) + format.lineEnd
}

/** Keeps every member as it is written, valid or not. A text that is no object becomes one member. */
function ndjsonRecord(text: string, values: readonly (string | number)[]): string {
  const members = splitMembers(text)
  const kept =
    members === undefined
      ? [`"rapyd_bulk_raw":${JSON.stringify(text)}`]
      : members.filter(({ key }) => !errorKeys.has(key)).map((member) => member.text)
  const added = errorColumns.map((name, index) => `${JSON.stringify(name)}:${JSON.stringify(values[index])}`)
  return `{${[...kept, ...added].join(',')}}`
}

/** What is no row of cells, or may be none. */
const misshapen: ReadonlySet<string> = new Set([
  'E_QUOTE',
  'E_NEAR_BROKEN_QUOTE',
  'E_COLUMNS',
  'E_FOOTER',
  'E_HEADER_AGAIN',
])

/**
 * Writes a record of another width, or with contradicting quotes, as one cell. Otherwise a spreadsheet would move our cells
 * under the user's columns, and an open quote would take in the rows after it. Blank cells after the last column are left out.
 */
function csvRecord(raw: string, outcome: Outcome, format: CsvFormat): string {
  const { errorCode, errorField } = outcome
  const { delimiter, escape = '"' } = format.dialect
  const isMisshapen = misshapen.has(errorCode) || (errorCode === 'E_TOO_LARGE' && errorField === '')
  const sets = countEarlierSets(format)
  let kept = isMisshapen
    ? raw
    : splitCells(raw, format.dialect).slice(0, format.header.length).join(delimiter)
  for (let set = 0; set < sets; set++) {
    const shorter = withoutLastCells(kept, format.dialect, errorColumns.length)
    // In a row of another width the last cells may be the user's own.
    if (isMisshapen && !startsWithErrorCells(kept.slice(shorter.length + 1), delimiter)) break
    kept = shorter
  }
  if (!isMisshapen) return kept
  // Blank cells make the row as wide as the header, so that no program fills it up. The mark keeps the text from being an id:
  // the blanks would clear that customer
  const columns = format.header.length - sets * errorColumns.length
  return quotedCell(rawRowMark + kept, escape) + delimiter.repeat(columns - 1)
}

/** Counts how many times the header ends with our columns. */
function countEarlierSets({ header }: CsvFormat): number {
  let sets = 0
  const matches = (name: string, index: number): boolean =>
    header
      .at(index - errorColumns.length * (sets + 1))
      ?.trim()
      .toLowerCase() === name
  while (errorColumns.every(matches)) sets++
  return sets
}

/** Whether the first two cells are a row number and an outcome. */
function startsWithErrorCells(cells: string, delimiter: string): boolean {
  const [row = '', outcome = ''] = cells.split(delimiter).map((cell) => cell.replace(/^"(.*)"$/, '$1'))
  return /^\d+$/.test(row) && outcomeKinds.some((kind) => kind === outcome)
}

/**
 * Cuts the last cells off a record; a record with fewer cells stays as it is. From the end, a quote always opens or closes, so
 * contradicting quotes before those cells do no harm.
 */
function withoutLastCells(record: string, { delimiter, escape }: CellFormat, cells: number): string {
  let quoted = false
  let left = cells
  for (let at = record.length - 1; at >= 0 && left > 0; at--) {
    if (record[at] === '"') quoted = isEscaped(record, at, escape) ? quoted : !quoted
    else if (!quoted && record[at] === delimiter && --left === 0) return record.slice(0, at)
  }
  return record
}

/** The cells of a record that was read without a problem, with their quotes. */
export function splitCells(record: string, { delimiter, escape }: CellFormat): readonly string[] {
  const cells: string[] = []
  let start = 0
  let quoted = false
  for (let at = 0; at < record.length; at++) {
    // A doubled quote toggles twice.
    if (record[at] === '"') quoted = isEscaped(record, at, escape) ? quoted : !quoted
    else if (!quoted && record.startsWith(delimiter, at)) {
      cells.push(record.slice(start, at))
      start = at + delimiter.length
    }
  }
  return [...cells, record.slice(start)]
}

/** True if a backslash that is not escaped itself is before the quote. */
function isEscaped(record: string, quote: number, escape: string | undefined): boolean {
  let from = quote
  if (escape === '\\') while (record[from - 1] === '\\') from--
  return (quote - from) % 2 === 1
}

export interface Member {
  readonly key: string
  /** Key, colon and value, byte for byte, without the spaces around. */
  readonly text: string
}

/** Splits a JSON object into its members as they are written. Returns undefined if `text` holds no object. */
export function splitMembers(text: string): readonly Member[] | undefined {
  if (!isJsonObject(parseJson(text))) return undefined
  const members: Member[] = []
  let depth = 0
  let start = text.indexOf('{') + 1
  for (let at = start - 1; at < text.length; at++) {
    const character = text[at]
    if (depth === 1 && (character === ',' || character === '}')) {
      const member = text.slice(start, at).trim()
      if (member !== '') members.push({ key: keyOf(member), text: member })
      start = at + 1
    }
    if (character === '"') at = closingQuote(text, at)
    else if (character === '{' || character === '[') depth++
    else if (character === '}' || character === ']') depth--
  }
  return members
}

function keyOf(member: string): string {
  return String(JSON.parse(member.slice(0, closingQuote(member, 0) + 1)))
}

function closingQuote(text: string, open: number): number {
  let at = open + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
