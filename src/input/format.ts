/** Which format an input has, by its content and then by its name. Refuses what is neither CSV nor NDJSON. */
import type { BulkUpdateError } from '../model/errors.ts'
import { isJsonObject, isList, parseJson, type JsonObject } from '../model/json.ts'
import { countNuls } from './encoding.ts'
import { refusal } from './refusals.ts'
import signatures from './file-signatures.json' with { type: 'json' }

export type Format = 'csv' | 'ndjson'

/** The part of a file that shows what it is. */
export const startBytes = 64 * 1024

/** The format that the name of a file suggests. */
interface NamedFormat {
  readonly format: Format | undefined
  readonly delimiter: '\t' | undefined
}

const csv: NamedFormat = { format: 'csv', delimiter: undefined }
const tsv: NamedFormat = { format: 'csv', delimiter: '\t' }
const ndjson: NamedFormat = { format: 'ndjson', delimiter: undefined }
const formats = new Map(Object.entries({ csv, txt: csv, tsv, tab: tsv, ndjson, jsonl: ndjson }))
const compressed = /\.(?:gz|zst|zstd)$/i

/** Ignores the extension of a compression: `crm.tsv.gz` is TSV. */
export function formatByName(path: string): NamedFormat {
  const [, extension = ''] = /\.([^.\\/]+)$/.exec(path.replace(compressed, '')) ?? []
  return formats.get(extension.toLowerCase()) ?? { format: undefined, delimiter: undefined }
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
  throw refusal('E_FORMAT', 'notJson', { path })
}

function firstLine(text: string): string {
  return /[^\r\n]+/.exec(text)?.[0] ?? ''
}

function isJson(text: string): boolean {
  return parseJson(text) !== undefined
}

/** A few NUL bytes are an error of their rows. More than 1% of them show that the file is no text. */
const mostNuls = 0.01
const fewNuls = 16

/** Refuses other file types. `start` has the first bytes of the file, or of the decompressed text. */
export function refuseForeign(start: Buffer, path: string): void {
  const bytes = start.toString('latin1', 0, 64)
  const text = bytes
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .toLowerCase()
  const known = signatures.find(
    (signature) => bytes.startsWith(signature.start) || text.startsWith(signature.start),
  )
  if (known !== undefined) throw refusal('E_BINARY', 'foreign', { path, ...known })
}

/** `start` is the first block of a UTF-8 text. */
export function refuseBinary(start: Buffer, path: string): void {
  const [even, odd] = countNuls(start)
  const nuls = even + odd
  if (nuls > fewNuls && nuls > start.length * mostNuls) throw refusal('E_BINARY', 'notText', { path })
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
  const inside = pathToRow(parseJson(line))
  if (inside !== undefined)
    throw notNdjson(path, `a list of objects that hold the rows (${inside})`, `jq -c '${inside} // empty'`)
  if (line.endsWith(',') && isJson(line.slice(0, -1)) && objectStart.test(line))
    throw notNdjson(path, 'a list of JSON objects with commas after them', "sed 's/,[[:space:]]*$//'")
}

function notNdjson(path: string, what: string, command: string): BulkUpdateError {
  return refusal('E_NOT_NDJSON', 'notNdjson', { path, what, command })
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
  if (hasId(value)) return undefined
  for (const [key, inner] of members) {
    if (isList(inner) && inner.some((item) => isJsonObject(item) && JSON.stringify(item).includes('"cus_')))
      return step(key)
    const path = pathToRows(inner)
    if (path !== undefined) return step(key) + path
  }
  return undefined
}

/** The path of a row inside of the object of a line. Undefined if the object may be a row itself. */
function pathToRow(value: unknown): string | undefined {
  if (!isJsonObject(value) || hasId(value)) return undefined
  for (const [key, inner] of Object.entries(value)) {
    if (!isJsonObject(inner) || key === 'metadata') continue
    const path = hasId(inner) && Object.keys(inner).length > 1 ? '' : pathToRow(inner)
    if (path !== undefined) return step(key) + path
  }
  return undefined
}

function hasId(object: JsonObject): boolean {
  return Object.values(object).some((value) => typeof value === 'string' && value.startsWith('cus_'))
}

function step(key: string): string {
  return /^\w+$/.test(key) ? `.${key}` : `.${JSON.stringify(key)}`
}
