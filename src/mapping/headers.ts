/**
 * Matches the header of a CSV file with the mapping, and other columns with the fields of Update Customer. Unclear columns are
 * refused before any row. So is a missing column, because a lost column must not clear a field.
 */
import { didYouMean, findNearest, normalise, toLetters, shellWord, shownName } from '../model/text.ts'
import type { BulkUpdateError, Problem } from '../model/errors.ts'
import commonNames from './common-names.json' with { type: 'json' }
import { errorOf } from './errors.ts'
import { isInvisible } from '../model/invisible.ts'
import delimiterHints from './delimiter-hints.json' with { type: 'json' }
import {
  Claims,
  keyProblem,
  nearestPath,
  partOfField,
  protoRefusal,
  reachesProto,
  targetOf,
} from './targets.ts'
import {
  describeDeception,
  toPlainForm,
  findMeantColumn,
  findPreset,
  idNames,
  isOurColumn,
  missingPresetColumn,
} from './column-names.ts'
import { assignmentByName, type Assignment, type Join, type Mapping } from './mapping.ts'
import type { MalformedRow, Row, SourceColumn } from '../model/row.ts'
import { isCustomerId, type Target } from '../rapyd/customer-fields.ts'

/** A column of a CSV file, or a key of NDJSON, and what it means. */
export interface InputColumn extends SourceColumn {
  readonly isId: boolean
  /** Empty if the column is set aside, or is the customer id. */
  readonly assignments: readonly Assignment[]
  /** A column of a CSV file without a name. It is left out if it holds nothing. */
  readonly isNameless?: true
  /** Why a key of NDJSON is refused. */
  readonly problem?: Problem
}

/**
 * Those of a row, in the order of its cells or keys: all rows of a CSV file have the same. Without a row of NDJSON, or for a malformed
 * one, there are none.
 */
export type ColumnsOf = (row?: Row | MalformedRow) => readonly InputColumn[]

type NamedColumn = Required<SourceColumn>

/**
 * The columns in the header's order. Throws INPUT errors for missing columns, columns that match nothing, and two sources of one
 * field.
 */
export function matchHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
): readonly InputColumn[] {
  const setAside = new Set(ignoreColumns.map(normalise))
  const kept = header
    .map((name, index) => ({ name, number: index + 1 }))
    .filter(({ name }) => !isOurColumn(name) && !setAside.has(normalise(name)))
  const named = matchNames(mapping, kept)
  if (mapping.origin === 'file') {
    const found = new Set(named.values())
    for (const [name, { where, assignments }] of mapping.columns)
      if (assignments.length > 0 && !setAside.has(normalise(name)) && !found.has(name))
        throw missingColumn(header, name, where, '')
  }
  const id = findId(header, kept, named, mapping)
  const columns = header.map((name, index): InputColumn => {
    return { name, number: index + 1, isId: index + 1 === id.number, assignments: [] }
  })
  const unknown: NamedColumn[] = []
  const claims = new Claims<string>()
  const addresses = new Set<number>()
  const claim = (target: Target, source: string, join?: Join): void => {
    const other = claims.claim(target, source, join)
    if (other !== undefined) throw duplicateColumn(other, source, shownName(target.path))
    if (target.address !== undefined) addresses.add(target.address)
  }
  for (const column of kept.filter(({ number }) => number !== id.number)) {
    const name = named.get(column.number)
    const plain = { ...column, isId: false, assignments: [] }
    if (name === undefined && (isInvisible(column.name) || madeUpName.test(column.name))) {
      if (mapping.origin !== 'preset') columns[column.number - 1] = { ...plain, isNameless: true }
      continue
    }
    const assignments =
      name === undefined ? assignmentsByName(column, mapping) : (mapping.columns.get(name)?.assignments ?? [])
    for (const { target, part } of assignments ?? []) claim(target, label(column), part?.join)
    if (assignments === undefined) unknown.push(column)
    else columns[column.number - 1] = { ...plain, assignments }
  }
  // Nothing of such a line is shown: it is a customer's data.
  if (unknown.some(({ name }) => /cus_\w{8}/.test(name))) throw errorOf('E_HEADER_NO_ID', 'id_in_header')
  if (unknown.length > 0) throw unknownColumns(unknown, header, mapping.origin)
  for (const { target } of mapping.constants)
    claim(target, `the mapping’s constant ${shownName(target.path)}`)
  checkAddresses(addresses)
  checkJoins(kept, columns, mapping)
  return columns
}

/**
 * Returns the mapping's name for each matched column, by number: equal names first, then nearly equal ones. One name may set aside
 * several columns. Any other match that is not one to one is refused.
 */
function matchNames(mapping: Mapping, header: readonly NamedColumn[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const { customer, columns } = mapping
  const wanted = [...columns.keys(), ...(customer === undefined ? [] : [customer.name])]
  const pass = (open: readonly string[], formOf: (name: string) => string): void => {
    const candidates = Map.groupBy(
      header.filter(({ number }) => !names.has(number)),
      ({ name }) => formOf(name),
    )
    for (const name of open) {
      const matching = candidates.get(formOf(name)) ?? []
      const [first, second] = matching
      const ignored = columns.get(name)?.assignments.length === 0
      if (first !== undefined && second !== undefined && !ignored) {
        throw duplicateColumn(label(first), label(second), `"${shownName(name)}" of the mapping`)
      }
      for (const column of matching) {
        const taker = names.get(column.number)
        if (taker !== undefined)
          throw duplicateColumn(`"${shownName(taker)}"`, `"${shownName(name)}" of the mapping`, label(column))
        names.set(column.number, name)
      }
    }
  }
  pass(wanted, (name) => name)
  const exact = new Set(names.values())
  const rest = wanted.filter((name) => !exact.has(name))
  pass(rest, normalise)
  return names
}

/** Finds the column of the customer ids: that of the mapping, or one of the usual names that the mapping does not use. */
function findId(
  header: readonly string[],
  kept: readonly NamedColumn[],
  named: ReadonlyMap<number, string>,
  { customer }: Mapping,
): NamedColumn {
  if (customer !== undefined) {
    const id = kept.find(({ number }) => named.get(number) === customer.name)
    if (id === undefined) throw missingColumn(header, customer.name, customer.where, 'the customer id')
    return id
  }
  const free = kept.filter(({ number }) => !named.has(number))
  const idName = idNames.find((wanted) => free.some(({ name }) => normalise(name) === wanted))
  const [id, other] = free.filter(({ name }) => normalise(name) === idName)
  if (id === undefined) throw noId(header, free)
  if (other !== undefined) throw duplicateColumn(label(id), label(other), 'the customer id')
  return id
}

/**
 * A column that the mapping does not name sets the field of its name; under a preset only a part of a field. Returns undefined if no
 * field has that name.
 */
function assignmentsByName({ name }: SourceColumn, { origin }: Mapping): readonly Assignment[] | undefined {
  const target = origin === 'preset' ? partOfField(name) : targetOf(name)
  if (target?.keys.some((key) => keyProblem('', key) !== undefined) === true) return undefined
  if (target !== undefined) return [assignmentByName(target, origin, 'csv')]
  return origin === 'preset' ? [] : undefined
}

/** A gap in the numbers would send a list with holes. */
function checkAddresses(addresses: ReadonlySet<number>): void {
  const gap = gapIn(addresses)
  if (gap !== undefined) throw errorOf('E_HEADER_ADDRESSES', 'address_gap', { gap })
}

/** Returns the first number from 0 on that is missing before a later one. */
export function gapIn(numbers: Pick<ReadonlySet<number>, 'has' | 'size'>): number | undefined {
  for (let number = 0; number < numbers.size; number++) if (!numbers.has(number)) return number
  return undefined
}

/** Requires all columns of a joined field or none, because half of a name would replace a whole one. */
function checkJoins(
  kept: readonly NamedColumn[],
  columns: readonly InputColumn[],
  { origin }: Mapping,
): void {
  const header = kept.map(({ name }) => name)
  const joined = columns.flatMap(({ assignments }) =>
    assignments.flatMap(({ part, target }) => (part === undefined ? [] : [{ ...part, path: target.path }])),
  )
  const others = header.filter(
    (name) => !columns.some((column) => column.name === name && column.assignments.length > 0),
  )
  for (const [{ names, where }, parts] of Map.groupBy(joined, ({ join }) => join)) {
    const lost = names.find((_, index) => !parts.some((part) => part.index === index))
    if (lost === undefined) continue
    const paths = parts.map(({ path }) => path)
    throw origin === 'preset'
      ? missingPresetColumn(lost, where, findMeantColumn(lost, paths, others))
      : missingColumn(header, lost, where, 'a part of a joined field')
  }
}

function label({ name, number }: NamedColumn): string {
  return `column ${number} ("${shownName(name)}")`
}

function duplicateColumn(first: string, second: string, what: string): BulkUpdateError {
  return errorOf('E_HEADER_DUPLICATE', 'duplicate_column', { first, second, what })
}

function missingColumn(
  header: readonly string[],
  name: string,
  where: string,
  what: string,
): BulkUpdateError {
  const code = what === 'the customer id' ? 'E_HEADER_NO_ID' : 'E_HEADER_MISSING_COLUMN'
  const role = what === '' ? '' : ` as ${what}`
  const hints = delimiterHint(header) + didYouMean(findNearest(name, header))
  return errorOf(code, 'missing_column', { name: shownName(name), role, where, hints })
}

/** What pandas, spreadsheets, Spark and databases call a column without a name. */
const madeUpName =
  /^(?:Unnamed: \d+|__EMPTY(?:_\d+)?|_c\d+|F\d+|(?:Column|Field|Spalte|Colonne|Columna|Colonna|Coluna|Kolom|Kolumna|Sloupec|Столбец|Sütun|列|열) ?\d+|\(No column name\)|\?column\?)$/i

/** For a column without a name, or with one that a program has made up, that has a value on `line`. */
export function namelessColumn({ number = 0, name }: SourceColumn, line: number): BulkUpdateError {
  if (!madeUpName.test(name)) return errorOf('E_HEADER_UNKNOWN_COLUMN', 'nameless_column', { number, line })
  const values = { column: label({ number, name }), line, word: shellWord(name) }
  return errorOf('E_HEADER_UNKNOWN_COLUMN', 'made_up_name', values)
}

/** Also in signs or after the name of a table: `'customer'`, `crm.customer`, `> customer`. */
const likelyId = /rapyd|customer[ _-]*(?:id|number)|(?:^|[^\p{L} ]) *(?:customer|id)(?![\p{L} _-])/iu

function noId(header: readonly string[], free: readonly NamedColumn[]): BulkUpdateError {
  const known = new Set(commonNames.fields.customer.map(toLetters))
  const [likely] = free
    .filter(({ name }) => known.has(toLetters(name)) || likelyId.test(name))
    .toSorted(
      (left, right) => Number(known.has(toLetters(right.name))) - Number(known.has(toLetters(left.name))),
    )
  const tip = header.some(isCustomerId)
    ? 'The header holds a customer id, as a row does: write the names of the columns above it.'
    : likely === undefined || header.length === 1
      ? `${delimiterHint(header)}Name the column of the Rapyd customer ids "customer".`
      : `If ${label(likely)} holds the Rapyd customer ids, rename it "customer", or ${mapNames(header)}.`
  return errorOf('E_HEADER_NO_ID', 'no_id_column', { tip })
}

function mapNames(header: readonly string[]): string {
  const preset = findPreset(header)
  return preset === undefined
    ? 'let `rapyd-bulk init` draft a mapping file'
    : `give --map ${preset}: the file looks like an export of that system`
}

const mostNamed = 20

function unknownColumns(
  columns: readonly NamedColumn[],
  header: readonly string[],
  origin: Mapping['origin'],
): BulkUpdateError {
  const named = columns.slice(0, mostNamed)
  const more = columns.length > mostNamed ? ` and ${columns.length - mostNamed} more` : ''
  const isOne = columns.length === 1
  const names = columns.map(({ name }) => name)
  const inMapping =
    origin === 'default' ? '' : ` or, in the mapping file, with "${shownName(names[0] ?? '')}": ignore`
  const others = origin === 'default' && !isOne ? `, or ${mapNames(header)}` : ''
  const [them, which] = isOne ? ['it', 'the column'] : ['them', 'the columns']
  const labels = named.map((column) => label(column) + describeName(column)).join(', ')
  return errorOf('E_HEADER_UNKNOWN_COLUMN', 'unknown_columns', {
    columns: `${labels}${more} ${isOne ? 'is no field' : 'are no fields'}`,
    meant: named.map(meantField).join(''),
    which,
    them,
    names: namesToIgnore(names),
    others: inMapping + others,
  })
}

/** The names, to be copied. Words in their place if they are not names that can be copied whole. */
function namesToIgnore(names: readonly string[]): string {
  const text = names.join(',')
  const isShown = names.length <= mostNamed && names.every((name) => shownName(name) === name)
  return isShown ? `=${shellWord(text)}` : ' and their names, as the header has them'
}

/** Why a name is refused that looks right. */
function describeName({ name }: NamedColumn): string {
  if (reachesProto(name)) return ` (${protoRefusal})`
  const look = targetOf(toPlainForm(name)) === undefined ? undefined : describeDeception(name)
  return look === undefined ? '' : ` (whatever it looks like: ${look})`
}

function meantField({ name }: NamedColumn): string {
  const near = reachesProto(name) ? undefined : nearestPath(toPlainForm(name))
  return near === undefined ? '' : `For "${shownName(name)}", did you mean ${shownName(near)}? `
}

/**
 * A header of one column probably has another delimiter. Returns a sentence with its option and a space; an empty text for several
 * columns.
 */
function delimiterHint([only = '', ...others]: readonly string[]): string {
  if (others.length > 0) return ''
  const counts = Object.entries(delimiterHints).map(([character, option]) => {
    return { option, count: only.split(character).length - 1 }
  })
  const [likeliest] = counts.sort((left, right) => right.count - left.count)
  if (/\S\s{3,}\S/.test(only))
    return 'Only one column was seen, with spaces between its words: export the file as CSV. '
  if (likeliest === undefined || likeliest.count === 0) return 'Only one column was seen. '
  const quoted = only.includes(',') ? 'If whole lines are in quotes, remove those. ' : ''
  return `Only one column was seen: is the delimiter another one? Try ${likeliest.option}. ${quoted}`
}
