/**
 * Reads one value of a row: it sets its field, clears it, leaves it alone, or makes the row invalid. Blanks come first, then the
 * transforms, then the rules of the field.
 */
import type { JsonObject, JsonValue } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import type { Problem } from '../model/errors.ts'
import { findInvisible, isInvisible } from '../model/invisible.ts'
import type { OnReplace } from '../model/ports.ts'
import { findAddressField, findInvisibleDefect } from '../rapyd/customer-fields.ts'
import type { Rule } from '../rapyd/customer-fields.ts'
import type { Assignment, Conversion, Join } from './mapping.ts'
import suspectTexts from './suspects.json' with { type: 'json' }
import { badType, isAddressList } from './targets.ts'
import type { Target } from './targets.ts'

export interface CellRules {
  /** The effect of a blank, unless the mapping has its own. */
  readonly blank: 'clear' | 'keep' | 'reject'
  /** Texts that count as blank: `--null-values`. */
  readonly nullValues: ReadonlySet<string>
  /** Texts that look like a blank and are values: `--literal`. */
  readonly literals: ReadonlySet<string>
  /** Only for the scan. */
  readonly onReplace?: OnReplace
}

/** Without a value the field is left alone. `cleared` is true if a blank sets it. */
export type CellReading =
  | { readonly value: JsonValue | undefined; readonly cleared: boolean }
  | { readonly problems: readonly Problem[] }

/** Texts that spreadsheets and exports write for an empty value or an error. */
const suspects: ReadonlySet<string> = new Set(suspectTexts)

const longestCell = 1024 * 1024

/** ASCII control characters except tab and line break. `\r` is allowed only in `\r\n`. */
const control = /[^\P{Cc}\t\n\r\u0080-\u009f]|\r(?!\n)/u

/** `value` is a CSV cell or the value of an NDJSON key. */
export function readCell(value: JsonValue, assignment: Assignment, rules: CellRules): CellReading {
  const { target, changes, conversion } = assignment
  if (value !== null && typeof value !== 'string') {
    const isTaken = changes.length === 0 && (conversion?.takes(value) ?? true)
    return isTaken ? checkValue(value, target, rules) : refused(badType(target.path))
  }
  const text = value ?? ''
  if (isBlank(text, rules)) return readBlank(assignment, rules)
  const changed = changes.length === 0 ? text : changeText(text, assignment, rules)
  if (typeof changed !== 'string') return refused(changed)
  return conversion === undefined
    ? checkValue(changed, target, rules)
    : convert(changed, conversion, target, rules)
}

function isBlank(text: string, { nullValues }: CellRules): boolean {
  return text === '' || nullValues.has(text)
}

function readBlank({ blank, target }: Assignment, rules: CellRules): CellReading {
  const rule = blank ?? rules.blank
  switch (rule) {
    case 'clear':
      return { value: '', cleared: true }
    case 'keep':
      return { value: undefined, cleared: false }
    case 'reject':
      return refused(blankProblem(target.path))
    default:
      return { value: rule.clearWith, cleared: true }
  }
}

/** Applies the transforms from text to text. */
function changeText(text: string, { target, changes }: Assignment, rules: CellRules): string | Problem {
  const { path } = target
  const defect = textProblem(text, path, undefined, rules)
  if (defect !== undefined) return defect
  let changed = text
  for (const change of changes) {
    if (rules.onReplace !== undefined && change.compare !== undefined)
      rules.onReplace(path, change.compare(changed))
    const made = change(changed)
    // What a transform cannot read is often a character that cannot be seen.
    if (typeof made !== 'string') return { ...(findInvisibleDefect(made.code, text) ?? made), field: path }
    changed = made
  }
  // Only a blank in the file may clear a field, not a text that a transform has emptied.
  return isBlank(changed, rules)
    ? { code: 'E_SUSPECT_BLANK', field: path, message: 'is empty after its transforms' }
    : changed
}

function convert(text: string, conversion: Conversion, target: Target, rules: CellRules): CellReading {
  const defect = textProblem(text, target.path, undefined, rules)
  if (defect !== undefined) return refused(defect)
  const made = conversion.read(text)
  if ('code' in made) return refused({ code: made.code, field: target.path, message: made.message })
  return conversion.isUnchecked
    ? { value: made.value, cleared: false }
    : checkValue(made.value, target, rules)
}

/** Checks a value that is not blank against the rules of its field. */
export function checkValue(value: JsonValue, { path, holds, rule }: Target, rules: CellRules): CellReading {
  let problems: readonly Problem[] = []
  if (typeof value === 'string' && (holds === 'text' || holds === 'any')) {
    const defect = textProblem(value, path, rule, rules)
    if (defect !== undefined) problems = [defect]
  } else if (holds === 'addresses' && isAddressList(value)) problems = addressProblems(value, rules)
  else if (holds !== 'any' && !(holds === 'metadata' && isJsonObject(value))) problems = [badType(path)]
  return problems.length > 0 ? { problems } : { value, cleared: false }
}

/** Returns why a text that is not blank cannot be sent; undefined if it can. */
export function textProblem(
  text: string,
  path: string,
  rule: Rule | undefined,
  { literals }: Pick<CellRules, 'literals'>,
): Problem | undefined {
  const problem = (code: Problem['code'], message: string): Problem => ({ code, field: path, message })
  if ((suspects.has(text) || isInvisible(text)) && !literals.has(text))
    return problem('E_SUSPECT_BLANK', describeSuspect(text))
  if (text.length > longestCell) return problem('E_TOO_LARGE', 'longer than 1 MiB')
  if (control.test(text)) return problem('E_CONTROL_CHAR', 'holds a control character')
  if (!text.isWellFormed()) return problem('E_NOT_WELL_FORMED', 'holds half of a surrogate pair')
  const defect = rule?.(text)
  return defect && problem(defect.code, defect.message)
}

function describeSuspect(text: string): string {
  const point = isInvisible(text) ? findInvisible(text) : undefined
  return point === undefined
    ? 'looks like an empty value but is not blank'
    : `holds only characters that cannot be seen (${point})`
}

/** Checks each address of a whole list against the rules of its fields. */
function addressProblems(list: readonly JsonObject[], rules: CellRules): readonly Problem[] {
  return list.flatMap((item, index) =>
    Object.entries(item).flatMap(([key, value]) => {
      const path = `addresses[${index}].${key}`
      const field = findAddressField(key)
      if (field === undefined)
        return { code: 'E_UNKNOWN_FIELD', field: path, message: 'no field of an address' } as const
      if (field.type === 'metadata') return isJsonObject(value) ? [] : badType(path)
      if (typeof value !== 'string') return badType(path)
      // A blank in a whole list is sent, unless `--blank reject` refuses it.
      if (isBlank(value, rules)) return rules.blank === 'reject' ? blankProblem(path) : []
      return textProblem(value, path, field.rule, rules) ?? []
    }),
  )
}

/**
 * Reads a field that is joined of several cells: `values` by the index of their part. Blank parts are skipped; if all are blank,
 * the field is. A problem of one part makes the row invalid, because half of a name is another name.
 */
export function readJoined(
  { names, separator }: Join,
  values: readonly JsonValue[],
  assignment: Assignment,
  rules: CellRules,
): CellReading {
  const { path } = assignment.target
  const problems: Problem[] = []
  const texts: string[] = []
  for (const [index, name] of names.entries()) {
    const value = values[index]
    const found = partProblem(value, path, rules)
    if (found !== undefined) problems.push({ ...found, message: `${found.message} (in "${name}")` })
    else if (typeof value === 'string' && !isBlank(value, rules)) texts.push(value)
  }
  return problems.length > 0 ? { problems } : readCell(texts.join(separator), assignment, rules)
}

function partProblem(value: JsonValue | undefined, path: string, rules: CellRules): Problem | undefined {
  // Only in NDJSON. The other parts alone are not the value.
  if (value === undefined)
    return { code: 'E_MISSING_PART', field: path, message: 'a part of the joined field is not there' }
  if (value !== null && typeof value !== 'string') return badType(path)
  const text = value ?? ''
  return isBlank(text, rules) ? undefined : textProblem(text, path, undefined, rules)
}

function blankProblem(path: string): Problem {
  return { code: 'E_BLANK', field: path, message: 'is blank' }
}

function refused(problem: Problem): CellReading {
  return { problems: [problem] }
}
