/** What the steps that read rows share: the input as it is mapped, its rows, and what the scan found. */
import type { ResolvedOptions } from '../config/job-options.ts'
import type { InputFile } from '../input/bytes.ts'
import type { Head } from '../input/header.ts'
import type { RecordStart } from '../input/lines.ts'
import type { Mapping } from '../mapping/mapping.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import type { Examiner, ReadRow, Source } from '../model/ports.ts'
import type { PatchedRow } from '../model/row.ts'
import type { Scan } from '../model/scan.ts'

/** An opened input, with all that decides what its rows mean. */
export interface MappedInput {
  readonly file: InputFile
  readonly head: Head
  readonly options: ResolvedOptions
  readonly mapping: Mapping
}

/** Opens the rows of an input and reads them. */
export interface RowReader {
  /** All rows. `start` skips rows, if no row depends on an earlier one. */
  readonly openRows: (start?: RecordStart) => Source
  readonly readRow: ReadRow
}

export interface InputParts extends MappedInput {
  readonly signal: AbortSignal
  /** The scan of an earlier session of the run. */
  readonly remembered?: Scan | undefined
  /** See every row of the first pass. */
  readonly examiners?: readonly (Examiner | undefined)[]
  /** Gets the rows that would be sent, a batch at a time. */
  readonly onCalls?: ((rows: readonly PatchedRow[]) => Promise<void>) | undefined
  /** Called between batches of rows. */
  readonly afterBatch?: () => Promise<void>
}

export interface ScannedInput extends RowReader {
  readonly scan: Scan
  /** Why the input may not be sent. */
  readonly refusal: BulkUpdateError | undefined
}
