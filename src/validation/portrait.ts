/**
 * What is kept of an input in the journal of its run, so that the next one of its name can be compared with it: counts, and
 * for a few hundred customers one byte of each value, from which no value can be told.
 */
import { isJsonObject, parseJson } from '../model/json.ts'

export interface Portrait {
  readonly rows: number
  readonly calls: number
  readonly invalid: number
  /** Rows that put a value into a field, by path; fields that only clear have 0. */
  readonly filled: Readonly<Record<string, number>>
  /** False where the last row has no line end behind it. */
  readonly endsLine: boolean
  /** Fields of a patch in the order of the marks; those inside `addresses` are one. */
  readonly fields: readonly string[]
  /** Spread over the file, and the last ones; in file order. */
  readonly customers: readonly SampledCustomer[]
  /** How many of them have a text that was decoded with the wrong encoding. */
  readonly misread: number
  /** Fields that changed for many customers: nobody needs to be told of it every night. */
  readonly restless: readonly string[]
}

/** A mark is 0 where the patch has no such field, 1 where it clears it, else 2 to 255. */
export type Marks = readonly number[]
export type SampledCustomer = readonly [customerId: string, marks: Marks]

/** Nothing where the text is none, or that of another version. */
export function parsePortrait(text: string): Portrait | undefined {
  const found = parseJson(text)
  return isPortrait(found) ? found : undefined
}

/** Written by this program into a file that only its user can write, so that the shape is all there is to check. */
function isPortrait(value: unknown): value is Portrait {
  return (
    isJsonObject(value) &&
    ['rows', 'calls', 'invalid', 'misread'].every((name) => typeof value[name] === 'number') &&
    ['fields', 'customers', 'restless'].every((name) => Array.isArray(value[name])) &&
    isJsonObject(value['filled']) &&
    typeof value['endsLine'] === 'boolean'
  )
}
