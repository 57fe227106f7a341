/** What the columns of a file, or the keys of NDJSON, go into and what their blanks do: to be shown before any row. */
import { isCustomerId } from '../rapyd/customer-fields.ts'
import type { JsonObject } from '../model/json.ts'
import type { CellRules } from './cells.ts'
import { matchHeader } from './headers.ts'
import { createKeys } from './keys.ts'
import type { Assignment, Mapping } from './mapping.ts'
import type { Target } from './targets.ts'

export interface PlannedColumn {
  readonly name: string
  readonly isId: boolean
  /** None where the column is set aside, or is the customer id. */
  readonly targets: readonly Target[]
  readonly fields: readonly string[]
  /** What blanks will do, in a few words. */
  readonly blanks: string
}

/** One for each column of the header, in its order. Throws INPUT errors where the header cannot be matched. */
export function planHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): readonly PlannedColumn[] {
  const { id, columns } = matchHeader(header, ignoreColumns, mapping)
  const assigned = new Map(columns.map(({ index, assignments }) => [index, assignments]))
  return header.map((name, index) => planOf(name, id.index === index, assigned.get(index) ?? [], rules))
}

/** For NDJSON, where the keys of each record say it. */
export function planKeys(
  ignoreColumns: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): (record: JsonObject, key: string) => PlannedColumn {
  const keys = createKeys(ignoreColumns, mapping)
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
  return { name, isId, targets, fields, blanks: [...new Set(blanks)].join(' or ') || 'are ignored' }
}

function blankOf({ blank, target }: Assignment, rules: CellRules): string {
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

/** Problems of columns whose texts cannot be mistaken for those of others; a country of two letters can be. */
const distinct: ReadonlySet<string> = new Set([
  'E_EMAIL',
  'E_PHONE',
  'E_DATE',
  'E_EWALLET',
  'E_PAYMENT_METHOD',
])

/** The columns that show whether cells have moved, in the header's order. */
export function typedColumns(
  plans: readonly PlannedColumn[],
): readonly { readonly index: number; readonly fits: (text: string) => boolean }[] {
  return plans.flatMap(({ isId, targets }, index) => {
    if (isId) return [{ index, fits: isCustomerId }]
    const rule = targets[0]?.rule
    return rule === undefined || !distinct.has(rule(' ')?.code ?? '')
      ? []
      : [{ index, fits: (text: string) => rule(text) === undefined }]
  })
}
