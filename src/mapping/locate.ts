/** From the field that a problem names back to the column or key that the value is in. */
import { printable } from '../model/text.ts'
import type { Locate } from '../model/ports.ts'
import type { SourceColumn } from '../model/row.ts'
import { matchHeader } from './headers.ts'
import { createKeys } from './keys.ts'
import type { Assignment, Mapping } from './mapping.ts'
import { overlaps } from './targets.ts'

interface LocatedColumn {
  readonly column: SourceColumn
  readonly assignments: readonly Assignment[]
}

/** For CSV. Throws like the matching of the header. */
export function locateInHeader(
  header: readonly string[],
  ignoreColumns: readonly string[],
  mapping: Mapping,
): Locate {
  const { id, columns } = matchHeader(header, ignoreColumns, mapping)
  const idColumn: SourceColumn = { name: id.name, number: id.index + 1 }
  const candidates = columns.map(({ name, index, assignments }) => {
    return { column: { name, number: index + 1 }, assignments }
  })
  return (_row, field) =>
    field === 'customer' || field === printable(id.name) ? idColumn : bestOf(candidates, field)
}

/** For NDJSON, where every row has keys of its own. */
export function locateInRecord(ignoreColumns: readonly string[], mapping: Mapping): Locate {
  const keys = createKeys(ignoreColumns, mapping)
  return (row, field) => {
    if (field === '' || row.kind === 'csv') return undefined
    // The problem of a line that is no row names the path of a key itself.
    if (row.kind === 'malformed') return { name: field.split(/[.[]/)[0] ?? '' }
    const names = Object.keys(row.record)
    const [idKey] = keys.idsOf(row.record)
    if (field === 'customer' && idKey !== undefined) return { name: idKey }
    const candidates = names.map((name) => {
      const assignments = keys.assignmentsOf(name)
      return { column: { name }, assignments: 'code' in assignments ? [] : assignments }
    })
    // Keys that are no field are named by problems as they are, cut where they are long.
    const isUnknownKey = (): boolean => names.some((name) => printable(name).startsWith(field))
    return bestOf(candidates, field) ?? (isUnknownKey() ? { name: field } : undefined)
  }
}

/** The column of that very field, or else one that the field is inside of, or that is inside the field. */
function bestOf(candidates: readonly LocatedColumn[], field: string): SourceColumn | undefined {
  if (field === '') return undefined
  const find = (fits: (path: string) => boolean): SourceColumn | undefined =>
    candidates.find(({ assignments }) => assignments.some(({ target }) => fits(printable(target.path))))
      ?.column
  return find((path) => path === field) ?? find((path) => overlaps(path, field))
}
