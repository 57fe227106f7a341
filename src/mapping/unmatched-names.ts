/**
 * Names that are to be set aside and are nowhere in the file. A list may be made for several exports, so that is no error;
 * but where one is misspelt, the column that was meant is sent.
 */
import { findNearest, normalise } from '../model/text.ts'
import type { Mapping } from './mapping.ts'

export interface UnmatchedName {
  readonly name: string
  /** The column that was probably meant: one that is there and not set aside. */
  readonly nearest: string | undefined
}

/**
 * `present` are the file's columns or keys. A column that the mapping names may be set aside just because the file lacks it.
 * A name with commas that matches nothing is reported by its parts, if those are listed as well.
 */
export function unmatchedNames(
  ignoreColumns: readonly string[],
  present: readonly string[],
  mapping: Mapping,
): readonly UnmatchedName[] {
  const known = new Set([...present, ...mapping.columns.keys()].map(normalise))
  const listed = new Set(ignoreColumns)
  const partsOfKnown = new Set(
    ignoreColumns.flatMap((name) => (known.has(normalise(name)) ? name.split(',') : [])),
  )
  const setAside = new Set(ignoreColumns.map(normalise))
  const others = present.filter((name) => !setAside.has(normalise(name)))
  const unmatched = [...listed].filter((name) => {
    const parts = name.split(',')
    const isToldByParts = parts.length > 1 && parts.every((part) => listed.has(part))
    return normalise(name) !== '' && !known.has(normalise(name)) && !partsOfKnown.has(name) && !isToldByParts
  })
  return unmatched.map((name) => ({ name, nearest: findNearest(name, others) }))
}
