/** Rows to patches: the cells of CSV and the keys of NDJSON go through the assignments of the mapping, and constants come last. */
import type { JsonValue } from '../model/json.ts'
import type { Problem } from '../model/errors.ts'
import type { CsvRow, NdjsonRow } from '../model/row.ts'
import { describeIdDefect, isCustomerId } from '../rapyd/customer-fields.ts'
import type { CellRules } from './cells.ts'
import { Claims } from './claims.ts'
import type { MatchedHeader } from './headers.ts'
import { createKeys } from './keys.ts'
import type { Mapping } from './mapping.ts'
import { RowDraft } from './row-draft.ts'
import type { Mapped } from './row-draft.ts'
import type { Target } from './targets.ts'

export function compileCsv(
  { id, columns }: MatchedHeader,
  { constants }: Mapping,
  rules: CellRules,
): (row: CsvRow) => Mapped {
  return ({ cells, row, line, offset, length }) => {
    const draft = new RowDraft(rules)
    const customerId = cells[id.index] ?? ''
    if (!isCustomerId(customerId)) draft.refuse(badId(id.name, customerId))
    for (const { index, assignments } of columns) {
      const cell = cells[index]
      if (cell !== undefined) for (const assignment of assignments) draft.assign(cell, assignment)
    }
    return draft.finish({ row, line, offset, length }, customerId, constants)
  }
}

/** `ignore` holds keys that are set aside. An absent key leaves its field alone. */
export function compileNdjson(
  ignore: readonly string[],
  mapping: Mapping,
  rules: CellRules,
): (row: NdjsonRow) => Mapped {
  const keys = createKeys(ignore, mapping)
  const { customer, constants } = mapping
  const idNames =
    customer === undefined
      ? 'customer, customer_id or id'
      : `"${customer.name}", which the mapping names as the customer id`
  const noId: Problem = { code: 'E_ID', field: 'customer', message: `no key is called ${idNames}` }
  return ({ record, row, line, offset, length }) => {
    const draft = new RowDraft(rules)
    const [idKey, twin] = keys.idsOf(record)
    const id = idKey === undefined ? undefined : record[idKey]
    const customerId = typeof id === 'string' ? id : ''
    if (idKey === undefined) draft.refuse(noId)
    else if (!isCustomerId(customerId)) draft.refuse(badId(idKey, id))
    if (twin !== undefined) draft.refuse(sameField('customer'))
    const claims = new Claims<Target>()
    for (const { target } of constants) claims.claim(target, target)
    for (const [key, value] of Object.entries(record)) {
      if (key === idKey || key === twin) continue
      const assignments = keys.assignmentsOf(key)
      if ('code' in assignments) draft.refuse(assignments)
      else
        for (const assignment of assignments) {
          const { target, part } = assignment
          const isFree = draft.isJoining(part?.join) || claims.claim(target, target) === undefined
          if (!isFree || !draft.assign(value, assignment)) draft.refuse(sameField(target.path))
        }
    }
    return draft.finish({ row, line, offset, length }, customerId, constants)
  }
}

/** `text` is what is in the place of the id. */
function badId(column: string, text: JsonValue | undefined): Problem {
  const message = typeof text === 'string' ? describeIdDefect(text) : 'not a customer id'
  return { code: 'E_ID', field: column, message }
}

function sameField(path: string): Problem {
  return {
    code: 'E_DUPLICATE_KEY',
    field: path,
    message: 'two keys are the same field, or one is inside the other',
  }
}
