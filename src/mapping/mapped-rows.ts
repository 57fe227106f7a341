/** Rows under a mapping: CSV cells and NDJSON values go through the same assignments, and constants come last. */
import type { JsonValue } from '../domain/json.ts'
import type { Patch } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { CsvRow, NdjsonRow } from '../domain/row.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { readAssigned } from './assigned-value.ts'
import type { CellRules } from './cells.ts'
import type { Assignment, Mapping } from './compiled-mapping.ts'
import type { MappedHeader } from './mapped-headers.ts'
import { createKeys } from './mapped-keys.ts'
import { badId, finish, place } from './mapping.ts'
import type { Mapped } from './mapping.ts'
import { sameField } from './mapping-ndjson.ts'
import { overlaps } from './headers.ts'
import type { Target } from './targets.ts'

/** For CSV. */
export function compileMappedCsv(
  header: MappedHeader,
  mapping: Mapping,
  rules: CellRules,
): (row: CsvRow) => Mapped {
  const { id, columns } = header
  return (row) => {
    const draft = startDraft(row, row.cells[id.index], id.name)
    for (const { index, assignments } of columns) {
      const cell = row.cells[index]
      if (cell !== undefined) for (const assignment of assignments) draft.assign(cell, assignment, rules)
    }
    return draft.finish(mapping)
  }
}

/** For NDJSON. `ignore` holds keys that are set aside. */
export function compileMappedNdjson(
  ignore: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): (row: NdjsonRow) => Mapped {
  const keys = createKeys(ignore, mapping)
  return (row) => {
    const idKey = keys.idOf(row.record)
    const draft = startDraft(row, row.record[idKey ?? ''], idKey ?? mapping.customer?.name ?? 'customer')
    const taken: string[] = mapping.constants.map(({ target }) => target.path)
    for (const [key, value] of Object.entries(row.record)) {
      if (key === idKey) continue
      const assignments = keys.assignmentsOf(key)
      if ('code' in assignments) draft.refuse(assignments)
      else
        for (const assignment of assignments) {
          const { path } = assignment.target
          if (taken.some((other) => overlaps(other, path))) draft.refuse(sameField(path))
          else draft.assign(value, assignment, rules)
          taken.push(path)
        }
    }
    return draft.finish(mapping)
  }
}

interface Draft {
  assign(value: JsonValue, assignment: Assignment, rules: CellRules): void
  refuse(problem: Problem): void
  finish(mapping: Mapping): Mapped
}

function startDraft(row: CsvRow | NdjsonRow, id: JsonValue | undefined, idName: string): Draft {
  const customerId = typeof id === 'string' ? id : ''
  const problems: Problem[] = isCustomerId(customerId) ? [] : [badId(idName)]
  const patch: Patch = {}
  const fields: string[] = []
  const cleared: string[] = []
  const put = (target: Target, value: JsonValue, clears: boolean): void => {
    place(patch, target, value)
    fields.push(target.path)
    if (clears) cleared.push(target.path)
  }
  return {
    assign(value, assignment, rules) {
      const reading = readAssigned(value, assignment, rules)
      if ('problems' in reading) problems.push(...reading.problems)
      else if (reading.value !== undefined) put(assignment.target, reading.value, reading.cleared)
    },
    refuse: (problem) => problems.push(problem),
    finish({ constants }) {
      for (const { target, value } of constants) put(target, value, value === '')
      return finish(row, customerId, patch, fields, cleared, problems)
    },
  }
}
