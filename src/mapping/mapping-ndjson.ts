/** NDJSON rows: an absent key leaves a field alone, `""` and `null` clear it, everything else must be of the field's type. */
import type { JsonObject, JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import { normalise } from '../domain/nearest.ts'
import type { Patch } from '../domain/patch.ts'
import type { Problem } from '../domain/problem.ts'
import type { NdjsonRow } from '../domain/row.ts'
import type { CustomerField } from '../rapyd/customer-fields.ts'
import { addressField } from '../rapyd/customer-fields.ts'
import { isCustomerId } from '../rapyd/customer-id.ts'
import { readCell } from './cells.ts'
import type { CellRules } from './cells.ts'
import { isOurColumn } from './headers.ts'
import { badId, badType, finish, isAddressList } from './mapping.ts'
import type { Mapped } from './mapping.ts'
import { nearestField, targetOf } from './targets.ts'

/** Names of the key with the customer id, the first one that is there wins. */
export const idKeys = ['customer', 'customer_id', 'id']

/** For NDJSON. Keys match fields as headers do; `ignore` holds keys that are set aside. */
export function compileNdjson(ignore: readonly string[], rules: CellRules): (row: NdjsonRow) => Mapped {
  const setAside = new Set(ignore.map(normalise))
  return (row) => {
    const idKey = idKeys.find((key) => Object.hasOwn(row.record, key))
    const id = idKey === undefined ? undefined : row.record[idKey]
    const customerId = typeof id === 'string' ? id : ''
    const problems: Problem[] = []
    if (!isCustomerId(customerId)) problems.push(badId(idKey ?? 'customer'))
    const patch: Patch = {}
    const cleared: string[] = []
    for (const [key, value] of Object.entries(row.record)) {
      if (key === idKey || isOurColumn(key) || setAside.has(normalise(key))) continue
      const target = targetOf(key)
      if (target?.kind !== 'field') problems.push(unknownKey(key))
      else if (Object.hasOwn(patch, target.path)) problems.push(sameField(target.path))
      else {
        const reading = readValue(value, target.field, rules)
        if (reading.problems.length > 0) problems.push(...reading.problems)
        else if (reading.value !== undefined) {
          patch[target.path] = reading.value
          if (reading.value === '') cleared.push(target.path)
        }
      }
    }
    return finish(row, customerId, patch, Object.keys(patch), cleared, problems)
  }
}

interface ValueReading {
  readonly value?: JsonValue
  readonly problems: readonly Problem[]
}

function readValue(value: JsonValue, field: CustomerField, rules: CellRules): ValueReading {
  if (value === null || typeof value === 'string') {
    const reading = readCell(value ?? '', field.name, field, rules)
    if ('problem' in reading) return { problems: [reading.problem] }
    if (reading.text === undefined) return { problems: [] }
    // Only an empty text fits a field that is not text.
    if (reading.text !== '' && field.type !== 'text') return { problems: [badType(field.name)] }
    return { value: reading.text, problems: [] }
  }
  if (field.type === 'metadata' && isJsonObject(value)) return { value, problems: [] }
  if (field.type === 'addresses' && isAddressList(value)) return readAddresses(value, rules)
  return { problems: [badType(field.name)] }
}

/** Holds each address to its fields. */
export function readAddresses(list: readonly JsonObject[], rules: CellRules): ValueReading {
  const problems: Problem[] = []
  for (const [index, item] of list.entries()) {
    for (const [key, value] of Object.entries(item)) {
      const path = `addresses[${index}].${key}`
      const field = addressField(key)
      if (field === undefined) {
        problems.push({ code: 'E_UNKNOWN_FIELD', field: path, message: 'no field of an address' })
      } else if (field.type === 'metadata' ? !isJsonObject(value) : typeof value !== 'string') {
        problems.push(badType(path))
      } else if (typeof value === 'string') {
        const reading = readCell(value, path, field, rules)
        if ('problem' in reading) problems.push(reading.problem)
      }
    }
  }
  return { value: list, problems }
}

export function unknownKey(key: string): Problem {
  const near = nearestField(key)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return { code: 'E_UNKNOWN_FIELD', field: key.slice(0, 64), message: `no field of Update Customer${hint}` }
}

export function sameField(path: string): Problem {
  return { code: 'E_DUPLICATE_KEY', field: path, message: 'two keys are the same field' }
}
