/** A text in another encoding to UTF-8, block by block and strictly: what is no character there ends the run, with its place. */
import { BulkUpdateError } from '../errors.ts'
import { markLength } from './encoding.ts'
import type { Encoding } from './encoding.ts'
import { utf16Decoder } from './utf16.ts'
import { windows1252Decoder } from './windows-1252.ts'

/**
 * UTF-8 for the blocks of a text, which messages call `name`, without a byte order mark, which the first block holds whole.
 *
 * @throws BulkUpdateError INPUT, E_ENCODING, with the line and the byte of the first broken character; or where the text
 * is UTF-8 in truth
 */
export async function* toUtf8(
  blocks: AsyncIterable<Buffer>,
  encoding: Exclude<Encoding, 'utf-8'>,
  name: string,
): AsyncGenerator<Buffer> {
  const decoder = encoding === 'windows-1252' ? windows1252Decoder() : utf16Decoder(encoding)
  let [at, feeds, returns] = [0, 0, 0]
  for await (const block of blocks) {
    const from = at === 0 ? markLength(block, encoding) : 0
    const { text, brokenAt } = decoder.write(block.subarray(from))
    feeds += count(text, '\n')
    returns += count(text, '\r')
    if (brokenAt !== undefined) throw notIn(encoding, name, lineOf(feeds, returns), at + from + brokenAt)
    at += block.length
    if (text !== '') yield Buffer.from(text)
  }
  if (decoder.kept > 0) throw notIn(encoding, name, lineOf(feeds, returns), at - decoder.kept)
  if (decoder.looksLikeUtf8) throw isUtf8InTruth(encoding, name)
}

/** Only where nothing else ends lines does a carriage return alone. */
function lineOf(feeds: number, returns: number): number {
  return 1 + (feeds > 0 ? feeds : returns)
}

function count(text: string, wanted: string): number {
  let found = 0
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) found += 1
  return found
}

function notIn(encoding: Encoding, name: string, line: number, offset: number): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_ENCODING',
    `line ${line}, byte ${offset + 1} of ${name} is not ${encoding}`,
    'Save the file as UTF-8 (in Excel: "CSV UTF-8"), or name its encoding with --encoding. Nothing was guessed or replaced.',
  )
}

function isUtf8InTruth(encoding: Encoding, name: string): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    'E_ENCODING',
    `${name} is UTF-8 from its first to its last byte: --encoding ${encoding} would break every accented letter in it`,
    'Leave --encoding out. Nothing was sent.',
  )
}
