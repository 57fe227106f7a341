/** Row → request or outcome: the pure middle of the program, put together for one input and one run. */
import { withoutCall } from './domain/outcome.ts'
import type { Outcome, OutcomeKind } from './domain/outcome.ts'
import { printable } from './domain/printable.ts'
import type { Problem } from './domain/problem.ts'
import type { CsvRow, Place } from './domain/row.ts'
import type { Head } from './input/header.ts'
import type { CellRules } from './mapping/cells.ts'
import { matchHeader } from './mapping/headers.ts'
import { locateInHeader, locateInRecord } from './mapping/locate.ts'
import type { Mapping } from './mapping/compiled-mapping.ts'
import { matchMappedHeader } from './mapping/mapped-headers.ts'
import { compileMappedCsv, compileMappedNdjson } from './mapping/mapped-rows.ts'
import { compileCsv, isRefused } from './mapping/mapping.ts'
import type { Mapped } from './mapping/mapping.ts'
import { unmatchedNames } from './mapping/unmatched-names.ts'
import type { UnmatchedName } from './mapping/unmatched-names.ts'
import { compileNdjson } from './mapping/mapping-ndjson.ts'
import type { UpdateOptions } from './options.ts'
import type { Locate, Prepare, ReadRow } from './pipeline/ports.ts'
import { isOutcome } from './pipeline/send.ts'
import { createUpdateRequest } from './rapyd/update-customer.ts'
import type { RunIdentity } from './rapyd/update-customer.ts'

/**
 * Throws INPUT errors where the header cannot be matched. Without a mapping nothing of it is asked for any cell. `onRefused`
 * gets all problems of each invalid row.
 */
export function createReadRow(
  head: Head,
  ignoreColumns: readonly string[],
  rules: CellRules,
  mapping?: Mapping,
  onRefused?: (problems: readonly Problem[]) => void,
): ReadRow {
  const csv = head.format === 'csv' ? csvOf(head.header, ignoreColumns, rules, mapping) : undefined
  const ndjson =
    mapping === undefined
      ? compileNdjson(ignoreColumns, rules)
      : compileMappedNdjson(ignoreColumns, mapping, rules)
  return (row) => {
    if (row.kind === 'malformed') {
      onRefused?.([row.problem])
      return here(row, '', 'invalid', [row.problem])
    }
    if (row.kind === 'csv' && csv === undefined) throw new Error('a CSV row in NDJSON input')
    const mapped = row.kind === 'ndjson' ? ndjson(row) : csv?.(row)
    if (mapped === undefined) throw new Error('a row of no known kind')
    if (isRefused(mapped)) {
      onRefused?.(mapped.problems)
      return here(mapped, mapped.customerId, 'invalid', mapped.problems)
    }
    if (mapped.fields.length === 0) return here(mapped, mapped.customerId, 'unchanged', [])
    return mapped
  }
}

/** Finds the column of a problem. Throws like `createReadRow`. */
export function createLocate(head: Head, ignoreColumns: readonly string[], mapping?: Mapping): Locate {
  return head.format === 'csv'
    ? locateInHeader(head.header, ignoreColumns, mapping)
    : locateInRecord(ignoreColumns, mapping)
}

/** Names to be set aside that no column has. None for NDJSON, where keys differ from row to row. */
export function unmatchedColumns(
  head: Head,
  ignoreColumns: readonly string[],
  mapping: Mapping | undefined,
): readonly UnmatchedName[] {
  return head.format === 'csv' ? unmatchedNames(ignoreColumns, head.header, mapping) : []
}

/** From a row to its call: what the sending pass asks for, where the scan is content with the patch. */
export function createPrepare(readRow: ReadRow, run: RunIdentity): Prepare {
  const requestOf = createUpdateRequest(run)
  return (row) => {
    const read = readRow(row)
    return isOutcome(read) ? read : requestOf(read)
  }
}

function csvOf(
  header: readonly string[],
  ignoreColumns: readonly string[],
  rules: CellRules,
  mapping: Mapping | undefined,
): (row: CsvRow) => Mapped {
  if (mapping === undefined) return compileCsv(matchHeader(header, ignoreColumns), rules)
  return compileMappedCsv(matchMappedHeader(header, ignoreColumns, mapping), mapping, rules)
}

/** An outcome that is known without a call; names in it can be shown from here on. Of several problems the first decides; the rest are named behind it. */
function here(place: Place, customerId: string, outcome: OutcomeKind, problems: readonly Problem[]): Outcome {
  const [first, ...more] = problems
  const others = more.map(({ code, field }) => `${code} ${field}`.trim()).join(', ')
  return withoutCall(place, customerId, outcome, {
    errorCode: first?.code ?? '',
    errorField: printable(first?.field ?? ''),
    message: printable((first?.message ?? '') + (others === '' ? '' : `; also ${others}`)),
  })
}

/** What blanks and suspicious texts mean in this run. */
export function rulesOf(options: UpdateOptions): CellRules {
  return {
    blank: options.blank ?? 'clear',
    nullValues: new Set(options.nullValues),
    literals: new Set(options.literals),
  }
}
