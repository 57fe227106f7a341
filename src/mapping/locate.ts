/** From the field that a problem names back to the column or key that the value stands in, for whoever has to mend it. */
import { printable } from '../domain/printable.ts'
import type { Locate, SourceColumn } from '../pipeline/ports.ts'
import type { Mapping } from './compiled-mapping.ts'
import { matchHeader, overlaps } from './headers.ts'
import { matchMappedHeader } from './mapped-headers.ts'
import { createKeys } from './mapped-keys.ts'
import { idKeyOf } from './ndjson-keys.ts'
import { targetOf } from './targets.ts'

interface Candidate {
  readonly column: SourceColumn
  readonly paths: readonly string[]
}

/** For CSV. Throws like the matching of the header. */
export function locateInHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping | undefined,
): Locate {
  const { idIndex, columns } = pathsOf(header, ignoreColumns, mapping)
  const label = (index: number): SourceColumn => ({ name: header[index] ?? '', number: index + 1 })
  const idColumn = label(idIndex)
  const candidates = columns.map(({ index, paths }) => ({ column: label(index), paths }))
  return (_row, field) =>
    field === 'customer' || field === printable(idColumn.name) ? idColumn : bestOf(candidates, field)
}

function pathsOf(header: readonly string[], ignoreColumns: readonly string[], mapping: Mapping | undefined) {
  if (mapping === undefined) {
    const { idIndex, columns } = matchHeader(header, ignoreColumns)
    return { idIndex, columns: columns.map(({ index, target }) => ({ index, paths: [target.path] })) }
  }
  const { id, columns } = matchMappedHeader(header, ignoreColumns, mapping)
  return {
    idIndex: id.index,
    columns: columns.map(({ index, assignments }) => ({
      index,
      paths: assignments.map(({ target }) => target.path),
    })),
  }
}

/** For NDJSON, where every row has keys of its own. */
export function locateInRecord(ignoreColumns: readonly string[], mapping: Mapping | undefined): Locate {
  const keys = mapping === undefined ? undefined : createKeys(ignoreColumns, mapping)
  return (row, field) => {
    if (field === '' || row.kind === 'csv') return undefined
    // The problem of a line that is no row names the path of a key itself.
    if (row.kind === 'malformed') return { name: field.split(/[.[]/)[0] ?? '' }
    const { record } = row
    const names = Object.keys(record)
    const idKey = keys === undefined ? idKeyOf(record) : keys.idsOf(record)[0]
    if (field === 'customer' && idKey !== undefined) return { name: idKey }
    const pathsOfKey = (name: string): readonly string[] => {
      if (keys === undefined) return [targetOf(name)?.path ?? '']
      const assignments = keys.assignmentsOf(name)
      return 'code' in assignments ? [] : assignments.map(({ target }) => target.path)
    }
    const found = bestOf(
      names.map((name) => ({ column: { name }, paths: pathsOfKey(name) })),
      field,
    )
    // Keys that are no field are named by problems as they are, cut where they are long.
    return found ?? (names.some((name) => printable(name).startsWith(field)) ? { name: field } : undefined)
  }
}

/** The column of that very field, or else one that the field is inside of, or that is inside the field. */
function bestOf(candidates: readonly Candidate[], field: string): SourceColumn | undefined {
  if (field === '') return undefined
  const exact = candidates.find(({ paths }) => paths.some((path) => printable(path) === field))
  return (exact ?? candidates.find(({ paths }) => paths.some((path) => overlaps(printable(path), field))))
    ?.column
}
