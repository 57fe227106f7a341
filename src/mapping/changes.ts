/** The two kinds of work that transforms do, and how a transform that makes no sense is told. */
import type { JsonValue } from '../domain/json.ts'
import type { Defect } from '../rapyd/field-rules.ts'

/** Text to text. */
export type TextChange = (text: string) => string | Defect

/** Text to a value that is not text; only metadata and addresses can hold those. */
export interface Conversion {
  readonly name: 'number' | 'boolean' | 'json'
  readonly read: (text: string) => { readonly value: JsonValue } | Defect
  /** True for values of NDJSON that are already what `read` makes. */
  readonly takes: (value: JsonValue) => boolean
}

/** What is wrong with a transform as the mapping file writes it. */
export interface Mistake {
  readonly mistake: string
  readonly remedy: string
}
