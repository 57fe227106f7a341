/** The guards: what a file must pass before the first request. A half-written export could wipe a customer base. */
import type { Place, OutcomeKind } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { Scan, Warning } from '../model/scan.ts'

export interface GuardOptions {
  /** The most rows that may clear one field, in percent of the rows with a call. */
  readonly maxClearsPercent: number
  readonly maxErrors: ErrorLimit
  readonly strict: boolean
  readonly expectedRows?: RowRange | undefined
}

/** Both ends count. */
export interface RowRange {
  readonly least: number
  readonly most: number
}

/** `places` are the first pair of rows of one customer, in file order. */
export function refuseDuplicates(
  { repeatedCustomers }: Scan,
  places: readonly Pick<Place, 'row' | 'line'>[],
): BulkUpdateError {
  const customers = repeatedCustomers === 1 ? '1 customer stands' : `${repeatedCustomers} customers stand`
  const pair = places.map(({ row, line }) => `row ${row}, line ${line}`).join(' and ')
  return new BulkUpdateError(
    'E_DUPLICATE_CUSTOMER',
    `${customers} on several rows (first: ${pair})`,
    'Leave one row for each customer, or run with --duplicates sequence, last or merge. Nothing was sent.',
  )
}

/** For `--strict`. A warning of 0 rows is about the header. */
export function refuseWarning(
  {
    rows,
    code,
    field,
    firstRow,
    firstLine,
  }: Omit<Warning, 'message' | 'column' | 'code'> & { readonly code: string },
  allRows: number,
): BulkUpdateError {
  const what = `${code} ${field}`.trim()
  return new BulkUpdateError(
    'E_STRICT',
    rows === 0
      ? `warnings count with --strict: the header has ${what}`
      : `warnings count with --strict: ${rows} of ${allRows} rows have ${what} (first: row ${firstRow}, line ${firstLine})`,
    'Look at the warnings that `validate` lists, or run without --strict. Nothing was sent.',
  )
}

/** Returns the error of the first guard that refuses. */
export function guard(scan: Scan, options: GuardOptions): BulkUpdateError | undefined {
  const { expectedRows: expected } = options
  if (expected !== undefined && (scan.rows < expected.least || scan.rows > expected.most)) {
    const wanted =
      expected.least === expected.most ? `${expected.least}` : `${expected.least} to ${expected.most}`
    return new BulkUpdateError(
      'E_EXPECT_ROWS',
      `the file has ${scan.rows} ${scan.rows === 1 ? 'row' : 'rows'}, and ${wanted} ${wanted === '1' ? 'is' : 'are'} expected`,
      'Look whether the export is whole; if it is, correct --expect-rows. Nothing was sent.',
    )
  }
  if (options.strict && scan.invalid > 0) {
    const [first] = scan.findings
    return new BulkUpdateError(
      'E_STRICT',
      `${scan.invalid} of ${scan.rows} rows are invalid (first: row ${first?.firstRow ?? 0}, ${first?.code ?? ''})`,
      'Mend the rows that `validate` lists, or run without --strict. Nothing was sent.',
    )
  }
  const [warning] = scan.warnings
  if (options.strict && warning !== undefined) {
    return refuseWarning(warning, scan.rows)
  }
  if (scan.invalid > allowedErrors(options.maxErrors, scan.rows)) {
    const [first] = scan.findings
    return new BulkUpdateError(
      'E_TOO_MANY_INVALID',
      `${scan.invalid} of ${scan.rows} rows are invalid, most of them ${first?.code ?? ''} (first: row ${first?.firstRow ?? 0}, line ${first?.firstLine ?? 0})`,
      'Look at them with `validate`; raise --max-errors if so many are expected. Nothing was sent.',
    )
  }
  // A scan of an earlier session counts only what is sent as calls.
  const changing = scan.calls + (scan.leftOut ?? 0)
  for (const [field, rows] of scan.cleared) {
    if (rows > (changing * options.maxClearsPercent) / 100) {
      return new BulkUpdateError(
        'E_MAX_CLEARS',
        `this would clear ${field} on ${rows} of ${changing} rows`,
        `If blanks mean "leave alone", run with --blank keep; if so many clears are meant, raise --max-clears (now ${options.maxClearsPercent}%). Nothing was sent.`,
      )
    }
  }
  return undefined
}

/** `--max-errors`. */
export type ErrorLimit = { readonly rows: number } | { readonly percent: number }

/** A percentage counts from so many rows on, so that one bad row among the first ten stops nothing. */
const leastRows = 100

export function allowedErrors(limit: ErrorLimit, rows: number): number {
  return 'rows' in limit ? limit.rows : (limit.percent / 100) * Math.max(leastRows, rows)
}

export interface Threshold {
  /** Counts an outcome. Returns true once there are more errors than the limit allows. */
  passed(kind: OutcomeKind): boolean
}

/** Counts rows that Rapyd refused or that did not get through. Invalid rows count in the guard, before the first request. */
export function createThreshold(limit: ErrorLimit): Threshold {
  let rows = 0
  let errors = 0
  return {
    passed(kind) {
      rows++
      if (kind === 'rejected' || kind === 'failed' || kind === 'unknown') errors++
      return errors > allowedErrors(limit, rows)
    },
  }
}
