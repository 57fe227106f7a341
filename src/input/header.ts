/** The head of the input: its format, delimiter and line ends, and where its first record starts. */
import { BulkUpdateError } from '../model/errors.ts'
import { parseCsv, tooLong } from './csv.ts'
import type { InputFile } from './bytes.ts'
import {
  notText,
  refuseBinary,
  refuseJsonDocument,
  startsWithObject,
  detectFormat,
  notCsv,
  formatByName,
  refuseNotJson,
  startBytes,
} from './format.ts'
import type { Dialect } from './csv.ts'
import type { RecordStart, Newline } from './lines.ts'
import { decodeUtf8, wholeCharacters } from './decode.ts'

export interface CsvHead {
  readonly format: 'csv'
  readonly dialect: Dialect
  /** The header's cells, as written. */
  readonly header: readonly string[]
  /** The header's bytes, as written, without the line end. */
  readonly headerText: string
  /** What is before the header: a byte order mark, a line `sep=;`. Files made from this one start with it. */
  readonly above: string
  /** The line end of the header. Rows that are written back have the same. */
  readonly lineEnd: string
  readonly start: RecordStart
}

export interface NdjsonHead {
  readonly format: 'ndjson'
  /** The line end of the first line. Rows that are written back have the same. */
  readonly lineEnd: string
  readonly start: RecordStart
}

export type Head = CsvHead | NdjsonHead

/** The names of the columns; none for NDJSON. */
export function headerOf(head: Head): readonly string[] {
  return head.format === 'csv' ? head.header : []
}

export interface FormatOptions {
  readonly format: 'csv' | 'tsv' | 'ndjson' | undefined
  readonly delimiter: string | undefined
}

/** A file with more was cut at the wrong character, or has rows and columns swapped. */
const mostColumns = 1_000

/** Decides by content first, then by name. Throws INPUT if the file is neither CSV nor NDJSON, or the delimiter is ambiguous. */
export async function readHead(file: InputFile, options: FormatOptions): Promise<Head> {
  refuseBinary(await file.read(0, startBytes), file.path)
  const whole = await firstText(file)
  const separator = separatorLine(whole)
  const text = whole.slice(separator?.text.length)
  if (options.format === undefined || options.format === 'ndjson') refuseJsonDocument(text, file.path)
  const format = options.format ?? detectFormat(text, file.path)
  if (format === 'ndjson') {
    if (options.format !== undefined) refuseNotJson(text, file.path)
    // In a file without line feeds, carriage returns end the lines.
    const lineEnd = /\r?\n/.exec(text)?.[0] ?? (text.includes('\r') ? '\r' : '\n')
    return { format, lineEnd, start: { row: 1, line: 1, offset: file.textStart } }
  }
  const lineEnd = firstLineEnd(text)
  const newline = lineEnd === '\r' ? '\r' : '\n'
  const known = options.delimiter ?? separator?.delimiter ?? (format === 'tsv' ? '\t' : undefined)
  const delimiter =
    known ?? (await findDelimiter(text, newline, formatByName(file.path).delimiter, file.path))
  const dialect: Dialect = { delimiter, newline }
  const before = separator?.text ?? ''
  const line = separator === undefined ? 1 : 2
  const first = { row: 0, line, offset: file.textStart + Buffer.byteLength(before) }
  for await (const rows of parseCsv(wholeCharacters(file, first.offset), dialect, 0, first)) {
    const [header] = rows
    if (header === undefined) continue
    if (header.kind !== 'csv') {
      if (startsWithObject(text)) throw notCsv(file.path, format)
      throw header.problem.code === 'E_TOO_LARGE' ? tooLong(header.line) : badHeader(header.line)
    }
    if (header.cells.length > mostColumns) throw tooManyColumns(header.cells.length)
    const headerText = (await file.read(header.offset, header.length)).toString('utf8')
    if (headerText.includes('\0')) throw notText(file.path)
    const end = header.offset + header.length
    const after = (await file.read(end, 2)).toString('latin1')
    const breakLength = after === '\r\n' ? 2 : Math.min(after.length, 1)
    const lines = headerText.split(dialect.newline).length
    const start = { row: 1, line: header.line + lines, offset: end + breakLength }
    const above = (isMarked(file) ? '\ufeff' : '') + before
    return { format: 'csv', dialect, header: header.cells, headerText, above, lineEnd, start }
  }
  throw new BulkUpdateError(
    'E_EMPTY',
    `${file.path} holds no header`,
    'Give a CSV file whose first line names the columns.',
  )
}

/** True if the file has a byte order mark, which spreadsheets need to read it as Unicode. */
export function isMarked({ textStart, encoding }: InputFile): boolean {
  return textStart > 0 || encoding.startsWith('utf-16')
}

async function firstText(file: InputFile): Promise<string> {
  for await (const text of decodeUtf8(file, file.textStart)) return text
  return ''
}

function tooManyColumns(columns: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_TOO_MANY_COLUMNS',
    `the header has ${columns} columns, and ${mostColumns} are the most`,
    'Check the delimiter, or export fewer columns: an update has at most some dozens of fields.',
  )
}

function badHeader(line: number): BulkUpdateError {
  return new BulkUpdateError(
    'E_HEADER_QUOTE',
    `the header on line ${line} has a misplaced quote`,
    'Quote whole column names and double the quotes inside.',
  )
}

/** Returns the first line end outside of quotes; a line feed if there is none. */
function firstLineEnd(text: string): CsvHead['lineEnd'] {
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '"') quoted = !quoted
    else if (!quoted && character === '\n') return '\n'
    else if (!quoted && character === '\r') return text[at + 1] === '\n' ? '\r\n' : '\r'
  }
  return '\n'
}

/** Finds the line `sep=;` before the header, from which Excel takes the delimiter. */
function separatorLine(start: string): { readonly delimiter: string; readonly text: string } | undefined {
  const [text, delimiter] = /^"?sep=([^\r\n"])"?(?:\r\n|\n|\r)/i.exec(start) ?? []
  return text === undefined || delimiter === undefined ? undefined : { delimiter, text }
}

const candidates = [',', ';', '\t', '|'] as const
type Candidate = (typeof candidates)[number]

/** Characters and records that are tried. */
const sampleLength = 64 * 1024
const mostRecords = 200

/** The best delimiter must fit so many times as many records as the next one. */
const lead = 2

/** A delimiter that cuts the header. */
interface Trial {
  readonly delimiter: Candidate
  /** Cells of the header. */
  readonly columns: number
  /** The share of records with as many cells as the header. */
  readonly agreeing: number
}

/**
 * Finds the delimiter of a CSV text that starts with `text`. A file of one column has none, and gets `suggested` or a comma.
 *
 * @throws BulkUpdateError INPUT, E_DELIMITER, if several fit, because a wrong one would put cells into other fields
 */
export async function findDelimiter(
  text: string,
  newline: Newline,
  suggested: Candidate | undefined,
  path: string,
): Promise<string> {
  const sample = text.slice(0, sampleLength)
  const trials: Trial[] = []
  for (const delimiter of candidates) {
    const [columns = 0, ...widths] = await widthsIn(sample, { delimiter, newline })
    // The last record of the sample may be cut.
    if (sample.length === sampleLength) widths.pop()
    const agreeing = widths.filter((width) => width === columns).length / widths.length
    if (columns > 1) trials.push({ delimiter, columns, agreeing })
  }
  const [best, next] = trials.toSorted((one, other) => other.agreeing - one.agreeing)
  if (best === undefined) return suggested ?? ','
  if (next === undefined || best.agreeing > next.agreeing * lead) return best.delimiter
  if (suggested !== undefined && trials.some(({ delimiter }) => delimiter === suggested)) return suggested
  throw ambiguousDelimiter(trials, path)
}

/** The number of cells of the header and the first records; 0 if one is malformed. */
async function widthsIn(text: string, dialect: Dialect): Promise<readonly number[]> {
  const widths: number[] = []
  try {
    for await (const rows of parseCsv([Buffer.from(text)], dialect, 0, { row: 0, line: 1, offset: 0 }))
      widths.push(...rows.map((row) => (row.kind === 'csv' ? row.cells.length : 0)))
  } catch (error) {
    // The sample ends in a quote, or has another delimiter. Reading the rows reports a real error.
    if (!(error instanceof BulkUpdateError)) throw error
  }
  return widths.slice(0, mostRecords)
}

const delimiterNames: Readonly<Record<Candidate, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'pipes',
}

const delimiterOptions: Readonly<Record<Candidate, string>> = {
  ',': '--delimiter ","',
  ';': '--delimiter ";"',
  '\t': '--format tsv',
  '|': '--delimiter "|"',
}

function ambiguousDelimiter(trials: readonly Trial[], path: string): BulkUpdateError {
  const found = trials.map(({ delimiter, columns }) => `${columns} columns with ${delimiterNames[delimiter]}`)
  return new BulkUpdateError(
    'E_DELIMITER',
    `${path} can be cut in several ways: its header has ${found.join(', ')}`,
    `Say which is meant: ${trials.map(({ delimiter }) => delimiterOptions[delimiter]).join(' or ')}. Nothing was sent.`,
  )
}
