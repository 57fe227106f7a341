/** A defect of one row: a stable code, where in the row, and a fixed text that never holds a cell's content. */
import type { ErrorCode } from './error-codes.ts'

export interface Problem {
  readonly code: ErrorCode
  /** The field or column at fault; empty where the whole row is. */
  readonly field: string
  readonly message: string
}
