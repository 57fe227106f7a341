/** What the values of NDJSON records mean: `""` and `null` are blanks, everything else must be of its field's type. */
import type { JsonObject, JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import type { Problem } from '../domain/problem.ts'
import { addressField } from '../rapyd/customer-fields.ts'
import type { CustomerField } from '../rapyd/customer-fields.ts'
import { readCell } from './cells.ts'
import type { CellRules } from './cells.ts'
import { badType, isAddressList } from './mapping.ts'
import type { InsideTarget } from './ndjson-keys.ts'

/** Without a value and without problems the field is left alone. */
export interface ValueReading {
  readonly value?: JsonValue
  readonly problems: readonly Problem[]
}

/** Behind the key of a whole field. */
export function readWhole(value: JsonValue, field: CustomerField, rules: CellRules): ValueReading {
  if (value === null || typeof value === 'string') {
    const reading = readString(value ?? '', field.name, field, rules)
    // Only an empty text fits a field that is not text.
    const fits = reading.value === undefined || reading.value === '' || field.type === 'text'
    return fits ? reading : { problems: [badType(field.name)] }
  }
  if (field.type === 'metadata' && isJsonObject(value)) return { value, problems: [] }
  if (field.type === 'addresses' && isAddressList(value)) return readAddresses(value, rules)
  return { problems: [badType(field.name)] }
}

/** Behind a key like `metadata.tier`, which may hold anything, or `addresses[0].line_1`, which holds text. */
export function readInside(value: JsonValue, target: InsideTarget, rules: CellRules): ValueReading {
  const field = target.kind === 'address' && target.keys.length === 1 ? target.field : undefined
  if (value === null || typeof value === 'string') return readString(value ?? '', target.path, field, rules)
  return field === undefined ? { value, problems: [] } : { problems: [badType(target.path)] }
}

function readString(
  text: string,
  path: string,
  field: CustomerField | undefined,
  rules: CellRules,
): ValueReading {
  const reading = readCell(text, path, field, rules)
  if ('problem' in reading) return { problems: [reading.problem] }
  return reading.text === undefined ? nothing : { value: reading.text, problems: none }
}

const none: readonly Problem[] = []
const nothing: ValueReading = { problems: none }

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
