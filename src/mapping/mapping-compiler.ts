/** Compiles a checked mapping file: each column and constant gets its field, and no field gets two sources. */
import { Claims, nearestPath, protoRefusal, reachesProto, splitValue, targetOf } from './targets.ts'
import {
  mappingError,
  assignmentTo,
  type Assignment,
  type MappedName,
  type Mapping,
  type Path,
  type BlankRule,
  type Conversion,
  type TextChange,
} from './mapping.ts'
import type { MappingDocument } from './mapping-document.ts'
import type { JoinSpec, MappingFile, EntrySpec, RulesSpec } from './mapping-schema.ts'
import type { JsonValue } from '../model/json.ts'
import { didYouMean, findNearest, shownName } from '../model/text.ts'
import { checkValue } from './cells.ts'
import { hasForm, type Target, type TargetValue } from '../rapyd/customer-fields.ts'
import { compileTransform } from './transforms.ts'

/** Throws E_MAPPING for unknown or unfit fields and transforms, and for two sources of one field. */
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
    for (const [index, entry] of (Array.isArray(spec) ? spec : spec === 'ignore' ? [] : [spec]).entries()) {
      const at = Array.isArray(spec) ? [...path, index] : path
      const assignment = await compileEntry(entry, at, document)
      addSource(sources, assignment.target, `column "${shownName(name)}"`, document.place(at))
      assignments.push(assignment)
    }
    columns.set(name, { where: document.place(path, 'key'), assignments })
  }
  for (const [field, spec] of Object.entries(file.joined ?? {})) {
    const where = document.place(['joined', field], 'key')
    const parts = await compileJoin(field, spec, file, document)
    for (const [index, [name, part]] of parts.entries()) {
      if (index === 0) addSource(sources, part.target, `joined field "${shownName(field)}"`, where)
      const known = columns.get(name) ?? { where, assignments: [] }
      columns.set(name, { ...known, assignments: [...known.assignments, part] })
    }
  }
  const constants: TargetValue[] = []
  for (const [name, value] of Object.entries(file.constants ?? {})) {
    const path = ['constants', name]
    const target = findTarget(name, path, 'key', document)
    addSource(sources, target, `constant "${shownName(name)}"`, document.place(path, 'key'))
    checkGiven(value, target, path, document)
    constants.push({ target, value })
  }
  constants.sort((left, right) => (left.target.path < right.target.path ? -1 : 1))
  return { origin: 'file', ...compileCustomer(file, document), columns, constants, canonical }
}

function compileCustomer({ customer, columns = {} }: MappingFile, document: MappingDocument) {
  if (customer === undefined) return {}
  if (Object.hasOwn(columns, customer)) {
    const what = `"${shownName(customer)}" is the customer id and cannot be a field as well`
    const tip = 'Remove it here, or name another column at customer:.'
    throw document.error(['columns', customer], what, tip, 'key')
  }
  return { customer: { name: customer, where: document.place(['customer']) } }
}

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
    const mistake = findMistake(name, names.indexOf(name) < index, file)
    if (mistake !== undefined) throw document.error([...listPath, index], ...mistake)
  }
  const { separator = ' ', ...rules } = Array.isArray(spec) ? {} : spec
  const whole = await compileRules(target, rules, path, document)
  const join = { names, separator, where }
  return names.map((name, index) => [name, { ...whole, part: { join, index } }])
}

function findMistake(
  name: string,
  isSecond: boolean,
  { customer, columns = {} }: MappingFile,
): readonly [what: string, tip: string] | undefined {
  if (isSecond) return [`"${shownName(name)}" stands here a second time`, 'Name each column once.']
  if (name === customer)
    return [`"${shownName(name)}" is the customer id and cannot be part of a field`, 'Remove it here.']
  if (Object.hasOwn(columns, name) && columns[name] === 'ignore')
    return [`"${shownName(name)}" is set aside under columns: and joined here`, 'Remove one of the two.']
  return undefined
}

interface MappedSource {
  readonly path: string
  readonly label: string
}

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

async function compileEntry(entry: EntrySpec, path: Path, document: MappingDocument): Promise<Assignment> {
  if (typeof entry === 'string') return assignmentTo(findTarget(entry, path, 'value', document))
  return compileRules(findTarget(entry.field, [...path, 'field'], 'value', document), entry, path, document)
}

async function compileRules(
  target: Target,
  spec: RulesSpec,
  path: Path,
  document: MappingDocument,
): Promise<Assignment> {
  const changes: TextChange[] = []
  let last: Conversion | undefined
  for (const [index, transform] of [spec.transform ?? []].flat().entries()) {
    const made = await compileTransform(transform, hasForm(target.rule))
    const where = document.place([...path, 'transform', index])
    if ('mistake' in made) throw mappingError(where, made.mistake, made.tip)
    if (last !== undefined) {
      const what = `no transform can follow ${last.name}, which makes a value`
      throw mappingError(where, what, `Put ${last.name} last.`)
    }
    if (typeof made === 'function') changes.push(made)
    else {
      checkConversion(made, target, where)
      last = made
    }
  }
  const blank = blankRule(spec.blank, target, [...path, 'blank'], document)
  return { target, changes, conversion: last ?? assignmentTo(target).conversion, blank }
}

/** Text fields take text only. `json` fits fields that hold other values. */
function checkConversion({ name }: Conversion, target: Target, where: string): void {
  if (target.holds === 'any' || (target.holds !== 'text' && name === 'json')) return
  const fits = name === 'json' ? 'keys of metadata, metadata and addresses' : 'keys of metadata'
  throw mappingError(where, `${name} does not fit ${target.path}: it is for ${fits}`, `Remove ${name}.`)
}

function blankRule(
  spec: RulesSpec['blank'],
  target: Target,
  path: Path,
  document: MappingDocument,
): BlankRule | undefined {
  if (typeof spec !== 'object') return spec
  checkGiven(spec.clear_with, target, [...path, 'clear_with'], document)
  return { clearWith: spec.clear_with }
}

/** Checks a value of the mapping itself. Texts that look like a blank are allowed, because the user wrote them. */
function checkGiven(value: JsonValue, target: Target, path: Path, document: MappingDocument): void {
  if (value === '') return
  if (value === null) {
    const tip = 'Write one; "" sends an empty text, which clears the field.'
    throw document.error(path, 'a value is missing', tip)
  }
  const literals = new Set(typeof value === 'string' ? [value] : [])
  const checked = checkValue(value, target, { blank: 'clear', nullValues: new Set(), literals })
  let found = 'problems' in checked ? checked.problems[0] : undefined
  for (const part of found === undefined ? (splitValue(value, target) ?? []) : []) {
    if ('code' in part) found ??= part
    else checkGiven(part.value, part.target, path, document)
  }
  if (found === undefined) return
  const isBare = typeof value === 'number' || typeof value === 'boolean'
  const tip = isBare ? 'Correct the value. Put it in quotes if it is text.' : 'Correct the value.'
  throw document.error(path, `the value for ${found.field} is ${found.message}`, tip)
}

/** `part` says if the field's name is the key or the value at `path`. */
function findTarget(name: string, path: Path, part: 'key' | 'value', document: MappingDocument): Target {
  const target = targetOf(name)
  if (target !== undefined) return target
  if (reachesProto(name))
    throw document.error(path, `"${shownName(name)}": ${protoRefusal}`, 'Give the key another name.', part)
  const near = findNearest(name, part === 'value' ? ['ignore'] : []) ?? nearestPath(name)
  const orIgnore = part === 'value' ? ', or ignore' : ''
  const tip = `${didYouMean(near)}Write a field such as name, addresses[0].line_1 or metadata.tier${orIgnore}.`
  throw document.error(path, `"${shownName(name)}" is no field of Update Customer`, tip, part)
}
