/** What one value of a row means under the mapping: blank rules first, then transforms, then the rules of the field. */
import type { JsonValue } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import type { Problem } from '../domain/problem.ts'
import { problem, readText } from './cells.ts'
import type { CellRules } from './cells.ts'
import type { Assignment } from './compiled-mapping.ts'
import { badType, isAddressList } from './mapping.ts'
import { readAddresses } from './ndjson-values.ts'
import type { Target } from './targets.ts'

/** Without a value the field is left alone; `cleared` where a blank sets it. */
export type AssignedValue =
  | { readonly value: JsonValue | undefined; readonly cleared: boolean }
  | { readonly problems: readonly Problem[] }

/** `value` is a CSV cell or what stands behind an NDJSON key. */
export function readAssigned(value: JsonValue, assignment: Assignment, rules: CellRules): AssignedValue {
  const { target, changes, conversion } = assignment
  if (value !== null && typeof value !== 'string') {
    const taken = changes.length === 0 && (conversion?.takes(value) ?? true)
    return taken ? checkValue(value, target, rules) : refused(badType(target.path))
  }
  const text = value ?? ''
  if (text === '' || rules.nullValues.has(text)) return readBlank(assignment, rules)
  return readFilled(text, assignment, rules)
}

function readFilled(text: string, assignment: Assignment, rules: CellRules): AssignedValue {
  const { target, changes, conversion } = assignment
  const { path } = target
  let changed = text
  if (changes.length > 0) {
    const before = readText(text, path, undefined, rules.literals)
    if ('problem' in before) return refused(before.problem)
    for (const change of changes) {
      const made = change(changed)
      if (typeof made !== 'string') return refused({ code: made.code, field: path, message: made.message })
      changed = made
    }
    // A blank must be blank in the file: what a transform empties was not meant to clear.
    if (changed === '' || rules.nullValues.has(changed)) {
      return refused({ code: 'E_SUSPECT_BLANK', field: path, message: 'is empty after its transforms' })
    }
  }
  if (conversion === undefined) return checkValue(changed, target, rules)
  const after = readText(changed, path, undefined, rules.literals)
  if ('problem' in after) return refused(after.problem)
  const converted = conversion.read(changed)
  if ('code' in converted) return refused({ code: converted.code, field: path, message: converted.message })
  return checkValue(converted.value, target, rules)
}

function readBlank({ blank, target }: Assignment, rules: CellRules): AssignedValue {
  const rule = blank ?? rules.blank
  switch (rule) {
    case 'clear':
      return { value: '', cleared: true }
    case 'keep':
      return { value: undefined, cleared: false }
    case 'reject':
      return refused(problem('E_BLANK', target.path, 'is blank').problem)
    default:
      return { value: rule.clearWith, cleared: true }
  }
}

/** Holds a value that is not blank to the rules of its field. */
export function checkValue(value: JsonValue, target: Target, rules: CellRules): AssignedValue {
  const { path } = target
  const field = target.kind === 'metadata' ? undefined : target.field
  const insideMetadata = target.kind === 'metadata' || (target.kind === 'address' && target.keys.length > 1)
  if (typeof value === 'string' && (insideMetadata || field?.type === 'text')) {
    const reading = readText(value, path, field, rules.literals)
    return 'problem' in reading ? refused(reading.problem) : { value, cleared: false }
  }
  if (insideMetadata || (field?.type === 'metadata' && isJsonObject(value))) return { value, cleared: false }
  if (field?.type === 'addresses' && isAddressList(value)) {
    const { problems } = readAddresses(value, rules)
    return problems.length > 0 ? { problems } : { value, cleared: false }
  }
  return refused(badType(path))
}

function refused(found: Problem): AssignedValue {
  return { problems: [found] }
}
