/** Records of a program as input, written as NDJSON: so they have places, a digest and an errors file, as rows of a file do. */
import { Readable } from 'node:stream'
import { isJsonObject } from '../model/json.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { refusal } from './refusals.ts'
import type { PipedInput } from './spool.ts'

/**
 * One row: keys as in NDJSON (`customer_id`, `email`, `metadata.tier`, or `metadata: { tier }`). A key that is absent or
 * `undefined` leaves its field alone; `''` and `null` clear it. Dates become ISO texts.
 */
export type InputRecord = Readonly<Record<string, unknown>>

/** Rows in the order in which they are sent. Read once, and only as fast as they are written to disk. */
export type InputRecords = AsyncIterable<InputRecord> | Iterable<InputRecord>

/** Characters that are written at once. */
const blockLength = 65_536

/**
 * Streams records as NDJSON, for a spool.
 *
 * @throws BulkUpdateError INPUT, while it is read: E_RECORDS if the records throw (its `cause`), E_RECORD if one cannot be JSON
 */
export function ndjsonOf(records: InputRecords): PipedInput {
  return Readable.from(toBlocks(records), { objectMode: false })
}

async function* toBlocks(records: InputRecords): AsyncGenerator<Buffer> {
  let [text, row] = ['', 0]
  try {
    for await (const record of records) {
      text += `${toLine(record, ++row)}\n`
      if (text.length < blockLength) continue
      yield Buffer.from(text)
      text = ''
    }
  } catch (error) {
    if (error instanceof BulkUpdateError) throw error
    throw refusal('E_RECORDS', 'recordsFailed', { row }, error)
  }
  if (text !== '') yield Buffer.from(text)
}

function toLine(record: unknown, row: number): string {
  if (!isJsonObject(record)) throw refusal('E_RECORD', 'noRecord', { row, why: 'is no object' })
  try {
    return JSON.stringify(record, refuseUnwritable)
  } catch (error) {
    const why = error instanceof Unwritable ? error.message : 'has no form in JSON'
    throw refusal('E_RECORD', 'noRecord', { row, why }, error)
  }
}

class Unwritable extends Error {}

/** JSON writes NaN as `null`, which would clear a field, and leaves functions out. */
function refuseUnwritable(key: string, value: unknown): unknown {
  const what =
    value instanceof Map || value instanceof Set
      ? 'a Map or Set'
      : typeof value === 'number' && !Number.isFinite(value)
        ? 'no finite number'
        : ['bigint', 'function', 'symbol'].includes(typeof value)
          ? `a ${typeof value}`
          : undefined
  if (what !== undefined) throw new Unwritable(`holds ${what} in ${JSON.stringify(key)}`)
  return value
}
