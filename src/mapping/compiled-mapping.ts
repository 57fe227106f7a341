/** A mapping file, ready to be applied to rows. */
import type { JsonValue } from '../domain/json.ts'
import type { Conversion, TextChange } from './changes.ts'
import { jsonConversion } from './json-text.ts'
import type { Target } from './targets.ts'

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
  readonly part?: Part
}

export interface Part {
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
  /** Name of the column or key with the customer id, where the mapping names it. */
  readonly customer?: { readonly name: string; readonly where: string }
  readonly columns: ReadonlyMap<string, MappedName>
  /** Sorted by path, so that a body does not depend on the order in the file. */
  readonly constants: readonly Constant[]
  /** True for what comes with the program: not every export has all its columns, and those it does not name are set aside. */
  readonly isPreset?: boolean
  /** What the mapping says, as one text: the same for YAML and JSON, whatever the order of keys. */
  readonly canonical: string
}

/** For columns that the mapping does not name, and the base of those that it does. */
export function plainAssignment(target: Target): Assignment {
  const whole = target.kind === 'field' && target.field.type !== 'text'
  return { target, changes: [], ...(whole ? { conversion: jsonConversion } : {}) }
}
