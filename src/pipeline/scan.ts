/** The first pass: the whole file without a socket. It counts, validates and gathers what the guards decide on. */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import type { Doubts } from '../domain/warning.ts'
import type { Locate, ReadRow, Source, SourceColumn } from './ports.ts'
import { isOutcome } from './send.ts'
import { createWarnings } from './warnings.ts'
import type { Warning } from './warnings.ts'

export interface Finding {
  readonly code: ErrorCode
  readonly field: string
  readonly message: string
  readonly rows: number
  readonly firstRow: number
  readonly firstLine: number
  /** Where the first one stands, as far as it is known. */
  readonly column?: SourceColumn
}

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
}

export async function scan(parts: ScanParts): Promise<Scan> {
  const { source, readRow, locate, doubts, customers, onInvalid, signal } = parts
  let [rows, calls, unchanged, invalid] = [0, 0, 0, 0]
  const set = createFieldCounts()
  const cleared = createFieldCounts()
  const findings = new Map<string, Finding>()
  const warnings = createWarnings(locate)
  // Not inside the loop: what a closure captures there would be allocated for every row.
  const noteInvalid = (row: Row | MalformedRow, outcome: Outcome): void => {
    const columnOf = (): SourceColumn | undefined => locate(row, outcome.errorField)
    note(findings, outcome, columnOf)
    onInvalid(outcome, columnOf)
  }
  for await (const batch of source) {
    signal.throwIfAborted()
    for (const row of batch) {
      rows++
      const read = readRow(row)
      const hasCall = !isOutcome(read)
      if (hasCall) {
        calls++
        set.add(read.fields)
        cleared.add(read.cleared)
      } else if (read.outcome === 'unchanged') unchanged++
      else {
        invalid++
        noteInvalid(row, read)
      }
      warnings.begin(row)
      if (read.customerId !== '') {
        customers.add(read.customerId, row.row, hasCall)
        doubts.unusualId(read.customerId, warnings.tell)
      }
      if (hasCall) doubts.clears(read, warnings.tell)
    }
  }
  return {
    rows,
    calls,
    unchanged,
    invalid,
    ...customers.counts(),
    set: set.counts(),
    cleared: cleared.counts(),
    findings: [...findings.values()].sort((left, right) => right.rows - left.rows),
    warnings: warnings.list(),
  }
}

/** Counts rows by field. The rows of a CSV file mostly share one list of fields, which is then counted as a whole. */
function createFieldCounts() {
  const counts = new Map<string, number>()
  let list: readonly string[] = []
  let times = 0

  function count(): void {
    for (const name of list) counts.set(name, (counts.get(name) ?? 0) + times)
    times = 0
  }

  return {
    add(names: readonly string[]): void {
      if (names !== list) {
        count()
        list = names
      }
      times++
    },
    counts(): ReadonlyMap<string, number> {
      count()
      return counts
    },
  }
}

function note(
  findings: Map<string, Finding>,
  outcome: Outcome,
  columnOf: () => SourceColumn | undefined,
): void {
  const { errorCode, errorField, message, row, line } = outcome
  if (errorCode === '') return
  const key = `${errorCode} ${errorField}`
  const found = findings.get(key)
  const column = found === undefined ? columnOf() : found.column
  findings.set(key, {
    code: errorCode,
    field: errorField,
    message: found?.message ?? message,
    rows: (found?.rows ?? 0) + 1,
    firstRow: found?.firstRow ?? row,
    firstLine: found?.firstLine ?? line,
    ...(column === undefined ? {} : { column }),
  })
}
