/** The first pass: the whole file without a socket. It counts, validates and gathers what the guards decide on. */
import { isOutcome } from '../model/outcome.ts'
import type { ErrorCode, WarningCode } from '../model/errors.ts'
import { countEach } from '../model/collections.ts'
import type { Outcome } from '../model/outcome.ts'
import type { MalformedRow, Row, SourceColumn } from '../model/row.ts'
import type {
  RowWarnings,
  OnWarning,
  CustomerCount,
  Examiner,
  Locate,
  ReadRow,
  Source,
} from '../model/ports.ts'
import { createKindCounter } from './kinds.ts'
import type { Scan } from '../model/scan.ts'

/** An invalid row; `columnOf` finds the column of its problem, where it is asked for. */
export type OnInvalid = (outcome: Outcome, columnOf: () => SourceColumn | undefined) => void

export interface ScanParts {
  readonly source: Source
  readonly readRow: ReadRow
  readonly locate: Locate
  readonly doubts: RowWarnings
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
  const tell: OnWarning = (code, field, message) => {
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
