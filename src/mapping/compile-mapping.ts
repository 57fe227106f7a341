/** From a checked mapping file to assignments: every column and constant gets its field, and no field gets two of them. */
import { checkGiven, compileEntry, findTarget, isList } from './compile-entry.ts'
import { compileJoin } from './compile-join.ts'
import { mappingError } from './mapping-error.ts'
import type { MappingDocument, Path } from './mapping-error.ts'
import type { EntrySpec, MappingFile } from './mapping-schema.ts'
import type { Assignment, Constant, MappedName, Mapping } from './mapping.ts'
import { overlaps } from './targets.ts'

/** Throws E_MAPPING for fields and transforms that do not exist or do not fit, and for two sources of one field. */
export async function compileMapping(
  file: MappingFile,
  document: MappingDocument,
  canonical: string,
): Promise<Mapping> {
  const columns = new Map<string, MappedName>()
  const claims: Claim[] = []
  for (const [name, spec] of Object.entries(file.columns ?? {})) {
    const path = ['columns', name]
    const assignments: Assignment[] = []
    for (const [entry, at] of entriesOf(spec, path)) {
      if (entry === 'ignore' && !Array.isArray(spec)) break
      const assignment = await compileEntry(entry, at, document)
      claim(claims, { path: assignment.target.path, label: `column "${name}"`, where: document.place(at) })
      assignments.push(assignment)
    }
    columns.set(name, { where: document.place(path, 'key'), assignments })
  }
  for (const [field, spec] of Object.entries(file.joined ?? {})) {
    const parts = await compileJoin(field, spec, file, document)
    const where = document.place(['joined', field], 'key')
    claim(claims, { path: parts[0]?.[1].target.path ?? field, label: `joined field "${field}"`, where })
    for (const [name, part] of parts) {
      const known = columns.get(name) ?? { where, assignments: [] }
      columns.set(name, { ...known, assignments: [...known.assignments, part] })
    }
  }
  const constants: Constant[] = []
  for (const [name, value] of Object.entries(file.constants ?? {})) {
    const path = ['constants', name]
    const target = findTarget(name, path, 'key', document)
    claim(claims, { path: target.path, label: `constant "${name}"`, where: document.place(path, 'key') })
    checkGiven(value, target, path, document)
    constants.push({ target, value })
  }
  constants.sort((left, right) => (left.target.path < right.target.path ? -1 : 1))
  return { origin: 'file', ...customerOf(file, document), columns, constants, canonical }
}

function customerOf(file: MappingFile, document: MappingDocument): Pick<Mapping, 'customer'> {
  const { customer } = file
  if (customer === undefined) return {}
  if (file.columns !== undefined && Object.hasOwn(file.columns, customer)) {
    throw mappingError(
      document.place(['columns', customer], 'key'),
      `"${customer}" is the customer id and cannot be a field as well`,
      'Remove it here, or name another column at customer:.',
    )
  }
  return { customer: { name: customer, where: document.place(['customer']) } }
}

function entriesOf(
  spec: EntrySpec | readonly EntrySpec[],
  path: Path,
): readonly (readonly [EntrySpec, Path])[] {
  if (!isList(spec)) return [[spec, path]]
  return spec.map((entry, index) => [entry, [...path, index]])
}

interface Claim {
  readonly path: string
  readonly label: string
  readonly where: string
}

/** Of two sources of one field, none is the right one. */
function claim(claims: Claim[], wanted: Claim): void {
  const other = claims.find(({ path }) => overlaps(path, wanted.path))
  if (other !== undefined) {
    const fields =
      other.path === wanted.path ? wanted.path : `${other.path} and ${wanted.path}, which overlap`
    throw mappingError(
      wanted.where,
      `${other.label} and ${wanted.label} both set ${fields}`,
      'Keep one of them; set the other column aside with ignore.',
    )
  }
  claims.push(wanted)
}
