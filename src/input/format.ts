/** Which format an input has, by its content and then by its name. Refuses what is neither CSV nor NDJSON. */
import { BulkUpdateError } from '../model/errors.ts'
import { isJsonObject, isList, parseJson } from '../model/json.ts'
import { countNuls } from './encoding.ts'

export type Format = 'csv' | 'ndjson'

/** The part of a file that shows what it is. */
export const startBytes = 64 * 1024

/** The format that the name of a file suggests. */
interface NamedFormat {
  readonly format: Format | undefined
  readonly delimiter: '\t' | undefined
}

const compressed = /\.(?:gz|zst|zstd)$/i

/** Ignores the extension of a compression: `crm.tsv.gz` is TSV. */
export function formatByName(path: string): NamedFormat {
  const [, extension = ''] = /\.([^.\\/]+)$/.exec(path.replace(compressed, '')) ?? []
  switch (extension.toLowerCase()) {
    case 'csv':
    case 'txt':
      return { format: 'csv', delimiter: undefined }
    case 'tsv':
    case 'tab':
      return { format: 'csv', delimiter: '\t' }
    case 'ndjson':
    case 'jsonl':
      return { format: 'ndjson', delimiter: undefined }
    default:
      return { format: undefined, delimiter: undefined }
  }
}

/** RFC 7464 puts U+001E before each JSON text. */
export function withoutSeparators(text: string): string {
  return text.replaceAll('\u001e', '')
}

/** An object, with or without a member. */
const objectStart = /^\s*\{\s*["}]/
const laterObject = /[\r\n][^\S\r\n]*\{\s*"/

/** `text` is the start of the input. A first line that is no object may be a malformed row of NDJSON. */
export function detectFormat(text: string, path: string): Format {
  if (objectStart.test(text)) return 'ndjson'
  const { format } = formatByName(path)
  if (format === 'ndjson' && (laterObject.test(text) || isJson(firstLine(text)))) return 'ndjson'
  return format !== 'csv' && /^\s*\{/.test(text) ? 'ndjson' : 'csv'
}

/** True if the input starts with an object. No valid CSV header does, because its quote would be misplaced. */
export function startsWithObject(text: string): boolean {
  return objectStart.test(text)
}

/** Throws if nothing at the start of the input is JSON, because every row would be malformed. */
export function refuseNotJson(text: string, path: string): void {
  if (/^\s*(?:\{|$)/.test(text) || laterObject.test(text) || isJson(firstLine(text))) return
  throw otherFormat(path, 'is no NDJSON, which --format says it is: it looks like CSV', 'csv or tsv')
}

export function notCsv(path: string, said: string): BulkUpdateError {
  return otherFormat(path, `is NDJSON, and --format says ${said}`, 'ndjson')
}

function otherFormat(path: string, what: string, right: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_FORMAT',
    `${path} ${what}`,
    `Leave --format out, or write --format ${right}. Nothing was sent.`,
  )
}

function firstLine(text: string): string {
  return /[^\r\n]+/.exec(text)?.[0] ?? ''
}

function isJson(text: string): boolean {
  return parseJson(text) !== undefined
}

interface Signature {
  readonly bytes: readonly number[]
  readonly what: string
  readonly tip: string
}

const exportSheet = 'Export the sheet as "CSV UTF-8" and give that file.'
const exportRows = 'Give the rows themselves: a CSV file with a header ("CSV UTF-8" in Excel), or NDJSON.'
const decompress = (tool: string): string => `Decompress it first, like: ${tool} FILE | rapyd-bulk update -`
const ascii = (text: string): readonly number[] => [...Buffer.from(text, 'latin1')]

const signatures: readonly Signature[] = [
  { bytes: ascii('PK\u0003\u0004'), what: 'a spreadsheet file (or another zip file)', tip: exportSheet },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'a spreadsheet file of an old Excel', tip: exportSheet },
  { bytes: ascii('\u00fd7zXZ'), what: 'compressed with xz', tip: decompress('xzcat') },
  { bytes: ascii('BZh9'), what: 'compressed with bzip2', tip: decompress('bzcat') },
  { bytes: [0x04, 0x22, 0x4d, 0x18], what: 'compressed with lz4', tip: decompress('lz4cat') },
  { bytes: ascii('7z\u00bc\u00af'), what: 'a 7-Zip archive', tip: 'Take the file out of it first.' },
  { bytes: ascii('Rar!'), what: 'a RAR archive', tip: 'Take the file out of it first.' },
  { bytes: ascii('%PDF-'), what: 'a PDF document', tip: exportRows },
  { bytes: ascii('{\\rtf'), what: 'a text document (RTF)', tip: exportRows },
  { bytes: ascii('\u0089PNG'), what: 'a picture (PNG)', tip: exportRows },
  { bytes: [0xff, 0xd8, 0xff], what: 'a picture (JPEG)', tip: exportRows },
  { bytes: ascii('GIF8'), what: 'a picture (GIF)', tip: exportRows },
  { bytes: ascii('SQLite format 3'), what: 'an SQLite database', tip: exportRows },
  { bytes: ascii('PAR1'), what: 'a Parquet file', tip: exportRows },
]

/** A few NUL bytes are an error of their rows. More than 1% of them show that the file is no text. */
const mostNuls = 0.01
const fewNuls = 16

/** Refuses other file types. `start` has the first bytes of the file, or of the decompressed text. */
export function refuseForeign(start: Buffer, path: string): void {
  const known = signatures.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte))
  if (known !== undefined) throw binary(`${path} is ${known.what}`, known.tip)
}

/** `start` is the first block of a UTF-8 text. */
export function refuseBinary(start: Buffer, path: string): void {
  const [even, odd] = countNuls(start)
  const nuls = even + odd
  if (nuls > fewNuls && nuls > start.length * mostNuls) throw notText(path)
}

export function notText(path: string): BulkUpdateError {
  return binary(
    `${path} is not text: it holds NUL bytes`,
    'Give CSV or NDJSON as UTF-8; export spreadsheets as "CSV UTF-8". UTF-16 that starts without its mark needs --encoding utf-16le or utf-16be.',
  )
}

export function compressedTwice(path: string): BulkUpdateError {
  return binary(`${path} is compressed twice`, 'Decompress it once, and give what comes out.')
}

function binary(message: string, tip: string): BulkUpdateError {
  return new BulkUpdateError('E_BINARY', message, tip)
}

/** Refuses a JSON document over all lines, because every line would be a malformed row; and a list inside of one object. */
export function refuseJsonDocument(start: string, path: string): void {
  const text = withoutSeparators(start)
  const list = listInside(text)
  const jq = text === start ? 'jq -c' : 'jq --seq -c'
  if (/^\s*\[\s*(?:[[{"\]]|$)/.test(text)) throw notNdjson(path, 'a JSON array', `${jq} '.[]'`)
  if (list !== undefined)
    throw notNdjson(path, `one JSON object with the rows in a list (${list})`, `${jq} '${list}[]'`)
  if (/^\s*\{[^\S\r\n]*(?:[\r\n]|$)/.test(text))
    throw notNdjson(path, 'a JSON object over several lines', `${jq} .`)
  const line = firstLine(text).trimEnd()
  if (line.endsWith(',') && isJson(line.slice(0, -1)) && objectStart.test(line))
    throw notNdjson(path, 'a list of JSON objects with commas after them', "sed 's/,[[:space:]]*$//'")
}

function notNdjson(path: string, what: string, command: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_NOT_NDJSON',
    `${path} is ${what}, not NDJSON`,
    `Write one object per line (NDJSON), like: ${command} FILE | rapyd-bulk update -`,
  )
}

/** A simple member before the list, in a text that is cut. */
const member = String.raw`\s*"(?:[^"\\]|\\.)*"\s*:\s*(?:"(?!cus_)(?:[^"\\]|\\.)*"|[-+.\w]+|\{[^{}]*\}|\[[^[\]{}]*\])\s*,`
const cutList = new RegExp(String.raw`^\s*\{(?:${member})*\s*"((?:[^"\\]|\\.)*)"\s*:\s*\[\s*\{[^{}]*"cus_`)

/** The path of the list of rows inside of the first object, as jq names it. Undefined if the object is a row, or has no such list. */
function listInside(text: string): string | undefined {
  if (!objectStart.test(text)) return undefined
  const value = parseJson(text) ?? parseJson(firstLine(text))
  if (value !== undefined) return pathToRows(value)
  const [, key] = cutList.exec(text) ?? []
  return key === undefined || key === 'addresses' ? undefined : step(key)
}

function pathToRows(value: unknown): string | undefined {
  if (!isJsonObject(value)) return undefined
  const members = Object.entries(value)
  if (members.some(([, inner]) => typeof inner === 'string' && inner.startsWith('cus_'))) return undefined
  for (const [key, inner] of members) {
    if (isList(inner) && inner.some((item) => isJsonObject(item) && JSON.stringify(item).includes('"cus_')))
      return step(key)
    const path = pathToRows(inner)
    if (path !== undefined) return step(key) + path
  }
  return undefined
}

function step(key: string): string {
  return /^\w+$/.test(key) ? `.${key}` : `.${JSON.stringify(key)}`
}
