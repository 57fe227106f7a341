/**
 * `--duplicates last` and `merge`: wraps the reading of rows, and for `merge` the source too. The result depends on the input
 * alone, so a resumed run decides the same.
 */
import type { RowReader } from './input-parts.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { InputFile } from '../input/bytes.ts'
import type { Head } from '../input/header.ts'
import { rowAt } from '../input/rows.ts'
import { mergeRows } from '../mapping/rows.ts'
import {
  isOutcome,
  withoutCall,
  type PatchedRow,
  type MalformedRow,
  type Row,
  type Outcome,
} from '../model/row.ts'
import type { ReadRow, Source } from '../model/ports.ts'
import type { DuplicateRows } from '../store/customer-count.ts'

interface Input {
  readonly file: InputFile
  readonly head: Head
  readonly options: Pick<ResolvedOptions, 'duplicates'>
}

/** Returns `plain` itself if the policy changes no row. */
export function applyDuplicatePolicy(input: Input, plain: RowReader, duplicates: DuplicateRows): RowReader {
  const policy = input.options.duplicates
  const { openRows, readRow } = plain
  if (duplicates.earlierRows.size === 0) return plain
  switch (policy) {
    case 'sequence':
    case 'reject':
      return plain
    case 'last':
      // Only the last row of a customer that has a call is sent.
      return {
        openRows,
        readRow: leaveOut(readRow, duplicates, (last) => ({
          message: `row ${last} of this customer counts (--duplicates last)`,
        })),
      }
    case 'merge':
      return {
        openRows: () => withEarlierRows(input, openRows(), readRow, duplicates),
        readRow: readMergedRows(readRow, duplicates),
      }
    default:
      return policy satisfies never
  }
}

/** Merges the rows of a customer into the last one. Expects the rows of `withEarlierRows`. */
function readMergedRows(readRow: ReadRow, duplicates: DuplicateRows): ReadRow {
  const readOne = leaveOut(readRow, duplicates, (last) => ({
    message: `merged into row ${last} (--duplicates merge)`,
    mergedInto: last,
  }))
  return (row, onReplace) => {
    const read = readOne(row, onReplace)
    if (isOutcome(read) || row.kind === 'malformed' || row.earlier === undefined) return read
    return mergeRows(row.earlier, read)
  }
}

function leaveOut(
  readRow: ReadRow,
  duplicates: DuplicateRows,
  reason: (lastRow: number) => Pick<Outcome, 'message' | 'mergedInto'>,
): ReadRow {
  return (row, onReplace) => {
    const read = readRow(row, onReplace)
    if (isOutcome(read) || !duplicates.earlierRows.has(read.row)) return read
    return withoutCall(read, read.customerId, 'unchanged', reason(duplicates.lastRowOf(read.customerId)))
  }
}

/** Adds the merged earlier rows to the last row of each customer. Earlier rows are read again by their place. */
async function* withEarlierRows(
  { file, head }: Input,
  source: Source,
  readRow: ReadRow,
  duplicates: DuplicateRows,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  const { earlierRows, laterRows } = duplicates

  async function mergeEarlier(customerId: string): Promise<PatchedRow | undefined> {
    let merged: PatchedRow | undefined
    for (const place of duplicates.placesOf(customerId)) {
      const patched = readRow(await rowAt(file, head, place))
      if (isOutcome(patched)) throw new Error('a row that had a call has none when it is read again')
      merged = merged === undefined ? patched : mergeRows(patched, merged)
    }
    return merged
  }

  async function withEarlier(row: Row): Promise<Row> {
    const { customerId } = readRow(row)
    if (earlierRows.has(row.row)) {
      duplicates.keepPlace(customerId, row)
      return row
    }
    const earlier = await mergeEarlier(customerId)
    return earlier === undefined ? row : { ...row, earlier }
  }

  for await (const rows of source) {
    const batch: (Row | MalformedRow)[] = []
    for (const row of rows) {
      const isAlone = !earlierRows.has(row.row) && !laterRows.has(row.row)
      batch.push(isAlone || row.kind === 'malformed' ? row : await withEarlier(row))
    }
    // Rows were read again, so the file must not have changed.
    await file.checkUnchanged()
    yield batch
  }
}
