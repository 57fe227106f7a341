/**
 * Reads one value of a row: it sets its field, clears it, leaves it alone, or makes the row invalid. Blanks come first, then the
 * transforms, then the rules of the field.
 */
import { isJsonObject, isList, type JsonValue } from '../model/json.ts'
import type { Problem } from '../model/errors.ts'
import { findInvisible, isInvisible } from '../model/invisible.ts'
import type { OnReplace } from '../model/ports.ts'
import { findWrapper, badType, isAddressList, type Rule, type Target } from '../rapyd/customer-fields.ts'
import { applyChanges, type Assignment, type Conversion, type Join } from './mapping.ts'
import { isSuspectBlank } from './suspects.ts'
import { keyProblem } from './targets.ts'
import { shownName } from '../model/text.ts'

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

const longestCell = 1024 * 1024

/** Most texts: without a character that would need a look. */
const plainText = /^[!-~](?:[ -~]*[!-~])?$/

/** ASCII control characters except tab and line break. `\r` is allowed only in `\r\n`. */
const control = /[^\P{Cc}\t\n\r\u0080-\u009f]|\r(?!\n)/u

/**
 * `value` is a CSV cell or the value of an NDJSON key. Of an object or a list of addresses only the type is checked: `splitValue`
 * gives its members, which are read in the same way.
 */
export function readCell(value: JsonValue, assignment: Assignment, rules: CellRules): CellReading {
  const { target, changes, conversion, blank } = assignment
  if (value !== null && typeof value !== 'string') {
    const isTaken = changes.length === 0 && (conversion?.takes(value) ?? true)
    if (!isTaken) return refused(badType(target.path))
    return checkValue(value, target, typeof blank === 'string' ? { ...rules, blank } : rules)
  }
  const text = value ?? ''
  if (isBlank(text, rules)) return readBlank(assignment, rules)
  const changed = changes.length === 0 ? text : changeText(text, assignment, rules)
  if (typeof changed !== 'string') return refused(changed)
  return conversion === undefined
    ? checkValue(changed, target, rules)
    : convert(changed, conversion, assignment, rules)
}

function isBlank(text: string, { nullValues }: CellRules): boolean {
  return text === '' || nullValues.has(text)
}

function readBlank({ blank, target }: Assignment, rules: CellRules): CellReading {
  const rule = blank ?? rules.blank
  if (typeof rule === 'object') return { value: rule.clearWith, cleared: true }
  if (rule === 'reject') return refused(blankProblem(target.path))
  return rule === 'keep' ? { value: undefined, cleared: false } : { value: '', cleared: true }
}

function changeText(text: string, { target, changes }: Assignment, rules: CellRules): string | Problem {
  const { path } = target
  const defect = textProblem(text, path, undefined, rules)
  if (defect !== undefined) return defect
  const changed = applyChanges(text, changes, (change, before) => {
    if (rules.onReplace !== undefined && change.compare !== undefined)
      rules.onReplace(path, change.compare(before))
  })
  // What a transform cannot read is often a character that cannot be seen, or HTML.
  if (typeof changed !== 'string') return { ...(findWrapper(changed.code, text) ?? changed), field: path }
  // Only a blank in the file may clear a field, not a text that a transform has emptied.
  return isBlank(changed, rules)
    ? { code: 'E_SUSPECT_BLANK', field: path, message: 'is empty after its transforms' }
    : changed
}

function convert(
  text: string,
  conversion: Conversion,
  { target, blank }: Assignment,
  rules: CellRules,
): CellReading {
  const defect = textProblem(text, target.path, undefined, rules)
  if (defect !== undefined) return refused(defect)
  const made = conversion.read(text)
  if ('code' in made) return refused({ code: made.code, field: target.path, message: made.message })
  // A blank of JSON is one for a key of metadata. A whole field cannot hold it.
  return target.holds === 'any'
    ? readCell(made.value, { target, changes: [], blank }, rules)
    : checkValue(made.value, target, rules)
}

export function checkValue(value: JsonValue, { path, holds, rule }: Target, rules: CellRules): CellReading {
  let problems: readonly Problem[] = []
  if (typeof value === 'string' && (holds === 'text' || holds === 'any')) {
    const defect = textProblem(value, path, rule, rules)
    if (defect !== undefined) problems = [defect]
  } else if (holds === 'any') problems = isList(value) ? [...listProblems(value, path, rules)] : []
  else if (!(holds === 'metadata' ? isJsonObject(value) : holds === 'addresses' && isAddressList(value)))
    problems = [badType(path)]
  return problems.length > 0 ? { problems } : { value, cleared: false }
}

/** Returns why a text that is not blank cannot be sent; undefined if it can. */
export function textProblem(
  text: string,
  path: string,
  rule: Rule | undefined,
  { literals, nullValues }: CellRules,
): Problem | undefined {
  const problem = (code: Problem['code'], message: string): Problem => ({ code, field: path, message })
  const isPlain = plainText.test(text)
  const isSuspect = isSuspectBlank(text) || (!isPlain && isInvisible(text)) || nullValues.has(text.trim())
  if (isSuspect && !literals.has(text)) return suspect(path, text)
  if (text.length > longestCell) return problem('E_TOO_LARGE', 'longer than 1 MiB')
  if (!isPlain && control.test(text)) return problem('E_CONTROL_CHAR', 'holds a control character')
  if (!text.isWellFormed()) return problem('E_NOT_WELL_FORMED', 'holds half of a surrogate pair')
  const defect = rule?.(text)
  return defect && problem(defect.code, defect.message)
}

/**
 * A list inside metadata is one value: each of its texts must be one that can be sent. Its blanks are sent with it, unless
 * `--blank reject` refuses them.
 */
function* listProblems(value: JsonValue, path: string, rules: CellRules): Generator<Problem> {
  if (value === null || value === '') {
    if (rules.blank === 'reject') yield blankProblem(path)
  } else if (typeof value === 'string') {
    const defect = isBlank(value, rules) ? suspect(path, value) : textProblem(value, path, undefined, rules)
    if (defect !== undefined) yield defect
  } else if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) {
      const place = isList(value) ? `${path}[${key}]` : `${path}.${key}`
      const problem = keyProblem(place, key)
      if (problem !== undefined) yield problem
      yield* listProblems(inner, place, rules)
    }
  }
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
    if (found !== undefined)
      problems.push({ ...found, message: `${found.message} (in "${shownName(name)}")` })
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

function suspect(path: string, text: string): Problem {
  const point = isInvisible(text) ? findInvisible(text) : undefined
  const message =
    point === undefined
      ? 'looks like an empty value but is not blank'
      : `holds only characters that cannot be seen (${point})`
  return { code: 'E_SUSPECT_BLANK', field: path, message }
}

function blankProblem(path: string): Problem {
  return { code: 'E_BLANK', field: path, message: 'is blank' }
}

function refused(problem: Problem): CellReading {
  return { problems: [problem] }
}
