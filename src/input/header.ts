/** The head of the input: which format it is, how its lines end, and where its first record starts. */
import { BulkUpdateError } from '../model/errors.ts'
import { parseCsv } from './csv.ts'
import { tooLong } from './csv-problems.ts'
import type { InputFile } from './bytes.ts'
import { notText, refuseBinary, refuseJsonDocument } from './content.ts'
import type { Dialect } from './csv-problems.ts'
import { findDelimiter } from './delimiter.ts'
import type { RecordStart } from './lines.ts'
import { beginsWithObject, formatOf, ndjsonNotCsv, promisedBy, refuseNoJson } from './format.ts'
import { decodeUtf8, wholeCharacters } from './decode.ts'

export interface CsvHead {
  readonly format: 'csv'
  readonly dialect: Dialect
  /** The header's cells, as written. */
  readonly header: readonly string[]
  /** The header's bytes, as written, without the line end. */
  readonly headerText: string
  /** What stands above it and is no record: a byte order mark, a line `sep=;`. Files that are made of this one begin with it. */
  readonly above: string
  /** How the header's line ends; rows that are written back end the same way. */
  readonly lineEnd: string
  readonly start: RecordStart
}

export interface NdjsonHead {
  readonly format: 'ndjson'
  /** How the first line ends; rows that are written back end the same way. */
  readonly lineEnd: string
  readonly start: RecordStart
}

export type Head = CsvHead | NdjsonHead

export interface FormatOptions {
  readonly format: 'csv' | 'tsv' | 'ndjson' | undefined
  readonly delimiter: string | undefined
}

/** More than these are a file that was cut at the wrong character, or turned on its side. */
const mostColumns = 1_000

/** How much of a file shows what it is. */
const startBytes = 64 * 1024

/** Told apart by content first, then by name. Throws INPUT for what is neither CSV nor NDJSON, or can be cut in several ways. */
export async function readHead(file: InputFile, options: FormatOptions): Promise<Head> {
  refuseBinary(await file.read(0, startBytes), file.path)
  const whole = await firstText(file)
  const separator = separatorLine(whole)
  const text = whole.slice(separator?.text.length)
  if (options.format === undefined || options.format === 'ndjson') refuseJsonDocument(text, file.path)
  const format = options.format ?? formatOf(text, file.path)
  if (format === 'ndjson') {
    if (options.format !== undefined) refuseNoJson(text, file.path)
    // In a file without line feeds, carriage returns end the lines.
    const lineEnd = /\r?\n/.exec(text)?.[0] ?? (text.includes('\r') ? '\r' : '\n')
    return { format, lineEnd, start: { row: 1, line: 1, offset: file.textStart } }
  }
  const lineEnd = firstLineEnd(text)
  const newline = lineEnd === '\r' ? '\r' : '\n'
  const told = options.delimiter ?? separator?.delimiter ?? (format === 'tsv' ? '\t' : undefined)
  const delimiter = told ?? (await findDelimiter(text, newline, promisedBy(file.path).delimiter, file.path))
  const dialect: Dialect = { delimiter, newline }
  const before = separator?.text ?? ''
  const line = separator === undefined ? 1 : 2
  const first = { row: 0, line, offset: file.textStart + Buffer.byteLength(before) }
  for await (const rows of parseCsv(wholeCharacters(file, first.offset), dialect, 0, first)) {
    const [header] = rows
    if (header === undefined) continue
    if (header.kind !== 'csv') {
      if (beginsWithObject(text)) throw ndjsonNotCsv(file.path, format)
      throw header.problem.code === 'E_TOO_LARGE' ? tooLong(header.line) : badHeader(header.line)
    }
    if (header.cells.length > mostColumns) throw tooManyColumns(header.cells.length)
    const headerText = (await file.read(header.offset, header.length)).toString('utf8')
    if (headerText.includes('\0')) throw notText(file.path)
    const end = header.offset + header.length
    const behind = (await file.read(end, 2)).toString('latin1')
    const breakLength = behind === '\r\n' ? 2 : Math.min(behind.length, 1)
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

/** A file that a spreadsheet has written as Unicode has a mark, and is not read as such without it. */
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

/** How the first line ends, or a line feed. A header may have line breaks of another kind in its quoted names. */
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

/** The line `sep=;` that some programs put before the header, because Excel takes its delimiter from there. It is no record. */
function separatorLine(start: string): { readonly delimiter: string; readonly text: string } | undefined {
  const [text, delimiter] = /^"?sep=([^\r\n"])"?(?:\r\n|\n|\r)/i.exec(start) ?? []
  return text === undefined || delimiter === undefined ? undefined : { delimiter, text }
}
