/** Rows under a mapping: CSV cells and NDJSON values go through the same assignments, and constants come last. */
import type { JsonValue } from '../domain/json.ts'
import type { Patch } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { CsvRow, NdjsonRow } from '../domain/row.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { readAssigned } from './assigned-value.ts'
import type { AssignedValue } from './assigned-value.ts'
import type { CellRules } from './cells.ts'
import { createClaims } from './claims.ts'
import type { Assignment, Join, Mapping } from './compiled-mapping.ts'
import { createJoins } from './joined-value.ts'
import type { Joins } from './joined-value.ts'
import type { MappedHeader } from './mapped-headers.ts'
import { createKeys } from './mapped-keys.ts'
import { addressBit, addressGap, hasGap } from './blank-addresses.ts'
import { badId, finish } from './mapping.ts'
import type { Mapped } from './mapping.ts'
import { place } from './place.ts'
import { missingId, sameField } from './ndjson-keys.ts'
import type { Target } from './targets.ts'

/** For CSV. */
export function compileMappedCsv(
  header: MappedHeader,
  mapping: Mapping,
  rules: CellRules,
): (row: CsvRow) => Mapped {
  const { id, columns } = header
  return (row) => {
    const draft = startDraft(row, row.cells[id.index], (text) => badId(id.name, text))
    for (const { index, assignments } of columns) {
      const cell = row.cells[index]
      if (cell !== undefined) for (const assignment of assignments) draft.assign(cell, assignment, rules)
    }
    return draft.finish(mapping, rules)
  }
}

/** For NDJSON. `ignore` holds keys that are set aside. */
export function compileMappedNdjson(
  ignore: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): (row: NdjsonRow) => Mapped {
  const keys = createKeys(ignore, mapping)
  const { customer } = mapping
  const noId =
    customer === undefined
      ? missingId('customer, customer_id or id')
      : missingId(`"${customer.name}", which the mapping names as the customer id`)
  return (row) => {
    const [idKey, twin] = keys.idsOf(row.record)
    const draft =
      idKey === undefined
        ? startDraft(row, '', () => noId)
        : startDraft(row, row.record[idKey], (text) => badId(idKey, text))
    if (twin !== undefined) draft.refuse(sameField('customer'))
    const claim = createClaims()
    for (const { target } of mapping.constants) claim(target)
    for (const [key, value] of Object.entries(row.record)) {
      if (key === idKey || key === twin) continue
      const assignments = keys.assignmentsOf(key)
      if ('code' in assignments) draft.refuse(assignments)
      else
        for (const assignment of assignments) {
          const { target, part } = assignment
          const isFree = draft.isJoining(part?.join) || claim(target)
          if (!isFree || !draft.assign(value, assignment, rules)) draft.refuse(sameField(target.path))
        }
    }
    return draft.finish(mapping, rules)
  }
}

interface Draft {
  /** False where it is a part of a joined field that the row has given before. */
  assign(value: JsonValue, assignment: Assignment, rules: CellRules): boolean
  /** True where a part of that field has been given. */
  isJoining(join: Join | undefined): boolean
  refuse(problem: Problem): void
  finish(mapping: Mapping, rules: CellRules): Mapped
}

/** `noId` says what is wrong with a text that is no id. */
function startDraft(
  row: CsvRow | NdjsonRow,
  id: JsonValue | undefined,
  noId: (text: JsonValue | undefined) => Problem,
): Draft {
  const customerId = typeof id === 'string' ? id : ''
  const problems: Problem[] = isCustomerId(customerId) ? [] : [noId(id)]
  const patch: Patch = {}
  const fields: string[] = []
  const cleared: string[] = []
  /** Bits of addresses: those that cells or keys are for, those of them that are not blank, and those of constants. */
  let [named, filled, constant] = [0, 0, 0]
  const put = (target: Target, value: JsonValue, clears: boolean): void => {
    place(patch, target, value)
    fields.push(target.path)
    if (clears) cleared.push(target.path)
  }
  const take = ({ target }: Assignment, reading: AssignedValue): void => {
    named |= addressBit(target)
    if ('problems' in reading) problems.push(...reading.problems)
    else if (reading.value !== undefined) {
      put(target, reading.value, reading.cleared)
      if (!reading.cleared) filled |= addressBit(target)
    }
  }
  let joins: Joins | undefined
  return {
    assign(value, assignment, rules) {
      if (assignment.part !== undefined)
        return (joins ??= createJoins()).add(value, assignment.part, assignment)
      take(assignment, readAssigned(value, assignment, rules))
      return true
    },
    isJoining: (join) => join !== undefined && joins?.has(join) === true,
    refuse: (problem) => problems.push(problem),
    finish({ constants }, rules) {
      for (const [assignment, reading] of joins?.read(rules) ?? []) take(assignment, reading)
      for (const { target, value } of constants) {
        put(target, value, value === '')
        constant |= addressBit(target)
      }
      if (problems.length === 0 && hasGap(named | constant)) problems.push(addressGap)
      // Constants make no address of their own where the row has only blanks for it.
      return finish(row, customerId, { patch, fields, cleared }, named & ~filled, problems)
    },
  }
}
