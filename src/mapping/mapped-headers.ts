/** Matches the header of a CSV file with a mapping. A column that the mapping names must be there: what is lost must clear nothing. */
import { didYouMean, nearest, normalise } from '../domain/nearest.ts'
import { BulkUpdateError } from '../errors.ts'
import { plainAssignment } from './compiled-mapping.ts'
import type { Assignment, Join, Mapping } from './compiled-mapping.ts'
import { delimiterHint } from './delimiter-hint.ts'
import { checkAddressNumbers, findId, isOurColumn, label, overlaps, twice, unknownColumn } from './headers.ts'
import type { NamedColumn } from './headers.ts'
import { targetOf } from './targets.ts'

export interface MappedColumn extends NamedColumn {
  readonly assignments: readonly Assignment[]
}

export interface MappedHeader {
  readonly id: NamedColumn
  /** In the header's order; those that are set aside are left out. */
  readonly columns: readonly MappedColumn[]
}

/** Throws INPUT errors for missing columns, columns that match nothing, and two sources of one field. */
export function matchMappedHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
): MappedHeader {
  const setAside = new Set(ignoreColumns.map(normalise))
  const kept = header
    .map((name, index) => ({ name, index }))
    .filter(({ name }) => !isOurColumn(name) && !setAside.has(normalise(name)))
  const { customer } = mapping
  const named = matchNames(mapping, kept)
  const found = new Set(named.values())
  for (const [name, { where, assignments }] of mapping.columns) {
    if (
      mapping.isPreset !== true &&
      assignments.length > 0 &&
      !setAside.has(normalise(name)) &&
      !found.has(name)
    ) {
      throw missing(header, name, where, '')
    }
  }
  const free = kept.filter(({ index }) => !named.has(index))
  const id =
    customer === undefined
      ? findId(header, free)
      : kept.find(({ index }) => named.get(index) === customer.name)
  if (id === undefined) throw missing(header, customer?.name ?? '', customer?.where ?? '', 'the customer id')

  const columns: MappedColumn[] = []
  for (const { name, index } of kept) {
    if (index === id.index) continue
    const mapped = mapping.columns.get(named.get(index) ?? '')
    const assignments = named.has(index) ? mapped?.assignments : unnamed(name, mapping)
    if (assignments === undefined) {
      throw unknownColumn({ name, index }, ` or, in the mapping file, with "${name}": ignore`)
    }
    if (assignments.length > 0) columns.push({ name, index, assignments })
  }
  checkTargets(columns, mapping)
  checkJoins(header, columns)
  return { id, columns }
}

/**
 * The mapping's names by index of the header's columns: columns that are written just so first, then those that only nearly
 * are. Several columns may be set aside by one name; anything else that is not one to one is refused.
 */
function matchNames(mapping: Mapping, header: readonly NamedColumn[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const { customer, columns } = mapping
  const wanted = [...columns.keys(), ...(customer === undefined ? [] : [customer.name])]
  const pass = (open: readonly string[], matches: (name: string, column: string) => boolean): void => {
    const candidates = header.filter(({ index }) => !names.has(index))
    for (const name of open) {
      const matching = candidates.filter((column) => matches(name, column.name))
      const [first, second] = matching
      const ignored = columns.get(name)?.assignments.length === 0
      if (first !== undefined && second !== undefined && !ignored) {
        throw twice(label(first), label(second), `"${name}" of the mapping`)
      }
      for (const column of matching) {
        const taker = names.get(column.index)
        if (taker !== undefined) throw twice(`"${taker}"`, `"${name}" of the mapping`, label(column))
        names.set(column.index, name)
      }
    }
  }
  pass(wanted, (name, column) => column === name)
  const exact = new Set(names.values())
  const rest = wanted.filter((name) => !exact.has(name))
  pass(rest, (name, column) => normalise(column) === normalise(name))
  return names
}

/** A column that the mapping does not name is a field by its own name; under a preset only where it reaches inside one. */
function unnamed(name: string, { isPreset = false }: Mapping): readonly Assignment[] | undefined {
  const target = targetOf(name)
  if (isPreset && (target === undefined || target.kind === 'field')) return []
  return target === undefined ? undefined : [plainAssignment(target)]
}

function checkTargets(columns: readonly MappedColumn[], mapping: Mapping): void {
  const sources = [
    ...columns.flatMap((column) =>
      column.assignments.map(({ target, part }) => ({ target, name: label(column), join: part?.join })),
    ),
    ...mapping.constants.map(({ target }) => ({
      target,
      name: `the mapping’s constant ${target.path}`,
      join: undefined,
    })),
  ]
  for (const [index, { target, name, join }] of sources.entries()) {
    const other = sources
      .slice(0, index)
      .find(
        (earlier) =>
          overlaps(earlier.target.path, target.path) && (join === undefined || earlier.join !== join),
      )
    if (other !== undefined) throw twice(other.name, name, target.path)
  }
  checkAddressNumbers(sources.map(({ target }) => target))
}

/** All columns of a joined field, or none: half of a name would be written over a whole one. */
function checkJoins(header: readonly string[], columns: readonly MappedColumn[]): void {
  const given = new Map<Join, Set<number>>()
  for (const { assignments } of columns) {
    for (const { part } of assignments) {
      if (part !== undefined) given.set(part.join, (given.get(part.join) ?? new Set()).add(part.index))
    }
  }
  for (const [{ names, where }, indexes] of given) {
    const lost = names.find((_, index) => !indexes.has(index))
    if (lost !== undefined) throw missing(header, lost, where, 'a part of a joined field')
  }
}

function missing(header: readonly string[], name: string, where: string, what: string): BulkUpdateError {
  return new BulkUpdateError(
    'INPUT',
    what === 'the customer id' ? 'E_HEADER_NO_ID' : 'E_HEADER_MISSING_COLUMN',
    `no column is called "${name}", which the mapping names${what === '' ? '' : ` as ${what}`} (${where})`,
    `${delimiterHint(header)}${didYouMean(nearest(name, header))}Correct the name in the mapping file, or export the file with that column. Nothing was sent.`,
  )
}
