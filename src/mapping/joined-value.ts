/**
 * A field that is put together of several cells. Blank ones are skipped, and where all are blank the field is. Whatever is
 * wrong with one of them makes the row invalid: half of a name is another name.
 */
import type { JsonValue } from '../domain/json.ts'
import type { Problem } from '../domain/problem.ts'
import { readAssigned } from './assigned-value.ts'
import type { AssignedValue } from './assigned-value.ts'
import { readText } from './cells.ts'
import type { CellRules } from './cells.ts'
import type { Assignment, Join, Part } from './compiled-mapping.ts'
import { badType } from './mapping.ts'

export interface Joins {
  /** Takes the cell of one part; false where the row has given that part before. */
  add(value: JsonValue, part: Part, assignment: Assignment): boolean
  /** True where a part has been given. */
  has(join: Join): boolean
  /** What each field that a part was given of is set to. */
  read(rules: CellRules): readonly (readonly [Assignment, AssignedValue])[]
}

/** Those of one row. */
export function createJoins(): Joins {
  const given = new Map<Join, { readonly assignment: Assignment; readonly values: JsonValue[] }>()
  return {
    add(value, { join, index }, assignment) {
      const { values } = given.get(join) ?? { values: [] }
      if (index in values) return false
      values[index] = value
      given.set(join, { assignment, values })
      return true
    },
    has: (join) => given.has(join),
    read: (rules) =>
      [...given].map(([join, { assignment, values }]) => [
        assignment,
        readJoined(join, values, assignment, rules),
      ]),
  }
}

function readJoined(
  { names, separator }: Join,
  values: readonly JsonValue[],
  assignment: Assignment,
  rules: CellRules,
): AssignedValue {
  const { path } = assignment.target
  const problems: Problem[] = []
  const texts: string[] = []
  for (const [index, name] of names.entries()) {
    const value = values[index]
    if (value === undefined) problems.push(partProblem(missingPart(path), name))
    else if (value !== null && typeof value !== 'string') problems.push(partProblem(badType(path), name))
    else if (value !== null && value !== '' && !rules.nullValues.has(value)) {
      const reading = readText(value, path, undefined, rules.literals)
      if ('problem' in reading) problems.push(partProblem(reading.problem, name))
      else texts.push(value)
    }
  }
  return problems.length > 0 ? { problems } : readAssigned(texts.join(separator), assignment, rules)
}

/** In NDJSON an absent key says nothing, and the others alone are not the value. */
function missingPart(path: string): Problem {
  return { code: 'E_MISSING_PART', field: path, message: 'a part of the joined field is not there' }
}

function partProblem({ code, field, message }: Problem, name: string): Problem {
  return { code, field, message: `${message} (in "${name}")` }
}
