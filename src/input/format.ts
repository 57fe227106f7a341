/** Which format an input has: told by its content, and by its name where the content leaves it open. */
import { BulkUpdateError } from '../model/errors.ts'

export type Format = 'csv' | 'ndjson'

/** What the name of a file promises. */
interface Promised {
  readonly format: Format | undefined
  readonly delimiter: '\t' | undefined
}

const compressed = /\.(?:gz|zst|zstd)$/i

/** `crm.tsv.gz` is a TSV file. */
export function promisedBy(path: string): Promised {
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

/** An object with a member, or with none. */
const objectStart = /^\s*\{\s*["}]/
const laterObject = /[\r\n][^\S\r\n]*\{\s*"/

/** `text` is the beginning of the input. An object can only be NDJSON; a first line that is none may be its defect. */
export function formatOf(text: string, path: string): Format {
  if (objectStart.test(text)) return 'ndjson'
  const { format } = promisedBy(path)
  if (format === 'ndjson' && (laterObject.test(text) || isJson(firstLine(text)))) return 'ndjson'
  return format !== 'csv' && /^\s*\{/.test(text) ? 'ndjson' : 'csv'
}

/**
 * Whether `text`, the beginning of the input, is an object. In CSV a quote behind a brace is misplaced, so no header that
 * can be read begins so, unless it is cut at the brace itself.
 */
export function beginsWithObject(text: string): boolean {
  return objectStart.test(text)
}

/** Throws for a beginning in which nothing is JSON: read as NDJSON, every row would be malformed. Single bad lines are let through. */
export function refuseNoJson(text: string, path: string): void {
  if (/^\s*(?:\{|$)/.test(text) || laterObject.test(text) || isJson(firstLine(text))) return
  throw otherFormat(path, 'is no NDJSON, which --format says it is: it looks like CSV', 'csv or tsv')
}

export function ndjsonNotCsv(path: string, said: string): BulkUpdateError {
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
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
