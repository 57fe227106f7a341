/** From a checked mapping file to assignments: every column and constant gets its field, and no field gets two of them. */
import { Claims } from './claims.ts'
import { checkGiven, compileEntry, compileRules, findTarget, isList } from './compile-entry.ts'
import { mappingError } from './mapping-error.ts'
import type { MappingDocument } from './mapping-error.ts'
import type { JoinSpec, MappingFile } from './mapping-schema.ts'
import type { Assignment, Constant, MappedName, Mapping } from './mapping.ts'
import type { Target } from './targets.ts'

/** Throws E_MAPPING for fields and transforms that do not exist or do not fit, and for two sources of one field. */
export async function compileMapping(
  file: MappingFile,
  document: MappingDocument,
  canonical: string,
): Promise<Mapping> {
  const columns = new Map<string, MappedName>()
  const sources = new Claims<MappedSource>()
  for (const [name, spec] of Object.entries(file.columns ?? {})) {
    const path = ['columns', name]
    const assignments: Assignment[] = []
    for (const [index, entry] of (isList(spec) ? spec : spec === 'ignore' ? [] : [spec]).entries()) {
      const at = isList(spec) ? [...path, index] : path
      const assignment = await compileEntry(entry, at, document)
      addSource(sources, assignment.target, `column "${name}"`, document.place(at))
      assignments.push(assignment)
    }
    columns.set(name, { where: document.place(path, 'key'), assignments })
  }
  for (const [field, spec] of Object.entries(file.joined ?? {})) {
    const where = document.place(['joined', field], 'key')
    const parts = await compileJoin(field, spec, file, document)
    for (const [index, [name, part]] of parts.entries()) {
      if (index === 0) addSource(sources, part.target, `joined field "${field}"`, where)
      const known = columns.get(name) ?? { where, assignments: [] }
      columns.set(name, { ...known, assignments: [...known.assignments, part] })
    }
  }
  const constants: Constant[] = []
  for (const [name, value] of Object.entries(file.constants ?? {})) {
    const path = ['constants', name]
    const target = findTarget(name, path, 'key', document)
    addSource(sources, target, `constant "${name}"`, document.place(path, 'key'))
    checkGiven(value, target, path, document)
    constants.push({ target, value })
  }
  constants.sort((left, right) => (left.target.path < right.target.path ? -1 : 1))
  return { origin: 'file', ...customerOf(file, document), columns, constants, canonical }
}

function customerOf({ customer, columns = {} }: MappingFile, document: MappingDocument) {
  if (customer === undefined) return {}
  if (Object.hasOwn(columns, customer)) {
    throw mappingError(
      document.place(['columns', customer], 'key'),
      `"${customer}" is the customer id and cannot be a field as well`,
      'Remove it here, or name another column at customer:.',
    )
  }
  return { customer: { name: customer, where: document.place(['customer']) } }
}

/** A field that is put together of several columns: an assignment for each of them, in the order of their texts. */
async function compileJoin(
  field: string,
  spec: JoinSpec,
  file: MappingFile,
  document: MappingDocument,
): Promise<readonly (readonly [name: string, assignment: Assignment])[]> {
  const path = ['joined', field]
  const target = findTarget(field, path, 'key', document)
  const where = document.place(path, 'key')
  if (target.holds === 'metadata' || target.holds === 'addresses') {
    const inside = target.holds === 'metadata' ? 'metadata.tier' : 'addresses[0].line_1'
    throw mappingError(
      where,
      `texts cannot be joined to ${target.path}, which is no text`,
      `Join them to a field inside it, such as ${inside}.`,
    )
  }
  const [names, listPath] = Array.isArray(spec) ? [spec, path] : [spec.columns, [...path, 'columns']]
  for (const [index, name] of names.entries()) {
    const mistake = mistakeOf(name, names.indexOf(name) < index, file)
    if (mistake !== undefined) throw mappingError(document.place([...listPath, index]), ...mistake)
  }
  const { separator = ' ', ...rules } = Array.isArray(spec) ? {} : spec
  const whole = await compileRules(target, rules, path, document)
  const join = { names, separator, where }
  return names.map((name, index) => [name, { ...whole, part: { join, index } }])
}

function mistakeOf(
  name: string,
  isSecond: boolean,
  { customer, columns = {} }: MappingFile,
): readonly [what: string, remedy: string] | undefined {
  if (isSecond) return [`"${name}" stands here a second time`, 'Name each column once.']
  if (name === customer)
    return [`"${name}" is the customer id and cannot be part of a field`, 'Remove it here.']
  if (Object.hasOwn(columns, name) && columns[name] === 'ignore')
    return [`"${name}" is set aside under columns: and joined here`, 'Remove one of the two.']
  return undefined
}

interface MappedSource {
  readonly path: string
  readonly label: string
}

/** Of two sources of one field, none is the right one. */
function addSource(sources: Claims<MappedSource>, target: Target, label: string, where: string): void {
  const { path } = target
  const other = sources.claim(target, { path, label })
  if (other === undefined) return
  const fields = other.path === path ? path : `${other.path} and ${path}, which overlap`
  throw mappingError(
    where,
    `${other.label} and ${label} both set ${fields}`,
    'Keep one of them; set the other column aside with ignore.',
  )
}
