/** Rows of an opened input, from the first record or from any other. */
import type { MalformedRow, Place, Row } from '../model/row.ts'
import type { Source } from '../model/ports.ts'
import type { InputFile } from './bytes.ts'
import { parseCsv } from './csv.ts'
import { wholeCharacters } from './decode.ts'
import type { Head, NdjsonHead } from './header.ts'
import type { Newline, RecordStart } from './lines.ts'
import { parseNdjson } from './ndjson.ts'

/** `start` is the place of the first record that is wanted; without it, of the first record of all. */
export function rowsOf(file: InputFile, head: Head, start: RecordStart = head.start): Source {
  const bytes = wholeCharacters(file, start.offset)
  if (head.format === 'ndjson') return parseNdjson(bytes, start, newlineOf(head))
  return parseCsv(bytes, head.dialect, head.header.length, start)
}

/** The first `limit` rows. */
export async function* firstRows(
  source: Source,
  limit: number,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  for await (const rows of source) {
    const kept = rows.filter(({ row }) => row <= limit)
    if (kept.length > 0) yield kept
    if (kept.length < rows.length) return
  }
}

/** A good row again, by its place. The caller must check that the file has not changed before it trusts what it reads. */
export async function rowAt(file: InputFile, head: Head, place: Place): Promise<Row> {
  const bytes = await file.read(place.offset, place.length)
  const source =
    head.format === 'ndjson'
      ? parseNdjson([bytes], place, newlineOf(head))
      : parseCsv([bytes], head.dialect, head.header.length, place)
  for await (const [row] of source) if (row !== undefined && row.kind !== 'malformed') return row
  await file.checkUnchanged()
  throw new Error('a row that was good is not found again')
}

function newlineOf({ lineEnd }: NdjsonHead): Newline {
  return lineEnd === '\r' ? '\r' : '\n'
}
