/** What the columns of a file, or the keys of NDJSON, go into and what their blanks do: for whoever shows that before any row. */
import type { JsonObject } from '../domain/json.ts'
import type { CellRules } from './cells.ts'
import { plainAssignment } from './compiled-mapping.ts'
import type { Assignment, Mapping } from './compiled-mapping.ts'
import { matchHeader } from './headers.ts'
import { matchMappedHeader } from './mapped-headers.ts'
import { createKeys } from './mapped-keys.ts'
import type { Target } from './targets.ts'

export interface PlannedColumn {
  readonly name: string
  readonly isId: boolean
  /** None where the column is set aside, or is the customer id. */
  readonly targets: readonly Target[]
  readonly assignments: readonly Assignment[]
  readonly fields: readonly string[]
  /** What blanks will do, in a few words. */
  readonly blanks: string
}

/** One for each column of the header, in its order. Throws INPUT errors where the header cannot be matched. */
export function planHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping | undefined,
  rules: CellRules,
): readonly PlannedColumn[] {
  const { id, assigned } = assignmentsOf(header, ignoreColumns, mapping)
  return header.map((name, index) => planOf(name, id === index, assigned.get(index) ?? [], rules))
}

function assignmentsOf(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping | undefined,
) {
  if (mapping === undefined) {
    const { idIndex, columns } = matchHeader(header, ignoreColumns)
    return {
      id: idIndex,
      assigned: new Map(columns.map(({ index, target }) => [index, [plainAssignment(target)]])),
    }
  }
  const { id, columns } = matchMappedHeader(header, ignoreColumns, mapping)
  return { id: id.index, assigned: new Map(columns.map(({ index, assignments }) => [index, assignments])) }
}

const noMapping: Mapping = { columns: new Map(), constants: [], canonical: '' }

/** For NDJSON, where the keys of each record say it. */
export function planKeys(
  ignoreColumns: readonly string[],
  mapping: Mapping | undefined,
  rules: CellRules,
): (record: JsonObject, key: string) => PlannedColumn {
  const keys = createKeys(ignoreColumns, mapping ?? noMapping)
  return (record, key) => {
    if (keys.idsOf(record).includes(key)) return planOf(key, true, [], rules)
    const assignments = keys.assignmentsOf(key)
    return planOf(key, false, 'code' in assignments ? [] : assignments, rules)
  }
}

function planOf(
  name: string,
  isId: boolean,
  assignments: readonly Assignment[],
  rules: CellRules,
): PlannedColumn {
  const targets = assignments.map(({ target }) => target)
  const fields = isId ? ['customer'] : targets.map(({ path }) => path)
  const blanks = isId ? ['are refused'] : assignments.map((assignment) => blankOf(assignment, rules))
  return {
    name,
    isId,
    targets,
    assignments,
    fields,
    blanks: [...new Set(blanks)].join(' or ') || 'are ignored',
  }
}

function blankOf({ blank, target }: Assignment, rules: CellRules): string {
  const rule = blank ?? rules.blank
  switch (rule) {
    case 'clear':
      return target.kind === 'address' ? 'are sent with the address' : 'clear the field'
    case 'keep':
      return 'change nothing'
    case 'reject':
      return 'are refused'
    default:
      return 'send a value of the mapping'
  }
}
