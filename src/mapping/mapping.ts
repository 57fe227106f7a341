/** A mapping: how columns or keys become fields. Without a mapping file it is `defaultMapping`. */
import { isJsonObject, readStrictJson, type JsonValue, type JsonProblem } from '../model/json.ts'
import {
  badType,
  isAddressList,
  type CellDefect,
  type Target,
  type TargetValue,
} from '../rapyd/customer-fields.ts'
import { BulkUpdateError } from '../model/errors.ts'
import type { OnReplace } from '../model/ports.ts'

export interface TextChange {
  (text: string): string | CellDefect
  /** Only of `replace`: whether a text is one of its keys or values, only looks like a key, or is another text. */
  readonly compare?: (text: string) => Parameters<OnReplace>[1]
}

/** Applies the changes in their order, up to the first defect. `onChange` is called before each. */
export function applyChanges(
  text: string,
  changes: readonly TextChange[],
  onChange?: (change: TextChange, before: string) => void,
): string | CellDefect {
  let changed = text
  for (const change of changes) {
    onChange?.(change, changed)
    const made = change(changed)
    if (typeof made !== 'string') return made
    changed = made
  }
  return changed
}

/** Converts text to another JSON value, which only metadata and addresses can hold. */
export interface Conversion {
  readonly name: 'number' | 'boolean' | 'json'
  readonly read: (text: string) => { readonly value: JsonValue } | CellDefect
  /** True for values of NDJSON that need no conversion. */
  readonly takes: (value: JsonValue) => boolean
}

export const jsonConversion: Conversion = {
  name: 'json',
  read(text) {
    const { value, problem } = readStrictJson(text)
    return problem === undefined ? { value } : jsonDefects[problem.code]
  },
  takes: () => true,
}

const jsonDefects: Readonly<Record<JsonProblem['code'], CellDefect>> = {
  E_JSON: { code: 'E_TRANSFORM', message: 'not JSON' },
  E_DEPTH: { code: 'E_DEPTH', message: 'the JSON has more than 32 levels' },
  E_DUPLICATE_KEY: { code: 'E_DUPLICATE_KEY', message: 'the JSON holds a key twice' },
  E_KEY: { code: 'E_KEY', message: 'the JSON holds a key that cannot be used' },
  E_NUMBER: { code: 'E_NUMBER', message: 'the JSON holds a number that would be changed' },
  E_NOT_WELL_FORMED: { code: 'E_NOT_WELL_FORMED', message: 'the JSON holds half of a surrogate pair' },
}

/** `clearWith` sends that value instead of the empty string. */
export type BlankRule = 'clear' | 'keep' | 'reject' | { readonly clearWith: JsonValue }

export interface Assignment {
  readonly target: Target
  /** Default: `--blank`. */
  readonly blank?: BlankRule | undefined
  /** Applied in this order to every cell that is not blank. */
  readonly changes: readonly TextChange[]
  /** Applied last, if the field holds another value than text. */
  readonly conversion?: Conversion | undefined
  /** Set if the field is joined: `join` is the same object for all its columns, and the other members are those of the whole field. */
  readonly part?: { readonly join: Join; readonly index: number }
}

export interface Join {
  /** Columns or keys in the order of their texts. */
  readonly names: readonly string[]
  readonly separator: string
  /** `file:line:column` of the field in the mapping file. */
  readonly where: string
}

export interface MappedName {
  /** `file:line:column` of the name in the mapping file. */
  readonly where: string
  /** Empty if the column is set aside. */
  readonly assignments: readonly Assignment[]
}

export interface Mapping {
  /** With a preset, columns may be missing, and columns that it does not name are set aside. */
  readonly origin: 'default' | 'file' | 'preset'
  readonly customer?: { readonly name: string; readonly where: string }
  readonly columns: ReadonlyMap<string, MappedName>
  /** Sorted by path, so that a body does not depend on the order in the file. */
  readonly constants: readonly TargetValue[]
  /** The mapping as JSON with sorted keys: the same for YAML and JSON. */
  readonly canonical: string
}

export const defaultMapping: Mapping = { origin: 'default', columns: new Map(), constants: [], canonical: '' }

/** An assignment without rules. Text for a whole `metadata` or `addresses` is JSON. */
export function assignmentTo(target: Target): Assignment {
  const isText = target.holds === 'text' || target.holds === 'any'
  return { target, changes: [], conversion: isText ? undefined : jsonConversion }
}

/** For a place inside a value. `clear_with` is the value for a blank field, and not for a blank inside it. */
export function assignmentInside(target: Target, { blank }: Assignment): Assignment {
  return { target, changes: [], blank: typeof blank === 'string' ? blank : undefined }
}

/**
 * For a column that the mapping does not name: it sets the field of its name. Without a mapping file, texts of NDJSON stay
 * texts, and a cell of CSV that is no JSON has the wrong type.
 */
export function assignmentByName(
  target: Target,
  origin: Mapping['origin'],
  format: 'csv' | 'ndjson',
): Assignment {
  const { holds } = target
  if (origin !== 'default' || holds === 'text' || holds === 'any') return assignmentTo(target)
  const fits = holds === 'metadata' ? isJsonObject : isAddressList
  const conversion: Conversion = {
    ...jsonConversion,
    read(text) {
      const made = format === 'csv' ? jsonConversion.read(text) : badType(holds)
      const isOther = 'code' in made ? made.code === 'E_TRANSFORM' : !fits(made.value)
      return isOther ? badType(holds) : made
    },
  }
  return { target, changes: [], conversion }
}

/** Keys and list positions from the top of the mapping file to a value. */
export type Path = readonly (string | number)[]

/** `where` is `file:line:column`, or the file alone. */
export function mappingError(where: string, message: string, tip: string): BulkUpdateError {
  return new BulkUpdateError('E_MAPPING', `${where}: ${message}`, `${tip} Nothing was sent.`)
}
