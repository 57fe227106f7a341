/** Presets and the columns of a file: their names in other languages, and columns that are missing. */
import { BulkUpdateError } from '../model/errors.ts'
import type { MissingColumn } from '../model/scan.ts'
import { normalise } from '../model/text.ts'
import { findMeantColumn, translationsOf } from './column-names.ts'
import { missingPresetColumn, ownMapping } from './headers.ts'
import type { Assignment, Join, MappedName, Mapping } from './mapping.ts'
import { partOfField } from './targets.ts'

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
  return new BulkUpdateError(
    'E_HEADER_MISSING_COLUMN',
    `only the customer id was found: no column is called ${missing.map(({ column }) => `"${column}"`).join(', ')}`,
    `Check that this is the preset of your CRM. ${ownMapping}`,
  )
}
