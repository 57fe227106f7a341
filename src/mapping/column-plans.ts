/** Plans of columns and keys: their fields, the column of a problem, and names to set aside that match none. */
import type { JsonObject } from '../model/json.ts'
import type { Target } from '../rapyd/customer-fields.ts'
import type { CellRules } from './cells.ts'
import { matchHeader } from './headers.ts'
import { createKeys } from './keys.ts'
import type { Assignment, Mapping } from './mapping.ts'
import { printable, findNearest, normalise } from '../model/text.ts'
import type { Locate } from '../model/ports.ts'
import { fieldOf } from '../model/row.ts'
import type { SourceColumn } from '../model/row.ts'
import { overlaps } from './targets.ts'

interface AssignedColumn extends SourceColumn {
  readonly isId: boolean
  /** Empty if the column is set aside, or is the customer id. */
  readonly assignments: readonly Assignment[]
}

export interface PlannedColumn extends Omit<AssignedColumn, 'number'> {
  readonly fields: readonly string[]
  readonly blanks: string
}

/** Plans each column, in the header's order. Throws INPUT errors if the header cannot be matched. */
export function planHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): readonly PlannedColumn[] {
  return columnsOf(header, ignoreColumns, mapping).map((column) => planColumn(column, rules))
}

function columnsOf(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
): readonly AssignedColumn[] {
  const { id, columns } = matchHeader(header, ignoreColumns, mapping)
  const assigned = new Map(columns.map(({ index, assignments }) => [index, assignments]))
  return header.map((name, index) => {
    return { name, number: index + 1, isId: id.index === index, assignments: assigned.get(index) ?? [] }
  })
}

type ColumnOfKey = (record: JsonObject, key: string) => AssignedColumn

function createColumnOfKey(ignoreColumns: readonly string[], mapping: Mapping): ColumnOfKey {
  const keys = createKeys(ignoreColumns, mapping)
  return (record, name) => {
    const isId = keys.idsOf(record).includes(name)
    const assignments = isId ? [] : keys.assignmentsOf(name)
    return { name, isId, assignments: 'code' in assignments ? [] : assignments }
  }
}

/** For NDJSON: plans a key of a record. */
export function planKeys(
  ignoreColumns: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): (record: JsonObject, key: string) => PlannedColumn {
  const columnOf = createColumnOfKey(ignoreColumns, mapping)
  return (record, key) => planColumn(columnOf(record, key), rules)
}

/** For NDJSON: plans a path inside the values of a key. */
export function planPart(target: Target, { blank }: Assignment, rules: CellRules): PlannedColumn {
  const inner = typeof blank === 'string' ? blank : undefined
  const assignments = [{ target, changes: [], blank: inner }]
  return planColumn({ name: target.path, isId: false, assignments }, rules)
}

function planColumn({ name, isId, assignments }: AssignedColumn, rules: CellRules): PlannedColumn {
  const fields = isId ? ['customer'] : assignments.map(({ target }) => target.path)
  const blanks = isId ? ['are refused'] : assignments.map((assignment) => describeBlanks(assignment, rules))
  return { name, isId, assignments, fields, blanks: [...new Set(blanks)].join(' or ') || 'are ignored' }
}

function describeBlanks({ blank, target }: Assignment, rules: CellRules): string {
  const rule = blank ?? rules.blank
  if (typeof rule === 'object') return 'send a value of the mapping'
  if (rule === 'clear') return target.address === undefined ? 'clear the field' : 'are sent with the address'
  return rule === 'keep' ? 'change nothing' : 'are refused'
}

/** For CSV. Throws INPUT errors if the header cannot be matched. */
export function locateInHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
): Locate {
  const columns = columnsOf(header, ignoreColumns, mapping)
  return (_row, field) => findColumn(columns, field)
}

/** For NDJSON, where each row has its own keys. */
export function locateInRecord(ignoreColumns: readonly string[], mapping: Mapping): Locate {
  const columnOf = createColumnOfKey(ignoreColumns, mapping)
  return (row, field) => {
    if (field === '' || row.kind === 'csv') return undefined
    // The problem of a malformed line names the path of a key.
    if (row.kind === 'malformed') return { name: fieldOf(field) }
    const names = Object.keys(row.record)
    const columns = names.map((name) => columnOf(row.record, name))
    // Problems name an unknown key by its start, if it is long.
    const isUnknownKey = (): boolean => names.some((name) => printable(name).startsWith(field))
    return findColumn(columns, field) ?? (isUnknownKey() ? { name: field } : undefined)
  }
}

/** Prefers the column of the field itself to one that contains the field or is inside it. */
function findColumn(columns: readonly AssignedColumn[], field: string): SourceColumn | undefined {
  if (field === '') return undefined
  const find = (fits: (path: string) => boolean): AssignedColumn | undefined =>
    columns.find(({ assignments }) => assignments.some(({ target }) => fits(printable(target.path))))
  const found =
    columns.find(({ isId, name }) => isId && (field === 'customer' || field === printable(name))) ??
    find((path) => path === field) ??
    find((path) => overlaps(path, field))
  return found && { name: found.name, ...(found.number !== undefined && { number: found.number }) }
}

export interface UnmatchedName {
  readonly name: string
  /** The column that was probably meant: one of the file that is not set aside. */
  readonly nearest: string | undefined
}

/**
 * Finds names to set aside that the file does not have. That is no error, because a list may serve several exports. But the column
 * that was meant is sent. A name with commas is reported by its parts, if they are listed too.
 */
export function unmatchedNames(
  ignoreColumns: readonly string[],
  present: readonly string[],
  mapping: Mapping,
): readonly UnmatchedName[] {
  const known = new Set([...present, ...mapping.columns.keys()].map(normalise))
  const listed = new Set(ignoreColumns)
  const isKnown = (name: string): boolean => known.has(normalise(name))
  const partsOfKnown = new Set(ignoreColumns.filter(isKnown).flatMap((name) => name.split(',')))
  const setAside = new Set(ignoreColumns.map(normalise))
  const others = present.filter((name) => !setAside.has(normalise(name)))
  const unmatched = [...listed].filter((name) => {
    const parts = name.split(',')
    const isReportedByParts = parts.length > 1 && parts.every((part) => listed.has(part))
    return normalise(name) !== '' && !isKnown(name) && !partsOfKnown.has(name) && !isReportedByParts
  })
  return unmatched.map((name) => ({ name, nearest: findNearest(name, others) }))
}
