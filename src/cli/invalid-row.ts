/** A row that `validate` lists one by one. */
import type { Outcome } from '../domain/outcome.ts'
import type { SourceColumn } from '../pipeline/ports.ts'

/** An invalid row, with the column of its first defect. */
export interface InvalidRow {
  readonly outcome: Outcome
  readonly column: SourceColumn | undefined
}
