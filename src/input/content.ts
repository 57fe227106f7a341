/** Refuses what is neither CSV nor NDJSON by its first bytes, and says what it is and how to make a file that can be read. */
import { BulkUpdateError } from '../errors.ts'

interface Signature {
  readonly bytes: readonly number[]
  readonly what: string
  readonly remedy: string
}

const exportSheet = 'Export the sheet as "CSV UTF-8" and give that file.'
const decompress = (tool: string): string => `Decompress it first, like: ${tool} FILE | rapyd-bulk update -`

const signatures: readonly Signature[] = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a spreadsheet file (or another zip file)', remedy: exportSheet },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], what: 'a spreadsheet file of an old Excel', remedy: exportSheet },
  { bytes: [0x1f, 0x8b], what: 'compressed with gzip', remedy: decompress('zcat') },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'compressed with zstd', remedy: decompress('zstdcat') },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: 'compressed with xz', remedy: decompress('xzcat') },
  { bytes: [0x42, 0x5a, 0x68, 0x39], what: 'compressed with bzip2', remedy: decompress('bzcat') },
]

/** A few NUL bytes are a defect of their rows; more than one in a hundred, and not only by chance, are no text. */
const mostNuls = 0.01
const fewNuls = 16

/** `start` is the first block of the file. */
export function refuseBinary(start: Buffer, path: string): void {
  const known = signatures.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte))
  if (known !== undefined) {
    throw new BulkUpdateError('INPUT', 'E_BINARY', `${path} is ${known.what}`, known.remedy)
  }
  const [even, odd] = countNuls(start)
  const nuls = even + odd
  if (hasUtf16Mark(start) || (nuls > fewNuls && nuls > start.length * mostNuls)) throw notText(start, path)
}

/** For a file with NUL bytes where they cannot be a row's defect. */
export function notText(start: Buffer, path: string): BulkUpdateError {
  const [even, odd] = countNuls(start)
  // ASCII in UTF-16 has a NUL in every character, always on the same side.
  const oneSided = Math.max(even, odd) > start.length / 8 && Math.min(even, odd) < start.length / 100
  return hasUtf16Mark(start) || oneSided
    ? new BulkUpdateError(
        'INPUT',
        'E_BINARY',
        `${path} looks like UTF-16; save as UTF-8`,
        'In Excel choose "CSV UTF-8"; elsewhere: iconv -f UTF-16 -t UTF-8 FILE | rapyd-bulk update -',
      )
    : new BulkUpdateError(
        'INPUT',
        'E_BINARY',
        `${path} is not text: it holds NUL bytes`,
        'Give CSV or NDJSON as UTF-8; export spreadsheets as "CSV UTF-8".',
      )
}

function hasUtf16Mark([first, second]: Buffer): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}

/** At even and at odd places. */
function countNuls(bytes: Buffer): readonly [number, number] {
  const counts: [number, number] = [0, 0]
  for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) counts[at % 2 === 0 ? 0 : 1] += 1
  return counts
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
    'INPUT',
    'E_NOT_NDJSON',
    `${path} is ${what}, not NDJSON`,
    `Write one object per line (NDJSON), like: jq -c ${what === 'a JSON array' ? "'.[]'" : '.'} FILE | rapyd-bulk update -`,
  )
}
