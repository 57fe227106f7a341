/** What a file must pass before the first call. A half-written export can wipe a customer base; here it stops. */
import type { Place } from '../model/row.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { allowedErrors } from './error-limit.ts'
import type { ErrorLimit } from './error-limit.ts'
import type { Scan, Warning } from '../model/scan.ts'

export interface GuardOptions {
  /** Most rows, in percent of those with a call, that may clear one field. */
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

/** `places` are those of the first row that is not its customer's first, and of that first one, in file order. */
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

/** `--strict` where there is a warning. */
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

/** The first guard that refuses, or nothing. */
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
  for (const [field, rows] of scan.cleared) {
    if (rows > (scan.calls * options.maxClearsPercent) / 100) {
      return new BulkUpdateError(
        'E_MAX_CLEARS',
        `this would clear ${field} on ${rows} of ${scan.calls} rows`,
        `If blanks mean "leave alone", run with --blank keep; if so many clears are meant, raise --max-clears (now ${options.maxClearsPercent}%). Nothing was sent.`,
      )
    }
  }
  return undefined
}
