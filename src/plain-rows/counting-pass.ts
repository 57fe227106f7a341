/** A first pass that only counts: over a file of which most rows are counted as bytes, and the others are read. */
import type { Head } from '../input/header.ts'
import { rowsToRead } from '../input/rows-to-read.ts'
import type { Bytes } from '../input/utf8.ts'
import type { CountedRows, CustomerCount, ScannedRows } from '../pipeline/scan.ts'
import type { PlainRows } from './plain-rows.ts'

export interface CountingPass {
  readonly customers: CustomerCount
  /** Default: all rows. */
  readonly source?: ScannedRows | undefined
  /** The rows that `source` has left out. */
  readonly countedRows?: (() => CountedRows) | undefined
}

/** Without `plainRows` every row is read. */
export function countingPass(
  file: Bytes,
  head: Head,
  customers: CustomerCount,
  plainRows: PlainRows | undefined,
): CountingPass {
  if (plainRows === undefined || head.format !== 'csv') return { customers }
  return { customers, source: rowsToRead(file, head, plainRows.takes), countedRows: plainRows.counted }
}
