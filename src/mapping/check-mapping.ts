/** Checks a mapping document against the schema and words what it finds for a person. Loaded for `--map` only. */
import type { z } from 'zod'
import { didYouMean, findNearest } from '../model/text.ts'
import { mappingError } from './mapping-error.ts'
import type { MappingDocument, Path } from './mapping-error.ts'
import { known, mappingSchema, transformExamples } from './mapping-schema.ts'
import type { MappingFile } from './mapping-schema.ts'

type Issue = z.core.$ZodIssue

/** Throws E_MAPPING for the first thing that does not fit. */
export function checkMapping(document: MappingDocument): MappingFile {
  if (document.value === null) {
    throw mappingError(document.place([]), 'the mapping is empty', 'Write columns: and the columns below it.')
  }
  const parsed = mappingSchema.safeParse(document.value, { reportInput: true })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  if (issue === undefined) throw new Error('a schema error without an issue')
  throw explain(document, issue, [])
}

function explain(document: MappingDocument, issue: Issue, above: Path): Error {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'symbol' ? '' : step))]
  const value = issue.input
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors, value)
    if (branch !== undefined) return explain(document, branch, path)
  }
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return unknownKey(document.place([...path, key], 'key'), key, path)
  }
  const where = document.place(path)
  if (issue.code === 'invalid_value' && typeof value === 'string') return unknownWord(where, value, path)
  if (issue.code === 'too_small') {
    if (Array.isArray(value) && value.length > 0)
      return mappingError(where, 'one column alone cannot be joined', 'Name its field under columns:.')
    return mappingError(where, 'nothing stands here', 'Write a value, or remove the key.')
  }
  if (issue.code === 'custom')
    return mappingError(where, issue.message, 'Write them as a list, in their order.')
  return wrongType(document, path, value)
}

/** Of the forms that a value may have, the one that it comes nearest to: the one of its own type. */
function likeliest(branches: readonly (readonly Issue[])[], value: unknown): Issue | undefined {
  const issues = branches.flatMap((branch) => {
    const unknown = branch.find(({ code }) => code === 'unrecognized_keys')
    const first = unknown ?? branch[0]
    return first === undefined ? [] : [first]
  })
  return issues.find((issue) => fits(issue, value))
}

function fits(issue: Issue, value: unknown): boolean {
  if (issue.path.length > 0) return true
  if (issue.code === 'invalid_type') return false
  if (issue.code === 'invalid_value') return typeof value === 'string'
  if (issue.code !== 'invalid_union') return true
  return issue.errors.some((branch) => branch.some((inner) => fits(inner, value)))
}

/** The last key of the mapping's own on the path: the first two are a group, and a name that the user chose. */
function placeOf(path: Path): 'transform' | 'blank' | 'entry' {
  const keys = new Set(path.slice(2))
  if (keys.has('transform')) return 'transform'
  return keys.has('blank') ? 'blank' : 'entry'
}

function knownKeys(path: Path): readonly string[] {
  if (path.length === 0) return known.top
  if (placeOf(path) === 'transform') return [...Object.keys(transformExamples), ...known.plainTransforms]
  if (placeOf(path) === 'blank') return known.blankValue
  return path[0] === 'joined' ? known.join : known.entry
}

function unknownKey(where: string, key: string, path: Path): Error {
  const isTransform = placeOf(path) === 'transform'
  if (isTransform && known.plainTransforms.some((name) => name === key)) {
    return mappingError(where, `${key} takes no setting`, `Write ${key} alone.`)
  }
  const keys = knownKeys(path)
  return mappingError(
    where,
    `unknown ${isTransform ? 'transform' : 'key'} "${key}"`,
    `${didYouMean(findNearest(key, keys))}Known here: ${keys.join(', ')}.`,
  )
}

function unknownWord(where: string, word: string, path: Path): Error {
  if (placeOf(path) === 'blank') {
    const words = known.blankPolicies
    return mappingError(
      where,
      `"${word}" is no rule for blanks`,
      `${didYouMean(findNearest(word, words))}Write ${words.join(', ')} or { clear_with: VALUE }.`,
    )
  }
  const example = Object.entries(transformExamples).find(([name]) => name === word)?.[1]
  return example === undefined
    ? unknownKey(where, word, path)
    : mappingError(where, `${word} needs a setting`, `Write it like ${example}.`)
}

function wrongType(document: MappingDocument, path: Path, value: unknown): Error {
  const where = document.place(path)
  if (value === undefined) {
    return mappingError(
      where,
      `${String(path.at(-1))}: is missing`,
      `Add ${String(path.at(-1))}: and its value.`,
    )
  }
  if (value === null) return mappingError(where, 'a value is missing', 'Write one, or remove the key.')
  if (typeof value === 'number' || typeof value === 'boolean') {
    return mappingError(where, `text is expected here, not a ${typeof value}`, 'Put it in quotes.')
  }
  const found = Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'keys and values' : 'text'
  return mappingError(where, `${found} cannot stand here`, 'See "Mapping file" in the README for what can.')
}
