/** The guards: what a file must pass before the first request. A half-written export could wipe a customer base. */
import type { Place, OutcomeKind } from '../model/row.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import { parseErrorLimit, parseExpectedRows, parsePercent } from '../config/values.ts'
import { refusal } from '../input/refusals.ts'
import type { Scan, Warning } from '../model/scan.ts'

/** `places` are the first pair of rows of one customer, in file order. */
export function refuseDuplicates(
  { repeatedCustomers }: Scan,
  places: readonly Pick<Place, 'row' | 'line'>[],
): BulkUpdateError {
  const customers = repeatedCustomers === 1 ? '1 customer stands' : `${repeatedCustomers} customers stand`
  const pair = places.map(({ row, line }) => `row ${row}, line ${line}`).join(' and ')
  return refusal('E_DUPLICATE_CUSTOMER', 'duplicates', { customers, pair })
}

/** For `--strict`. A warning of 0 rows is about the header. */
export function refuseWarning(
  { rows, code, field, firstRow, firstLine }: Omit<Warning, 'message' | 'column'>,
  allRows: number,
): BulkUpdateError {
  const what = `${code} ${field}`.trim()
  const values = { what, rows, allRows, firstRow, firstLine }
  return refusal('E_STRICT', rows === 0 ? 'strictHeader' : 'strictWarning', values)
}

/** Returns why `found` may not be sent: the error of the first guard that refuses. */
export function guardOf(found: Scan, options: ResolvedOptions): BulkUpdateError | undefined {
  const { rows, invalid, cleared, findings, warnings } = found
  const percent = parsePercent('max-clears', options.maxClears)
  const allowed = allowedErrors(parseErrorLimit(options.maxErrors), rows)
  const expected = options.expectRows === undefined ? undefined : parseExpectedRows(options.expectRows)
  if (expected !== undefined && (rows < expected.least || rows > expected.most))
    return otherRows(rows, expected)
  const [first] = findings
  const counts = {
    rows,
    invalid,
    code: first?.code ?? '',
    row: first?.firstRow ?? 0,
    line: first?.firstLine ?? 0,
  }
  if (options.strict && invalid > 0) return refusal('E_STRICT', 'strictRows', counts)
  const [warning] = warnings
  if (options.strict && warning !== undefined) return refuseWarning(warning, rows)
  if (invalid > allowed) return refusal('E_TOO_MANY_INVALID', 'tooManyInvalid', counts)
  // A scan of an earlier session counts only what is sent as calls.
  const changing = found.calls + (found.leftOut ?? 0)
  const most = [...cleared].find(([, clears]) => clears > (changing * percent) / 100)
  if (most === undefined) return undefined
  return refusal('E_MAX_CLEARS', 'clears', { field: most[0], rows: most[1], changing, percent })
}

function otherRows(found: number, { least, most }: ReturnType<typeof parseExpectedRows>): BulkUpdateError {
  const rows = `${found} ${found === 1 ? 'row' : 'rows'}`
  const wanted = least === most ? `${least} ${least === 1 ? 'is' : 'are'}` : `${least} to ${most} are`
  return refusal('E_EXPECT_ROWS', 'otherRows', { rows, wanted })
}

type ErrorLimit = ReturnType<typeof parseErrorLimit>

/** A percentage counts from so many rows on, so that one bad row among the first ten stops nothing. */
const leastRows = 100

export function allowedErrors(limit: ErrorLimit, rows: number): number {
  return 'rows' in limit ? limit.rows : (limit.percent / 100) * Math.max(leastRows, rows)
}

/** Counts rows that Rapyd refused or that did not get through. Invalid rows count in the guard, before the first request. */
export function createThreshold(limit: ErrorLimit) {
  let rows = 0
  let errors = 0
  return {
    /** Counts an outcome. Returns true once there are more errors than the limit allows. */
    passed(kind: OutcomeKind): boolean {
      rows++
      if (kind === 'rejected' || kind === 'failed' || kind === 'unknown') errors++
      return errors > allowedErrors(limit, rows)
    },
  }
}
