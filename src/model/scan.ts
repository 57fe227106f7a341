/** What the scan of a whole file finds before the first call. */
import type { ErrorCode, WarningCode } from './errors.ts'
import type { SourceColumn } from './row.ts'

/** Errors or warnings with the same code, field and message. */
export interface FoundKind<Code extends string = string> {
  readonly code: Code
  readonly field: string
  readonly message: string
  readonly rows: number
  readonly firstRow: number
  readonly firstLine: number
  /** Column of the first one, if it is known. */
  readonly column?: SourceColumn
}

export type Finding = FoundKind<ErrorCode>
export type Warning = FoundKind<WarningCode>

/** A column of a preset that the file does not have. Its fields are not sent. */
export interface MissingColumn {
  readonly column: string
  readonly fields: readonly string[]
  /** The column of the file that was probably meant. */
  readonly nearest: string | undefined
}

/** A name of `--ignore-columns` that the file does not have. */
export interface UnmatchedName {
  readonly name: string
  /** The column that was probably meant: one of the file that is not set aside. */
  readonly nearest: string | undefined
}

/** Calls on top of one for each row, on average. */
export function callsOnTop({ extraCalls = 0, calls }: Pick<Scan, 'extraCalls' | 'calls'>): number {
  return extraCalls / Math.max(1, calls)
}

/** What the reader leaves out without a loss. The names are those of `summary.json`. */
export type SetAsideKind =
  | 'blank_lines'
  | 'surplus_cells'
  | 'nameless_columns'
  | 'footer_lines'
  | 'byte_order_marks'
  | 'record_separators'
  | 'doubled_returns'

/** Gets what is left out at a line. Default count: 1. */
export type OnSetAside = (kind: SetAsideKind, line: number, count?: number) => void

export interface SetAside {
  readonly kind: SetAsideKind
  readonly count: number
  /** The first one. */
  readonly line: number
}

export interface Scan {
  readonly rows: number
  /** Rows that will be sent. */
  readonly calls: number
  /** Rows that would be sent if the customer did not hold their values already. Default 0. */
  readonly leftOut?: number
  readonly unchanged: number
  /** Calls on top: rows that remove a discount and set other fields. Default 0. */
  readonly extraCalls?: number
  /** Number of rows that set a field which adds up if the file is sent again, by field. Default none. */
  readonly addingUp?: Readonly<Record<string, number>>
  readonly invalid: number
  /** Customers whose id can be read, those with invalid rows included. */
  readonly customers: number
  /** Customers with several rows. */
  readonly repeatedCustomers: number
  /** Rows beyond the first of their customer. */
  readonly duplicateRows: number
  /** Rows with a call that set or clear keys of metadata. Default 0. */
  readonly metadataRows?: number
  /** Number of rows that set or clear a field, by field. */
  readonly set: ReadonlyMap<string, number>
  /** Number of rows that clear a field, by field. */
  readonly cleared: ReadonlyMap<string, number>
  /** Errors, most frequent first. */
  readonly findings: readonly Finding[]
  /** Warnings, most frequent first. */
  readonly warnings: readonly Warning[]
  /** Only for a preset, if columns are missing. */
  readonly missingColumns?: readonly MissingColumn[]
  /** What was left out; only if there is any. */
  readonly setAside?: readonly SetAside[]
}
