/** Refuses what is neither CSV nor NDJSON by its first bytes, and says what it is and how to make a file that can be read. */
import { BulkUpdateError } from '../model/errors.ts'
import { countNuls } from './encoding.ts'

interface Signature {
  readonly bytes: readonly number[]
  readonly what: string
  readonly remedy: string
}

const exportSheet = 'Export the sheet as "CSV UTF-8" and give that file.'
const exportRows = 'Give the rows themselves: a CSV file with a header ("CSV UTF-8" in Excel), or NDJSON.'
const decompress = (tool: string): string => `Decompress it first, like: ${tool} FILE | rapyd-bulk update -`
const ascii = (text: string): readonly number[] => [...Buffer.from(text, 'latin1')]

const signatures: readonly Signature[] = [
  { bytes: ascii('PK\u0003\u0004'), what: 'a spreadsheet file (or another zip file)', remedy: exportSheet },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'a spreadsheet file of an old Excel', remedy: exportSheet },
  { bytes: ascii('\u00fd7zXZ'), what: 'compressed with xz', remedy: decompress('xzcat') },
  { bytes: ascii('BZh9'), what: 'compressed with bzip2', remedy: decompress('bzcat') },
  { bytes: [0x04, 0x22, 0x4d, 0x18], what: 'compressed with lz4', remedy: decompress('lz4cat') },
  { bytes: ascii('7z\u00bc\u00af'), what: 'a 7-Zip archive', remedy: 'Take the file out of it first.' },
  { bytes: ascii('Rar!'), what: 'a RAR archive', remedy: 'Take the file out of it first.' },
  { bytes: ascii('%PDF-'), what: 'a PDF document', remedy: exportRows },
  { bytes: ascii('{\\rtf'), what: 'a text document (RTF)', remedy: exportRows },
  { bytes: ascii('\u0089PNG'), what: 'a picture (PNG)', remedy: exportRows },
  { bytes: [0xff, 0xd8, 0xff], what: 'a picture (JPEG)', remedy: exportRows },
  { bytes: ascii('GIF8'), what: 'a picture (GIF)', remedy: exportRows },
  { bytes: ascii('SQLite format 3'), what: 'an SQLite database', remedy: exportRows },
  { bytes: ascii('PAR1'), what: 'a Parquet file', remedy: exportRows },
]

/** A few NUL bytes are a defect of their rows; more than one in a hundred, and not only by chance, are no text. */
const mostNuls = 0.01
const fewNuls = 16

/** `start` is the first bytes of the file, or of what was decompressed from it. */
export function refuseForeign(start: Buffer, path: string): void {
  const known = signatures.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte))
  if (known !== undefined) throw binary(`${path} is ${known.what}`, known.remedy)
}

/** `start` is the first block of a text in UTF-8. */
export function refuseBinary(start: Buffer, path: string): void {
  const [even, odd] = countNuls(start)
  const nuls = even + odd
  if (nuls > fewNuls && nuls > start.length * mostNuls) throw notText(path)
}

/** For a file with NUL bytes where they cannot be a row's defect. */
export function notText(path: string): BulkUpdateError {
  return binary(
    `${path} is not text: it holds NUL bytes`,
    'Give CSV or NDJSON as UTF-8; export spreadsheets as "CSV UTF-8". UTF-16 that starts without its mark needs --encoding utf-16le or utf-16be.',
  )
}

export function compressedTwice(path: string): BulkUpdateError {
  return binary(`${path} is compressed twice`, 'Decompress it once, and give what comes out.')
}

function binary(message: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError('E_BINARY', message, remedy)
}

/** NDJSON is one object on each line; one document over all lines would be a file of malformed rows. */
export function refuseJsonDocument(text: string, path: string): void {
  const what = /^\s*\[\s*(?:[[{"\]]|$)/.test(text)
    ? 'a JSON array'
    : /^\s*\{[^\S\r\n]*(?:[\r\n]|$)/.test(text)
      ? 'a JSON object over several lines'
      : undefined
  if (what === undefined) return
  throw new BulkUpdateError(
    'E_NOT_NDJSON',
    `${path} is ${what}, not NDJSON`,
    `Write one object per line (NDJSON), like: jq -c ${what === 'a JSON array' ? "'.[]'" : '.'} FILE | rapyd-bulk update -`,
  )
}
