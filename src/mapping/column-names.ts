/**
 * Names of columns and keys: the customer id's, those that other systems and languages have for one column, those that only look alike,
 * and the columns of a preset that a file has or lacks.
 */
import type { BulkUpdateError } from '../model/errors.ts'
import { codePointOf, findInvisible, hidden } from '../model/invisible.ts'
import { findLookAlike, twins } from '../model/look-alikes.ts'
import type { MissingColumn } from '../model/scan.ts'
import { didYouMean, editDistance, normalise, shellWord, toLetters } from '../model/text.ts'
import type { Assignment, Join, MappedName, Mapping } from './mapping.ts'
import { errorOf } from './errors.ts'
import { partOfField } from './targets.ts'
import translations from './column-translations.json' with { type: 'json' }
import commonNames from './common-names.json' with { type: 'json' }
import presets from './presets.json' with { type: 'json' }

/** Names of the column or key with the customer id. The first one that the input has wins. */
export const idNames = ['customer', 'customer_id', 'id'].map(normalise)

/** The priority of a name for the customer id, from 0; -1 for any other name. */
export function idRank(name: string): number {
  return idNames.indexOf(normalise(name))
}

/** True for columns that an `errors` file has added. They hold no data of the user. */
export function isOurColumn(name: string): boolean {
  return name.trim().toLowerCase().startsWith('rapyd_bulk_')
}

const translated = new Map(
  Object.entries(translations.names).map(([name, lines]) => [
    name,
    lines.flatMap((line) => line.split(', ')),
  ]),
)
const sameAs: ReadonlyMap<string, string> = new Map(Object.entries(translations.sameAs))
const fieldNames: ReadonlyMap<string, readonly string[]> = new Map(Object.entries(commonNames.fields))

/** The names of a preset's column in other languages. */
function translationsOf(name: string): readonly string[] {
  return translated.get(sameAs.get(name) ?? name) ?? []
}

/** Returns the name that probably means the missing column: the same in another language or system, or nearly the same. */
export function findMeantColumn(
  column: string,
  fields: readonly string[],
  names: readonly string[],
): string | undefined {
  const words = wordsFor(column, fields).map(toLetters)
  return (
    names.find((name) => words.includes(toLetters(name))) ??
    names.find((name) => {
      const parts = name.split(/[^\p{L}\p{M}\p{N}]+/u).map(toLetters)
      return words.some((word) => isNear(parts, word))
    })
  )
}

function wordsFor(column: string, fields: readonly string[]): readonly string[] {
  const parts = Object.values(commonNames.nameParts)
  const own = parts.filter((names) => names.includes(column))
  const isName = fields.includes('name')
  const known = [
    column,
    ...fields.flatMap((field) => [field, ...(fieldNames.get(field) ?? [])]),
    ...(isName ? (own.length > 0 ? own : parts).flat() : []),
  ]
  return known.flatMap((name) => [name].concat(translationsOf(name)))
}

/** Shorter words are parts of other words. Words of Chinese, Japanese and Korean are short. */
const leastLetters = 5
const isShortScript = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Hang}ー]{2,}$/u

/**
 * True if a part begins or ends with the word, or the whole name is it with a mistake after its first letter: one letter or, in longer
 * words, two are missing, added, wrong or swapped.
 */
function isNear(parts: readonly string[], word: string): boolean {
  if (word.length < leastLetters && !isShortScript.test(word)) return false
  const joined = (from: number, to?: number): string => parts.slice(from, to).join('')
  if (parts.some((_, at) => joined(at).startsWith(word) || joined(0, at + 1).endsWith(word))) return true
  const letters = joined(0)
  if (word.length < leastLetters || letters[0] !== word[0]) return false
  if (Math.abs(letters.length - word.length) > 2) return false
  const isSwapped = sorted(letters) === sorted(word)
  return editDistance(letters, word) <= (isSwapped || word.length > 7 ? 2 : 1)
}

function sorted(letters: string): string {
  return Array.from(letters).sort().join('')
}

/** Returns the preset whose columns the header has: that of the customer ids, and more of the others than any other preset. */
export function findPreset(header: readonly string[]): string | undefined {
  const present = new Set(header.map(normalise))
  const found = Object.entries(presets)
    .filter(([, { customer }]) => present.has(normalise(customer)))
    .map(([name, { columns, ...others }]) => {
      const joined = 'joined' in others ? Object.values(others.joined).flat() : []
      const names = [...Object.keys(columns), ...joined]
      return { name, count: names.filter((column) => present.has(normalise(column))).length }
    })
    .toSorted((left, right) => right.count - left.count)
  const [best, next] = found
  return best !== undefined && best.count > Math.max(1, next?.count ?? 0) ? best.name : undefined
}

/**
 * Gives the columns of a preset the names that they have in the header, if these are in another language. Such a mapping has another
 * digest, because runs of earlier versions set the columns aside.
 */
export function translateColumns(
  mapping: Mapping,
  header: readonly string[],
  ignoreColumns: readonly string[],
): Mapping {
  if (mapping.origin !== 'preset') return mapping
  const present = new Set(header.map(normalise))
  const known = new Set([...header, ...ignoreColumns].map(normalise))
  const names = new Map<string, string>()
  for (const name of [...mapping.columns.keys(), mapping.customer?.name ?? '']) {
    const [found, other] = translationsOf(name).filter((text) => present.has(normalise(text)))
    if (!known.has(normalise(name)) && found !== undefined && other === undefined) names.set(name, found)
  }
  return names.size === 0 ? mapping : renameColumns(mapping, names)
}

function renameColumns(mapping: Mapping, names: ReadonlyMap<string, string>): Mapping {
  const rename = (name: string): string => names.get(name) ?? name
  const joins = new Map<Join, Join>()
  const renameJoin = (join: Join): Join => {
    const renamed = joins.get(join) ?? { ...join, names: join.names.map(rename) }
    joins.set(join, renamed)
    return renamed
  }
  const columns = new Map<string, MappedName>()
  for (const [name, { where, assignments }] of mapping.columns) {
    const renamed: Assignment[] = []
    for (const { part, ...others } of assignments)
      renamed.push(
        part === undefined ? others : { ...others, part: { ...part, join: renameJoin(part.join) } },
      )
    columns.set(rename(name), { where, assignments: renamed })
  }
  return {
    ...mapping,
    ...(mapping.customer && { customer: { ...mapping.customer, name: rename(mapping.customer.name) } }),
    columns,
    canonical: `${mapping.canonical} ${JSON.stringify([...names])}`,
  }
}

/** The columns of a preset that are not among the names of the file's columns or keys, without those that are set aside. */
export function findMissingColumns(
  mapping: Mapping,
  present: readonly string[],
  ignoreColumns: readonly string[],
): readonly MissingColumn[] {
  if (mapping.origin !== 'preset') return []
  const known = new Set([...present, ...ignoreColumns].map(normalise))
  const { columns, customer } = mapping
  const used = new Set([...columns.keys(), customer?.name ?? '', ...ignoreColumns].map(normalise))
  const others = present.filter((name) => !used.has(normalise(name)) && partOfField(name) === undefined)
  return [...columns].flatMap(([column, { assignments }]) => {
    if (known.has(normalise(column))) return []
    const fields = assignments.map(({ target }) => target.path)
    return { column, fields, nearest: findMeantColumn(column, fields, others) }
  })
}

/** Returns why a file without these columns is refused; undefined if only a note is needed. `setsNothing`: no row sets a field. */
export function refuseMissingColumns(
  { columns }: Mapping,
  missing: readonly MissingColumn[],
  setsNothing: boolean,
): BulkUpdateError | undefined {
  const meant = missing.find(({ nearest }) => nearest !== undefined)
  if (meant !== undefined)
    return missingPresetColumn(meant.column, columns.get(meant.column)?.where ?? '', meant.nearest)
  if (missing.length < Math.max(columns.size, 1) || !setsNothing) return undefined
  const names = missing.map(({ column }) => `"${column}"`).join(', ')
  return errorOf('E_HEADER_MISSING_COLUMN', 'only_id_column', { names })
}

/** `where` is the place in the preset, `nearest` the column that may be meant. */
export function missingPresetColumn(
  column: string,
  where: string,
  nearest: string | undefined,
): BulkUpdateError {
  const other =
    nearest === undefined
      ? 'Export the file with that column.'
      : `If it is something else, set it aside with --ignore-columns=${shellWord(nearest)}.`
  const tip = didYouMean(nearest) + other
  return errorOf('E_HEADER_MISSING_COLUMN', 'missing_preset_column', { column, where, other: tip })
}

/** The name as it looks: other forms (full-width) become plain letters, invisible characters are removed. */
export function toPlainForm(name: string): string {
  const seen = name.normalize('NFKC').replace(hidden, '')
  return Array.from(seen, (character) => twins.get(character) ?? character).join('')
}

/** What is deceiving about the name, with the character's number. Returns undefined if it is what it looks like. */
export function describeDeception(name: string): string | undefined {
  const unseen = findInvisible(name.replace(/\p{Zs}/gu, ' '))
  if (unseen !== undefined) return `it holds a character that cannot be seen (${unseen})`
  const letter = findLookAlike(name)
  return letter === undefined
    ? undefined
    : `it holds ${codePointOf(letter)}, which looks like "${twins.get(letter) ?? ''}"`
}

/** The columns whose name looks like an earlier one's, or is not what it looks like, each with a message. */
export function findLookAlikes<Column extends { readonly name: string; readonly number?: number }>(
  columns: readonly Column[],
): readonly { readonly column: Column; readonly message: string }[] {
  const seen = new Map<string, Column>()
  return columns.flatMap((column) => {
    // Case counts in keys of metadata: `metadata.Tier` and `metadata.tier` are two keys.
    const look = normalise(toPlainForm(column.name))
    const twin = seen.get(look)
    seen.set(look, column)
    if (twin !== undefined)
      return { column, message: `the name looks like that of column ${twin.number ?? 0}, and is another` }
    const part = describeDeception(column.name)
    return part === undefined ? [] : { column, message: `the name is not what it looks like: ${part}` }
  })
}
