/** Plans of columns and keys: their fields, the column of a problem, and names to set aside that match none. */
import type { JsonObject } from '../model/json.ts'
import type { CellRules } from './cells.ts'
import { matchHeader } from './headers.ts'
import { createKeys } from './keys.ts'
import { plainAssignment } from './mapping.ts'
import type { Assignment, Mapping } from './mapping.ts'
import type { Target } from './targets.ts'
import { printable, findNearest, normalise } from '../model/text.ts'
import type { Locate } from '../model/ports.ts'
import type { SourceColumn } from '../model/row.ts'
import { overlaps } from './targets.ts'

export interface PlannedColumn {
  readonly name: string
  readonly isId: boolean
  /** Empty if the column is set aside, or is the customer id. */
  readonly assignments: readonly Assignment[]
  readonly fields: readonly string[]
  /** The effect of blanks, for display. */
  readonly blanks: string
}

/** Plans each column, in the header's order. Throws INPUT errors if the header cannot be matched. */
export function planHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): readonly PlannedColumn[] {
  const { id, columns } = matchHeader(header, ignoreColumns, mapping)
  const assigned = new Map(columns.map(({ index, assignments }) => [index, assignments]))
  return header.map((name, index) => planColumn(name, id.index === index, assigned.get(index) ?? [], rules))
}

/** For NDJSON: plans a key of a record. */
export function planKeys(
  ignoreColumns: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): (record: JsonObject, key: string) => PlannedColumn {
  const keys = createKeys(ignoreColumns, mapping)
  return (record, key) => {
    if (keys.idsOf(record).includes(key)) return planColumn(key, true, [], rules)
    const assignments = keys.assignmentsOf(key)
    return planColumn(key, false, 'code' in assignments ? [] : assignments, rules)
  }
}

/** For NDJSON: plans a path inside the values of a key. */
export function planPart(target: Target, { blank }: Assignment, rules: CellRules): PlannedColumn {
  const inner = typeof blank === 'string' ? blank : undefined
  return planColumn(target.path, false, [plainAssignment(target, inner)], rules)
}

function planColumn(
  name: string,
  isId: boolean,
  assignments: readonly Assignment[],
  rules: CellRules,
): PlannedColumn {
  const fields = isId ? ['customer'] : assignments.map(({ target }) => target.path)
  const blanks = isId ? ['are refused'] : assignments.map((assignment) => describeBlanks(assignment, rules))
  return { name, isId, assignments, fields, blanks: [...new Set(blanks)].join(' or ') || 'are ignored' }
}

function describeBlanks({ blank, target }: Assignment, rules: CellRules): string {
  const rule = blank ?? rules.blank
  switch (rule) {
    case 'clear':
      return target.address === undefined ? 'clear the field' : 'are sent with the address'
    case 'keep':
      return 'change nothing'
    case 'reject':
      return 'are refused'
    default:
      return 'send a value of the mapping'
  }
}

interface LocatedColumn {
  readonly column: SourceColumn
  readonly assignments: readonly Assignment[]
}

/** For CSV. Throws INPUT errors if the header cannot be matched. */
export function locateInHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
): Locate {
  const { id, columns } = matchHeader(header, ignoreColumns, mapping)
  const idColumn: SourceColumn = { name: id.name, number: id.index + 1 }
  const candidates = columns.map(({ name, index, assignments }) => {
    return { column: { name, number: index + 1 }, assignments }
  })
  return (_row, field) =>
    field === 'customer' || field === printable(id.name) ? idColumn : findColumn(candidates, field)
}

/** For NDJSON, where each row has its own keys. */
export function locateInRecord(ignoreColumns: readonly string[], mapping: Mapping): Locate {
  const keys = createKeys(ignoreColumns, mapping)
  return (row, field) => {
    if (field === '' || row.kind === 'csv') return undefined
    // The problem of a malformed line names the path of a key.
    if (row.kind === 'malformed') return { name: field.split(/[.[]/)[0] ?? '' }
    const names = Object.keys(row.record)
    const [idKey] = keys.idsOf(row.record)
    if (field === 'customer' && idKey !== undefined) return { name: idKey }
    const candidates = names.map((name) => {
      const assignments = keys.assignmentsOf(name)
      return { column: { name }, assignments: 'code' in assignments ? [] : assignments }
    })
    // Problems name an unknown key by its start, if it is long.
    const isUnknownKey = (): boolean => names.some((name) => printable(name).startsWith(field))
    return findColumn(candidates, field) ?? (isUnknownKey() ? { name: field } : undefined)
  }
}

/** Prefers the column of the field itself to one that contains the field or is inside it. */
function findColumn(candidates: readonly LocatedColumn[], field: string): SourceColumn | undefined {
  if (field === '') return undefined
  const find = (fits: (path: string) => boolean): SourceColumn | undefined =>
    candidates.find(({ assignments }) => assignments.some(({ target }) => fits(printable(target.path))))
      ?.column
  return find((path) => path === field) ?? find((path) => overlaps(path, field))
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
  const partsOfKnown = new Set(
    ignoreColumns.flatMap((name) => (known.has(normalise(name)) ? name.split(',') : [])),
  )
  const setAside = new Set(ignoreColumns.map(normalise))
  const others = present.filter((name) => !setAside.has(normalise(name)))
  const unmatched = [...listed].filter((name) => {
    const parts = name.split(',')
    const isReportedByParts = parts.length > 1 && parts.every((part) => listed.has(part))
    return (
      normalise(name) !== '' && !known.has(normalise(name)) && !partsOfKnown.has(name) && !isReportedByParts
    )
  })
  return unmatched.map((name) => ({ name, nearest: findNearest(name, others) }))
}
