/** The head of the input: its format, delimiter and line ends, and where its first record starts. */
import type { UpdateOptions } from '../config/options.ts'
import { invalidValue } from '../config/values.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { CsvRow, MalformedRow } from '../model/row.ts'
import { parseCsv, tooLong, type Dialect } from './csv.ts'
import type { InputFile } from './bytes.ts'
import {
  refuseBinary,
  refuseJsonDocument,
  startsWithObject,
  detectFormat,
  formatByName,
  refuseNotJson,
  withoutSeparators,
  startBytes,
} from './format.ts'
import type { RecordStart, Newline } from './lines.ts'
import { wholeCharacters } from './decode.ts'
import { refusal } from './refusals.ts'

/** A record as the header may be one. */
export interface HeaderCandidate {
  readonly line: number
  readonly cells: readonly string[]
}

export interface CsvHead {
  readonly format: 'csv'
  readonly dialect: Dialect
  /** The header's cells, as written. */
  readonly header: readonly string[]
  /** The header's bytes, as written, without the line end. */
  readonly headerText: string
  /** What is before the header: a byte order mark, a line `sep=;`, other lines. Files made from this one start with it. */
  readonly above: string
  /** The line end of the header. Rows that are written back have the same. */
  readonly lineEnd: string
  /** The line of the header. */
  readonly line: number
  /** The first records after the header, if no option says where it is. */
  readonly below: readonly HeaderCandidate[]
  /** Whether a footer is left out. */
  readonly skipFooter: boolean
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

export type FormatOptions = {
  readonly [Name in 'format' | 'delimiter' | 'headerLine' | 'escape' | 'skipFooter']?:
    | UpdateOptions[Name]
    | undefined
}

/** A file with more was cut at the wrong character, or has rows and columns swapped. */
const mostColumns = 1_000
/** Records in which the header is looked for. */
const mostCandidates = 30

/** Decides by content first, then by name. Throws INPUT if the file is neither CSV nor NDJSON, or the delimiter is ambiguous. */
export async function readHead(file: InputFile, options: FormatOptions): Promise<Head> {
  refuseBinary(await file.read(0, startBytes), file.path)
  const whole = await firstText(file)
  const separator = separatorLine(whole)
  const lines = linesBefore(whole, options.headerLine, file.path)
  const above = lines === '' ? (separator?.text ?? '') : lines
  const text = whole.slice(above.length)
  if (options.format === undefined || options.format === 'ndjson') refuseJsonDocument(text, file.path)
  const plain = withoutSeparators(text)
  const format = options.format ?? detectFormat(plain, file.path)
  if (format !== 'ndjson') return readCsvHead(file, { above, text, delimiter: separator?.delimiter }, options)
  if (options.headerLine !== undefined)
    throw refusal('E_HEADER_LINE', 'notAHeader', { line: options.headerLine, why: 'is one of NDJSON' })
  if (options.format !== undefined) refuseNotJson(plain, file.path)
  // In a file without line feeds, carriage returns end the lines.
  const lineEnd = /\r?\n/.exec(text)?.[0] ?? (text.includes('\r') ? '\r' : '\n')
  return { format, lineEnd, start: { row: 1, line: 1, offset: file.textStart } }
}

interface CsvStart {
  /** The text before the header. */
  readonly above: string
  /** The start of the text from the header on. */
  readonly text: string
  /** That of a line `sep=;`. */
  readonly delimiter: string | undefined
}

async function readCsvHead(
  file: InputFile,
  { above, text, delimiter: separator }: CsvStart,
  options: FormatOptions,
): Promise<CsvHead> {
  const { format = 'csv' } = options
  const end = firstLineEnd(text)
  const newline = end === '\r' ? '\r' : '\n'
  const known = options.delimiter ?? separator ?? (format === 'tsv' ? '\t' : undefined)
  const delimiter =
    known ?? (await findDelimiter(text, newline, formatByName(file.path).delimiter, file.path))
  const dialect: Dialect = {
    delimiter,
    newline,
    escape: parseEscape(options.escape),
    hasDoubledReturns: end === '\r\r\n',
  }
  const line = above.split(dialect.newline).length
  const first = { row: 0, line, offset: file.textStart + Buffer.byteLength(above) }
  const { records, error } = await firstRecords(wholeCharacters(file, first), dialect, first, mostCandidates)
  const [header, ...others] = records
  if (header === undefined) throw error ?? refusal('E_EMPTY', 'noHeader', { path: file.path })
  if (options.headerLine !== undefined && header.line !== line)
    throw refusal('E_HEADER_LINE', 'notAHeader', { line, why: 'is blank' })
  const below = others.flatMap((row) => (row.kind === 'csv' ? [{ line: row.line, cells: row.cells }] : []))
  if (header.kind !== 'csv') {
    if (startsWithObject(text)) throw refusal('E_FORMAT', 'notCsv', { path: file.path, said: format })
    if (header.problem.code === 'E_TOO_LARGE') throw tooLong(header.line)
    const other = findHeader({ cells: [''], line }, below)?.line
    const hint = other === undefined ? '' : ` If line ${other} is the header: --header-line ${other}.`
    throw refusal('E_HEADER_QUOTE', 'headerQuote', { line: header.line, hint })
  }
  const columns = header.cells.length
  if (columns > mostColumns)
    throw refusal('E_TOO_MANY_COLUMNS', 'tooManyColumns', { columns, most: mostColumns })
  const headerText = (await file.read(header.offset, header.length)).toString('utf8')
  if (headerText.includes('\0')) throw refusal('E_BINARY', 'notText', { path: file.path })
  const headerEnd = header.offset + header.length
  const after = (await file.read(headerEnd, 3)).toString('latin1')
  const [lineBreak = ''] = /^\r{0,2}\n|^\r/.exec(after) ?? []
  return {
    format: 'csv',
    dialect,
    header: header.cells,
    headerText,
    above: (isMarked(file) ? '\ufeff' : '') + above,
    lineEnd: end === '\r\r\n' ? '\r\n' : end,
    line: header.line,
    below: options.headerLine === undefined ? below : [],
    skipFooter: options.skipFooter ?? false,
    start: { row: 1, line: header.line + (header.lines ?? 1), offset: headerEnd + lineBreak.length },
  }
}

/** The first records, and the error that ended them: only if nothing was read, because reading the rows reports it again. */
async function firstRecords(
  blocks: AsyncIterable<Buffer> | Iterable<Buffer>,
  dialect: Dialect,
  start: RecordStart,
  most: number,
) {
  const records: (CsvRow | MalformedRow)[] = []
  try {
    for await (const rows of parseCsv(blocks, dialect, start)) {
      records.push(...rows.slice(0, most - records.length))
      if (records.length === most) break
    }
  } catch (error) {
    if (!(error instanceof BulkUpdateError)) throw error
    return { records, error }
  }
  return { records, error: undefined }
}

/** The lines before `--header-line`, whatever quotes are in them. */
function linesBefore(text: string, headerLine: number | undefined, path: string): string {
  if (headerLine === undefined || headerLine === 1) return ''
  const lineEnd = text.includes('\n') ? '\n' : '\r'
  const lines = text.split(lineEnd)
  const why = `is not in the first ${lines.length} lines of ${path}`
  if (lines.length < headerLine) throw refusal('E_HEADER_LINE', 'notAHeader', { line: headerLine, why })
  return lines.slice(0, headerLine - 1).join(lineEnd) + lineEnd
}

/** A shell may pass the backslash doubled. */
function parseEscape(text = '"'): NonNullable<Dialect['escape']> {
  if (text === '"') return '"'
  if (text === '\\' || text === '\\\\') return '\\'
  throw invalidValue('E_OPTION_ESCAPE', 'escape', text, 'use \\ (a backslash), or leave it out')
}

export function filledOf({ cells }: HeaderCandidate): number {
  return cells.filter((cell) => cell.trim() !== '').length
}

/** Cells that no column is named. */
const valueLike = /@|^cus_|^[\d\s.,:/+-]*$/

/**
 * Returns the record that seems to be the header in the place of `header`: it has more names, and most records after it are as
 * wide. Undefined if there is none.
 */
export function findHeader(
  header: HeaderCandidate,
  below: readonly HeaderCandidate[],
): HeaderCandidate | undefined {
  const least = Math.max(2, 2 * filledOf(header))
  const index = below.findIndex((record) => filledOf(record) >= least)
  const found = below[index]
  if (found === undefined || new Set(found.cells).size < filledOf(found)) return undefined
  if (found.cells.some((cell) => cell !== '' && valueLike.test(cell.trim()))) return undefined
  const after = below.slice(index + 1)
  const alike = after.filter(({ cells }) => cells.length === found.cells.length).length
  return alike * 2 >= after.length ? found : undefined
}

/** True if the file has a byte order mark, which spreadsheets need to read it as Unicode. */
export function isMarked({ textStart, encoding }: InputFile): boolean {
  return textStart > 0 || encoding.startsWith('utf-16')
}

async function firstText(file: InputFile): Promise<string> {
  for await (const block of wholeCharacters(file, { line: 1, offset: file.textStart }))
    return block.toString()
  return ''
}

/** Returns the first line end outside of quotes; a line feed if there is none. */
function firstLineEnd(text: string): string {
  const unquoted = text.replaceAll(/"[^"]*(?:"|$)/g, '""')
  return /\r{0,2}\n|\r/.exec(unquoted)?.[0] ?? '\n'
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
const sampleStart = { row: 0, line: 1, offset: 0 }

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
  let below: { readonly delimiter: Candidate; readonly records: number } | undefined
  for (const delimiter of candidates.filter((candidate) => sample.includes(candidate))) {
    // An error: the sample ends in a quote, or has another delimiter.
    const { records: sampled } = await firstRecords(
      [Buffer.from(sample)],
      { delimiter, newline },
      sampleStart,
      mostRecords,
    )
    const [columns = 0, ...widths] = sampled.map((row) => (row.kind === 'csv' ? row.cells.length : 0))
    // The last record of the sample may be cut.
    if (sample.length === sampleLength) widths.pop()
    const agreeing = widths.filter((width) => width === columns).length / widths.length
    if (columns > 1) trials.push({ delimiter, columns, agreeing })
    const records = mostAlike(widths.filter((width) => width > 1))
    if (records * 2 > widths.length && records > (below?.records ?? 0)) below = { delimiter, records }
  }
  const [best, next] = trials.toSorted((one, other) => other.agreeing - one.agreeing)
  // No record is like the first one: lines of a title may be above the header.
  if (best === undefined || (best.agreeing === 0 && below !== undefined))
    return suggested ?? below?.delimiter ?? ','
  if (next === undefined || best.agreeing > next.agreeing * lead) return best.delimiter
  if (suggested !== undefined && trials.some(({ delimiter }) => delimiter === suggested)) return suggested
  throw ambiguousDelimiter(trials, path)
}

/** How often the most frequent number occurs. */
function mostAlike(numbers: readonly number[]): number {
  return Math.max(
    0,
    ...Map.groupBy(numbers, (number) => number)
      .values()
      .map(({ length }) => length),
  )
}

const delimiterNames: Readonly<Record<Candidate, readonly [name: string, option: string]>> = {
  ',': ['commas', '--delimiter ","'],
  ';': ['semicolons', '--delimiter ";"'],
  '\t': ['tabs', '--format tsv'],
  '|': ['pipes', '--delimiter "|"'],
}

function ambiguousDelimiter(trials: readonly Trial[], path: string): BulkUpdateError {
  const found = trials.map(
    ({ delimiter, columns }) => `${columns} columns with ${delimiterNames[delimiter][0]}`,
  )
  const options = trials.map(({ delimiter }) => delimiterNames[delimiter][1])
  return refusal('E_DELIMITER', 'ambiguousDelimiter', {
    path,
    found: found.join(', '),
    options: options.join(' or '),
  })
}
