/** The first pass: the whole file without a socket. It counts, validates and gathers what the guards decide on. */
import type { ErrorCode } from '../domain/error-codes.ts'
import { countEach } from '../domain/count.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import type { Doubts, TellWarning, WarningCode } from '../domain/warning.ts'
import { createKindCounter } from './kinds.ts'
import type { Finding, Warning } from './kinds.ts'
import type { Examiner, Locate, ReadRow, Source, SourceColumn } from './ports.ts'
import { isOutcome } from './send.ts'

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

/** An invalid row; `columnOf` finds the column of its problem, where it is asked for. */
export type OnInvalid = (outcome: Outcome, columnOf: () => SourceColumn | undefined) => void

export interface ScanParts {
  readonly source: Source
  readonly readRow: ReadRow
  readonly locate: Locate
  readonly doubts: Doubts
  /** Gets every row whose customer id can be read. */
  readonly customers: CustomerCount
  readonly onInvalid: OnInvalid
  readonly signal: AbortSignal
  readonly examiner?: Examiner | undefined
}

export async function scan(parts: ScanParts): Promise<Scan> {
  const { source, readRow, locate, doubts, customers, onInvalid, signal, examiner } = parts
  let [rows, calls, unchanged, invalid] = [0, 0, 0, 0]
  const set = new Map<string, number>()
  const cleared = new Map<string, number>()
  const findings = createKindCounter<ErrorCode>()
  const warnings = createKindCounter<WarningCode>()
  let current: Row | MalformedRow | undefined
  const tell: TellWarning = (code, field, message) => {
    const row = current
    if (row !== undefined) warnings.add({ code, field, message }, row, () => locate(row, field))
    examiner?.warned(code, field, message)
  }
  // Not inside the loop: what a closure captures there would be allocated for every row.
  const noteInvalid = (row: Row | MalformedRow, outcome: Outcome): void => {
    const columnOf = (): SourceColumn | undefined => locate(row, outcome.errorField)
    const { errorCode: code, errorField: field, message } = outcome
    if (code !== '') findings.add({ code, field, message }, outcome, columnOf)
    onInvalid(outcome, columnOf)
  }
  for await (const batch of source) {
    signal.throwIfAborted()
    for (const row of batch) {
      rows++
      examiner?.begin(row)
      const read = readRow(row, examiner?.refused)
      examiner?.read(read)
      const hasCall = !isOutcome(read)
      if (hasCall) {
        calls++
        countEach(set, read.fields)
        countEach(cleared, read.cleared)
      } else if (read.outcome === 'unchanged') unchanged++
      else {
        invalid++
        noteInvalid(row, read)
      }
      current = row
      if (read.customerId !== '') {
        customers.add(read.customerId, row.row, hasCall)
        doubts.unusualId(read.customerId, tell)
      }
      if (hasCall) doubts.clears(read, tell)
    }
  }
  return {
    rows,
    calls,
    unchanged,
    invalid,
    ...customers.counts(),
    set,
    cleared,
    findings: findings.list(),
    warnings: warnings.list(),
  }
}
