/** The first pass: the whole file without a socket. It counts, validates and gathers what the guards decide on. */
import type { ErrorCode } from '../domain/error-codes.ts'
import type { Outcome } from '../domain/outcome.ts'
import { isOutcome } from './send.ts'
import type { ReadRow, Source } from './ports.ts'

export interface Finding {
  readonly code: ErrorCode
  readonly field: string
  readonly message: string
  readonly rows: number
  readonly firstRow: number
  readonly firstLine: number
}

export interface Scan {
  readonly rows: number
  readonly calls: number
  readonly unchanged: number
  readonly invalid: number
  /** Rows that set or clear a field, and rows that clear it, by field. */
  readonly set: ReadonlyMap<string, number>
  readonly cleared: ReadonlyMap<string, number>
  /** What is wrong, most frequent first. */
  readonly findings: readonly Finding[]
}

/** `onInvalid` is given every invalid row. */
export async function scan(
  source: Source,
  readRow: ReadRow,
  onInvalid: (outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<Scan> {
  let [rows, calls, unchanged, invalid] = [0, 0, 0, 0]
  const set = new Map<string, number>()
  const cleared = new Map<string, number>()
  const findings = new Map<string, Finding>()
  for await (const batch of source) {
    signal.throwIfAborted()
    for (const row of batch) {
      rows++
      const prepared = readRow(row)
      if (!isOutcome(prepared)) {
        calls++
        countEach(set, prepared.fields)
        countEach(cleared, prepared.cleared)
      } else if (prepared.outcome === 'unchanged') unchanged++
      else {
        invalid++
        note(findings, prepared)
        onInvalid(prepared)
      }
    }
  }
  const sorted = [...findings.values()].sort((left, right) => right.rows - left.rows)
  return { rows, calls, unchanged, invalid, set, cleared, findings: sorted }
}

function countEach(counts: Map<string, number>, names: readonly string[]): void {
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
}

function note(findings: Map<string, Finding>, outcome: Outcome): void {
  const { errorCode, errorField, message, row, line } = outcome
  if (errorCode === '') return
  const key = `${errorCode} ${errorField}`
  const found = findings.get(key)
  findings.set(key, {
    code: errorCode,
    field: errorField,
    message: found?.message ?? message,
    rows: (found?.rows ?? 0) + 1,
    firstRow: found?.firstRow ?? row,
    firstLine: found?.firstLine ?? line,
  })
}
