/** How the columns of a CSV file, or the keys of NDJSON, become fields. Without a mapping file it is `defaultMapping`. */
import type { JsonValue } from '../model/json.ts'
import { isJsonObject, parseJson } from '../model/json.ts'
import { readStrictJson } from '../model/strict-json.ts'
import type { JsonProblem } from '../model/strict-json.ts'
import type { CellDefect } from '../rapyd/field-rules.ts'
import { badType, isAddressList } from './targets.ts'
import type { Target } from './targets.ts'
import { BulkUpdateError } from '../model/errors.ts'

export type TextChange = (text: string) => string | CellDefect

/** Text to a value that is not text; only metadata and addresses can hold those. */
export interface Conversion {
  readonly name: 'number' | 'boolean' | 'json'
  readonly read: (text: string) => { readonly value: JsonValue } | CellDefect
  /** True for values of NDJSON that are already what `read` makes. */
  readonly takes: (value: JsonValue) => boolean
  /** What it reads is sent without the rules for what is inside. */
  readonly isUnchecked?: true
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

/** How one column or key sets one field. */
export interface Assignment {
  readonly target: Target
  /** Without one, what `--blank` says. */
  readonly blank?: BlankRule
  /** Applied in this order to every cell that is not blank. */
  readonly changes: readonly TextChange[]
  /** Comes last, where the field holds a value that is not text. */
  readonly conversion?: Conversion
  /** Where the column is only one of several that the field is put together of. The rest of this is then about the whole. */
  readonly part?: JoinPart
}

export interface JoinPart {
  /** The same object for all parts of one field. */
  readonly join: Join
  /** From 0. */
  readonly index: number
}

export interface Join {
  /** Columns or keys in the order of their texts. */
  readonly names: readonly string[]
  /** Stands between two texts. */
  readonly separator: string
  /** `file:line:column` of the field in the mapping file. */
  readonly where: string
}

export interface Constant {
  readonly target: Target
  readonly value: JsonValue
}

export interface MappedName {
  /** `file:line:column` of the name in the mapping file. */
  readonly where: string
  /** None: the column is set aside. */
  readonly assignments: readonly Assignment[]
}

export interface Mapping {
  /** Of a preset not every column must be there, and columns that it does not name are set aside. */
  readonly origin: 'default' | 'file' | 'preset'
  /** Name of the column or key with the customer id, where the mapping names it. */
  readonly customer?: { readonly name: string; readonly where: string }
  readonly columns: ReadonlyMap<string, MappedName>
  /** Sorted by path, so that a body does not depend on the order in the file. */
  readonly constants: readonly Constant[]
  /** What the mapping says, as one text: the same for YAML and JSON, whatever the order of keys. */
  readonly canonical: string
}

export const defaultMapping: Mapping = { origin: 'default', columns: new Map(), constants: [], canonical: '' }

/** Without rules of its own. Text in a whole `metadata` or `addresses` is JSON. */
export function assignmentTo(target: Target): Assignment {
  const isText = target.holds === 'text' || target.holds === 'any'
  return isText ? { target, changes: [] } : { target, changes: [], conversion: jsonConversion }
}

/**
 * Of a column that the mapping does not name: it sets the field that it is called by. Without a mapping file, JSON in a cell must
 * only be of its field's type, and NDJSON has no JSON in texts.
 */
export function assignmentByName(
  target: Target,
  origin: Mapping['origin'],
  format: 'csv' | 'ndjson',
): Assignment {
  const { holds } = target
  if (origin !== 'default' || holds === 'text' || holds === 'any') return assignmentTo(target)
  const parse = format === 'csv' ? parseJson : () => undefined
  const fits = holds === 'metadata' ? isJsonObject : isAddressList
  const conversion: Conversion = {
    ...jsonConversion,
    isUnchecked: true,
    read(text) {
      const value = parse(text)
      return fits(value) ? { value } : badType(holds)
    },
  }
  return { target, changes: [], conversion }
}

/** Keys and list positions from the top of the file down to a value. */
export type Path = readonly (string | number)[]

/** A mapping file as data that still knows where each part of it was written. */
export interface MappingDocument {
  readonly value: unknown
  /** `file:line:column` of the value at `path`, or of its key. */
  place(path: Path, part?: 'key' | 'value'): string
}

/** `where` is `file:line:column`, or the file alone where no place in it is at fault. */
export function mappingError(where: string, message: string, remedy: string): BulkUpdateError {
  return new BulkUpdateError('USAGE', 'E_MAPPING', `${where}: ${message}`, `${remedy} Nothing was sent.`)
}
