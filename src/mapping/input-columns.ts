/**
 * The columns of an input: those of a CSV header, or the keys of an NDJSON row, and what each means. Keys match equal names of the
 * mapping first, then nearly equal ones, then fields.
 */
import type { Problem } from '../model/errors.ts'
import type { Locate } from '../model/ports.ts'
import { fieldOf, overlaps, type SourceColumn } from '../model/row.ts'
import type { UnmatchedName } from '../model/scan.ts'
import { findNearest, normalise, printable } from '../model/text.ts'
import type { CellRules } from './cells.ts'
import { idRank, isOurColumn } from './column-names.ts'
import { matchHeader, type ColumnsOf, type InputColumn } from './headers.ts'
import { assignmentByName, type Assignment, type Mapping } from './mapping.ts'
import { keyProblem, nearestPath, partOfField, protoRefusal, reachesProto, targetOf } from './targets.ts'

/** `header` is undefined for NDJSON. Throws INPUT errors if the header cannot be matched. */
export function createColumnsOf(
  header: readonly string[] | undefined,
  ignoreColumns: readonly string[],
  mapping: Mapping,
): ColumnsOf {
  if (header === undefined) return createKeyColumns(ignoreColumns, mapping)
  const columns = matchHeader(header, ignoreColumns, mapping)
  return () => columns
}

interface KnownKey {
  /** The key with the lowest rank is the id; infinite if the key cannot be it. */
  readonly rank: number
  readonly column: InputColumn
}

/** Bounds the memory for keys, because every row may have its own. */
const mostRemembered = 1_000
const longestRemembered = 200

function createKeyColumns(ignore: readonly string[], { customer, columns, origin }: Mapping): ColumnsOf {
  const setAside = new Set(ignore.map(normalise))
  /** Undefined where several names are nearly equal. */
  const nearly = new Map<string, readonly Assignment[] | undefined>()
  for (const [name, { assignments }] of columns) {
    const normal = normalise(name)
    nearly.set(normal, nearly.has(normal) ? undefined : assignments)
  }
  const wantedId = customer === undefined ? undefined : normalise(customer.name)
  const known = new Map<string, KnownKey>()

  function rankOf(key: string, normal: string): number {
    if (setAside.has(normal)) return Infinity
    if (customer !== undefined) {
      if (key === customer.name) return 0
      return normal === wantedId && !columns.has(key) ? 1 : Infinity
    }
    const rank = idRank(key)
    return rank < 0 || nearly.has(normal) ? Infinity : rank
  }

  function assignmentsOf(key: string, normal: string): readonly Assignment[] | Problem {
    if (isOurColumn(key) || setAside.has(normal)) return []
    const named = columns.get(key)?.assignments ?? nearly.get(normal)
    if (named !== undefined) return named
    const target = origin === 'preset' ? partOfField(key) : targetOf(key)
    const problem = target?.holds === 'any' ? keyProblem(target.path, target.keys.at(-1) ?? '') : undefined
    if (problem !== undefined) return problem
    if (target !== undefined) return [assignmentByName(target, origin, 'ndjson')]
    return origin === 'preset' ? [] : unknownKey(key)
  }

  function meaningOf(name: string): KnownKey {
    const remembered = known.get(name)
    if (remembered !== undefined) return remembered
    const normal = normalise(name)
    const found = assignmentsOf(name, normal)
    const content = 'code' in found ? { assignments: [], problem: found } : { assignments: found }
    const meaning = { rank: rankOf(name, normal), column: { name, isId: false, ...content } }
    if (known.size < mostRemembered && name.length <= longestRemembered) known.set(name, meaning)
    return meaning
  }

  return (row) => {
    if (row?.kind !== 'ndjson') return []
    const keys = Object.keys(row.record).map(meaningOf)
    const lowest = keys.reduce((least, { rank }) => Math.min(least, rank), Infinity)
    return keys.map(({ rank, column }) =>
      rank === lowest && rank !== Infinity ? { name: column.name, isId: true, assignments: [] } : column,
    )
  }
}

function unknownKey(key: string): Problem {
  const field = key.slice(0, 64)
  if (reachesProto(key)) return { code: 'E_KEY', field, message: protoRefusal }
  const near = nearestPath(field)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return { code: 'E_UNKNOWN_FIELD', field, message: `no field of Update Customer${hint}` }
}

/** What the mapping says of a column: the paths that it goes into, and what its blanks do. */
export function describeColumn({ isId, assignments }: InputColumn, rules: CellRules) {
  const fields = isId ? ['customer'] : assignments.map(({ target }) => target.path)
  const blanks = isId ? ['are refused'] : assignments.map((assignment) => describeBlanks(assignment, rules))
  return { fields, blanks: [...new Set(blanks)].join(' or ') || 'are ignored' }
}

function describeBlanks({ blank, target }: Assignment, rules: CellRules): string {
  const rule = blank ?? rules.blank
  if (typeof rule === 'object') return 'send a value of the mapping'
  if (rule === 'clear') return target.address === undefined ? 'clear the field' : 'are sent with the address'
  return rule === 'keep' ? 'change nothing' : 'are refused'
}

/** Finds the column of a problem. */
export function createLocate(columnsOf: ColumnsOf): Locate {
  return (row, field) => {
    if (field === '') return undefined
    const columns = columnsOf(row)
    // The problem of a malformed line of NDJSON names the path of a key.
    if (row.kind === 'malformed' && columns.length === 0) return { name: fieldOf(field) }
    // Problems name an unknown key by its start, if it is long.
    const isUnknownKey = (): boolean =>
      row.kind === 'ndjson' && columns.some(({ name }) => printable(name).startsWith(field))
    return findColumn(columns, field) ?? (isUnknownKey() ? { name: field } : undefined)
  }
}

/** Prefers the column of the field itself to one that contains the field or is inside it. */
function findColumn(columns: readonly InputColumn[], field: string): SourceColumn | undefined {
  const find = (fits: (path: string) => boolean): InputColumn | undefined =>
    columns.find(({ assignments }) => assignments.some(({ target }) => fits(printable(target.path))))
  const found =
    columns.find(({ isId, name }) => isId && (field === 'customer' || field === printable(name))) ??
    find((path) => path === field) ??
    find((path) => overlaps(path, field))
  return found && { name: found.name, ...(found.number !== undefined && { number: found.number }) }
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
