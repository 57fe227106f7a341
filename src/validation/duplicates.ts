/**
 * `--duplicates last` and `merge` as decorators: one around the reading of rows, and for merge one around the source too.
 * What they decide depends on the input alone, so that a run that goes on decides the same.
 */
import type { Outcome } from '../model/outcome.ts'
import { isOutcome, withoutCall } from '../model/outcome.ts'
import type { PatchedRow, MalformedRow, Place, Row } from '../model/row.ts'
import type { DuplicateRows, ReadRow, Source } from '../model/ports.ts'

/** What happens where several rows change one customer. */

/** Makes one patch, at the place of the later one, of two rows of a customer. */
export type MergeRows = (earlier: PatchedRow, later: PatchedRow) => PatchedRow

/** Lets only the last row of each customer through that has a call. */
export function onlyLastRows(readRow: ReadRow, duplicates: DuplicateRows): ReadRow {
  return leaveOut(readRow, duplicates, (last) => ({
    message: `row ${last} of this customer counts (--duplicates last)`,
  }))
}

/** Makes one call of the rows of a customer, at the place of the last. Expects the rows of `withEarlierRows`. */
export function mergedRows(readRow: ReadRow, duplicates: DuplicateRows, merge: MergeRows): ReadRow {
  const readOne = leaveOut(readRow, duplicates, (last) => ({
    message: `merged into row ${last} (--duplicates merge)`,
    mergedInto: last,
  }))
  return (row) => {
    const read = readOne(row)
    if (isOutcome(read) || row.kind === 'malformed' || row.earlier === undefined) return read
    return merge(row.earlier, read)
  }
}

export interface EarlierRows {
  readonly source: Source
  readonly readRow: ReadRow
  readonly duplicateRows: DuplicateRows
  readonly merge: MergeRows
  /** Reads a row of the input again. */
  readonly readAgain: (place: Place) => Promise<Row>
  /** Rejects where the input has changed; asked once a batch, behind all that was read again for it. */
  readonly checkUnchanged: () => Promise<void>
}

/** Gives each customer's last row what the earlier ones ask for, read again from the input. Until then only their places are kept. */
export async function* withEarlierRows(parts: EarlierRows): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  const { source, readRow, duplicateRows, merge, readAgain, checkUnchanged } = parts
  const { earlierRows, laterRows } = duplicateRows

  async function earlierOf(customerId: string): Promise<PatchedRow | undefined> {
    let merged: PatchedRow | undefined
    for (const place of duplicateRows.placesOf(customerId)) {
      const patch = patchOf(readRow(await readAgain(place)))
      merged = merged === undefined ? patch : merge(patch, merged)
    }
    return merged
  }

  async function withEarlier(row: Row): Promise<Row> {
    const { customerId } = readRow(row)
    if (earlierRows.has(row.row)) {
      duplicateRows.keepPlace(customerId, row)
      return row
    }
    const earlier = await earlierOf(customerId)
    return earlier === undefined ? row : { ...row, earlier }
  }

  for await (const rows of source) {
    const batch: (Row | MalformedRow)[] = []
    for (const row of rows) {
      const isAlone = !earlierRows.has(row.row) && !laterRows.has(row.row)
      batch.push(isAlone || row.kind === 'malformed' ? row : await withEarlier(row))
    }
    await checkUnchanged()
    yield batch
  }
}

function leaveOut(
  readRow: ReadRow,
  duplicates: DuplicateRows,
  why: (lastRow: number) => Pick<Outcome, 'message' | 'mergedInto'>,
): ReadRow {
  return (row) => {
    const read = readRow(row)
    if (isOutcome(read) || !duplicates.earlierRows.has(read.row)) return read
    return withoutCall(read, read.customerId, 'unchanged', why(duplicates.lastRowOf(read.customerId)))
  }
}

function patchOf(read: PatchedRow | Outcome): PatchedRow {
  if (isOutcome(read)) throw new Error('a row that had a call has none when it is read again')
  return read
}
