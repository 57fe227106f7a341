/** What the scan of a whole file finds before the first call. */
import type { ErrorCode } from './error-codes.ts'
import type { SourceColumn } from './ports.ts'
import type { Place } from './place.ts'
import type { RowSet } from './row-set.ts'
import type { WarningCode } from './warning.ts'

export interface FoundKind<Code extends string = string> {
  readonly code: Code
  readonly field: string
  readonly message: string
  readonly rows: number
  readonly firstRow: number
  readonly firstLine: number
  /** Of the first one, as far as it is known. */
  readonly column?: SourceColumn
}

export type Finding = FoundKind<ErrorCode>
export type Warning = FoundKind<WarningCode>

export interface Scan {
  readonly rows: number
  readonly calls: number
  readonly unchanged: number
  readonly invalid: number
  /** Customers whose id can be read, also where their rows are invalid. */
  readonly customers: number
  /** Customers with several rows. */
  readonly repeatedCustomers: number
  /** Rows beyond the first of their customer. */
  readonly duplicateRows: number
  /** Rows that set or clear a field, and rows that clear it, by field. */
  readonly set: ReadonlyMap<string, number>
  readonly cleared: ReadonlyMap<string, number>
  /** What is wrong, most frequent first. */
  readonly findings: readonly Finding[]
  /** What is doubtful and no defect, most frequent first. */
  readonly warnings: readonly Warning[]
}

/** How many customers stand in a file. */
export interface CustomerCount {
  /** Notes a row, in file order. `hasCall`: it is valid and sets a field; others count, but never take another's place. */
  add(customerId: string, row: number, hasCall: boolean): void
  counts(): Pick<Scan, 'customers' | 'repeatedCustomers' | 'duplicateRows'>
}

/** Rows of customers that have several, from a scan of all rows. Only rows with a call count. */
export interface DuplicateRows {
  /** Rows that another row of the same customer follows. */
  readonly followed: RowSet
  /** Rows that follow another one of the same customer. */
  readonly following: RowSet
  /** Of a customer with several rows. */
  lastRowOf(customerId: string): number
  keepPlace(customerId: string, place: Place): void
  /** Those that were kept, newest first. */
  placesOf(customerId: string): Iterable<Place>
}
