/** Reads rows: row → patch → request, or the outcome of a row without a request. Pure. */
import type { MappedInput } from './input-parts.ts'
import { normalise, printable, shownName, shownNames } from '../model/text.ts'
import type { Problem } from '../model/errors.ts'
import { withLines, isOutcome, withoutCall, type MalformedRow, type Row, type Outcome } from '../model/row.ts'
import { filledOf, findHeader, headerOf, type Head, type HeaderCandidate } from '../input/header.ts'
import { refusal } from '../input/refusals.ts'
import type { CellRules } from '../mapping/cells.ts'
import { idRank, translateColumns } from '../mapping/column-names.ts'
import { targetOf } from '../mapping/targets.ts'
import { createColumnsOf, unmatchedNames } from '../mapping/input-columns.ts'
import type { ColumnsOf } from '../mapping/headers.ts'
import type { UnmatchedName } from '../model/scan.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { isRefused, compileRows } from '../mapping/rows.ts'
import type { ResolvedOptions } from '../config/job-options.ts'
import type { Prepare, ReadRow } from '../model/ports.ts'
import { createUpdateRequest, type RunIdentity } from '../rapyd/requests.ts'

/** Gives a preset the names of the file. Throws INPUT, E_HEADER_LINE, if the header seems to be on a later line. */
export function mapInput<Input extends MappedInput>(input: Input): Input {
  const { head, mapping, options } = input
  refuseTitleLines(head, mapping, options.ignoreColumns)
  return { ...input, mapping: translateColumns(mapping, headerOf(head), options.ignoreColumns) }
}

/** Names of groups may be above the header too, and one of them may be that of a field. */
export function refuseTitleLines(head: Head, mapping: Mapping, ignoreColumns: readonly string[]): void {
  if (head.format === 'ndjson') return
  const { line, header, below } = head
  const hasId = (names: readonly string[]): boolean => {
    const { customer } = translateColumns(mapping, names, ignoreColumns)
    return names.some((name) =>
      customer === undefined ? idRank(name) >= 0 : normalise(name) === normalise(customer.name),
    )
  }
  const known = new Set([...mapping.columns.keys()].map(normalise))
  const isKnown = (name: string): boolean => known.has(normalise(name)) || targetOf(name) !== undefined
  const first = { cells: header, line }
  const isHeader = ({ cells }: HeaderCandidate): boolean =>
    hasId(cells) && !cells.some((cell) => /@|cus_/.test(cell))
  const found = hasId(header)
    ? below.slice(0, 1).find((next) => isHeader(next) && filledOf(next) > filledOf(first))
    : (below.find(isHeader) ?? (header.some(isKnown) ? undefined : findHeader(first, below)))
  if (found === undefined) return
  const names = found.cells.map((name) => name.trim()).filter((name) => name !== '')
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : ''
  throw refusal('E_HEADER_LINE', 'titleLines', {
    line,
    found: found.line,
    names: names.slice(0, mostNamed).join(', ') + more,
  })
}

const mostNamed = 5

type MappedRows = Pick<MappedInput, 'head' | 'options' | 'mapping'>

/** Throws INPUT errors if the header cannot be matched. */
export function createReadRow(input: MappedRows): ReadRow {
  const map = compileRows(columnsOf(input), input.mapping, rulesOf(input.options))
  return (row, onReplace) => {
    if (row.kind === 'malformed') return invalidRow(row, '', [row.problem])
    const mapped = map(row, onReplace)
    if (isRefused(mapped)) return invalidRow(row, mapped.customerId, mapped.problems)
    return mapped.fields.length === 0 ? withoutCall(mapped, mapped.customerId, 'unchanged', {}) : mapped
  }
}

/** Throws INPUT errors if the header cannot be matched. */
export function columnsOf({ head, options, mapping }: MappedRows): ColumnsOf {
  return createColumnsOf(head.format === 'csv' ? head.header : undefined, options.ignoreColumns, mapping)
}

/** Names of `--ignore-columns` that no column has. Empty for NDJSON, because its keys differ from row to row. */
export function unmatchedColumns(
  head: Head,
  ignoreColumns: readonly string[],
  mapping: Mapping,
): readonly UnmatchedName[] {
  return head.format === 'csv' ? unmatchedNames(ignoreColumns, head.header, mapping) : []
}

/** Reads a row for the sending pass, which needs the request and not only the patch. */
export function createPrepare(readRow: ReadRow, run: RunIdentity): Prepare {
  const requestOf = createUpdateRequest(run)
  return (row) => {
    const read = readRow(row)
    return isOutcome(read) ? read : requestOf(read)
  }
}

/** The first problem gives the code; the message lists the others. */
function invalidRow(row: Row | MalformedRow, customerId: string, problems: readonly Problem[]): Outcome {
  const [first, ...more] = problems
  const others = shownNames(more.map(({ code, field }) => `${code} ${field}`.trim()))
  const message = (first?.message ?? '') + (others === '' ? '' : `; also ${others}`)
  return withoutCall(row, customerId, 'invalid', {
    errorCode: first?.code ?? '',
    errorField: shownName(first?.field ?? ''),
    message: printable(withLines(message, row)),
    problems,
  })
}

export function rulesOf({
  blank,
  nullValues,
  literals,
}: Pick<ResolvedOptions, 'blank' | 'nullValues' | 'literals'>): CellRules {
  return { blank, nullValues: new Set(nullValues), literals: new Set(literals) }
}
