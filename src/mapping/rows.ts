/**
 * Maps rows to patches: each cell or key is assigned to its fields, then constants are set. Merges the patches of two rows of one
 * customer.
 */
import { isJsonObject, valueAt, type JsonValue } from '../model/json.ts'
import type { Problem } from '../model/errors.ts'
import { isInvisible } from '../model/invisible.ts'
import type { OnReplace } from '../model/ports.ts'
import { overlaps, valueIn, type Place, type Patch, type PatchedRow, type Row } from '../model/row.ts'
import { describeIdDefect, isCustomerId, type Target, type TargetValue } from '../rapyd/customer-fields.ts'
import { assignmentInside, type Mapping, type Assignment, type Join } from './mapping.ts'
import { Claims, splitValue, targetOf } from './targets.ts'
import { readCell, readJoined, type CellRules, type CellReading } from './cells.ts'
import { gapIn, namelessColumn, type ColumnsOf } from './headers.ts'
import { shownName } from '../model/text.ts'

export type MapRow = (row: Row, onReplace?: OnReplace) => MappedRow

/**
 * Maps the cells or keys of a row. An absent key leaves its field alone. Throws INPUT, E_HEADER_UNKNOWN_COLUMN, at a value in a column
 * without a name.
 */
export function compileRows(
  columnsOf: ColumnsOf,
  { customer, constants }: Mapping,
  rules: CellRules,
): MapRow {
  const idNames =
    customer === undefined
      ? 'customer, customer_id or id'
      : `"${shownName(customer.name)}", which the mapping names as the customer id`
  const noId: Problem = { code: 'E_ID', field: 'customer', message: `no key is called ${idNames}` }
  return (row, onReplace) => {
    const draft = new RowDraft(onReplace === undefined ? rules : { ...rules, onReplace })
    const columns = columnsOf(row)
    const [idColumn, twin] = columns.filter(({ isId }) => isId)
    const id = valueIn(row, idColumn)
    const customerId = typeof id === 'string' ? id : ''
    if (idColumn === undefined) draft.refuse(noId)
    else if (!isCustomerId(customerId)) draft.refuse(badId(idColumn.name, id))
    if (twin !== undefined) draft.refuse(sameField('customer'))
    // Two columns of a header never have one field.
    const claims = row.kind === 'ndjson' ? new Claims<Target>() : undefined
    for (const { target } of constants) claims?.claim(target, target)
    for (const column of columns) {
      const value = valueIn(row, column)
      if (value === undefined) continue
      if (column.problem !== undefined) draft.refuse(column.problem)
      if (column.isNameless === true && typeof value === 'string' && !isInvisible(value))
        throw namelessColumn(column, row.line)
      for (const assignment of column.assignments) {
        const { target, part } = assignment
        const isFree = claims?.claim(target, target, part?.join) === undefined
        if (!isFree || !draft.assign(value, assignment)) draft.refuse(sameField(target.path))
      }
    }
    const { row: number, line, offset, length } = row
    return draft.finish({ row: number, line, offset, length }, customerId, constants)
  }
}

function badId(column: string, text: JsonValue | undefined): Problem {
  const message = typeof text === 'string' ? describeIdDefect(text) : 'not a customer id'
  return { code: 'E_ID', field: column, message }
}

function sameField(path: string): Problem {
  return {
    code: 'E_DUPLICATE_KEY',
    field: path,
    message: 'two keys are the same field, or one is inside the other',
  }
}

export interface RefusedRow {
  /** Empty if the id is not valid. */
  readonly customerId: string
  readonly problems: readonly Problem[]
}

export type MappedRow = PatchedRow | RefusedRow

export function isRefused(mapped: MappedRow): mapped is RefusedRow {
  return 'problems' in mapped
}

class RowDraft {
  readonly #rules: CellRules
  readonly #problems: Problem[] = []
  readonly #patch: Patch = {}
  readonly #fields = new Set<string>()
  readonly #cleared: string[] = []
  /** Cells of each joined field, by the index of their part. */
  readonly #joins = new Map<Join, { readonly assignment: Assignment; readonly values: JsonValue[] }>()
  /** Addresses with a cell; true if a cell is not blank. */
  readonly #addresses = new Map<number, boolean>()

  constructor(rules: CellRules) {
    this.#rules = rules
  }

  refuse(problem: Problem): void {
    this.#problems.push(problem)
  }

  /** Sets the field of a cell. Returns false for a part of a joined field that was assigned before. */
  assign(value: JsonValue, assignment: Assignment): boolean {
    const { target, part } = assignment
    if (part === undefined) {
      this.#read(value, assignment, target.holds === 'addresses' ? target.path : undefined)
      return true
    }
    const joined = this.#joins.get(part.join) ?? { assignment, values: [] }
    if (part.index in joined.values) return false
    joined.values[part.index] = value
    this.#joins.set(part.join, joined)
    return true
  }

  /** Reads a value and what is inside it. `list` is the whole field, if the value is a list of addresses or inside one. */
  #read(value: JsonValue, assignment: Assignment, list: string | undefined): void {
    const { target } = assignment
    const reading = readCell(value, assignment, this.#rules)
    const parts = 'value' in reading && !reading.cleared ? splitValue(reading.value, target) : undefined
    if (parts === undefined) {
      this.#take(target, reading, list)
      return
    }
    for (const part of parts) {
      if ('code' in part) this.#problems.push(part)
      else this.#read(part.value, assignmentInside(part.target, assignment), list)
    }
  }

  #take(target: Target, reading: CellReading, list?: string): void {
    const { address } = target
    const isFilled = 'value' in reading && reading.value !== undefined && !reading.cleared
    if (address !== undefined) this.#addresses.set(address, isFilled || this.#addresses.get(address) === true)
    if ('problems' in reading) this.#problems.push(...reading.problems)
    else if (reading.value !== undefined) this.#put(target, reading.value, reading.cleared, list)
  }

  #put(target: Target, value: JsonValue, clears: boolean, list?: string): void {
    setValue(this.#patch, target, value)
    this.#fields.add(list ?? target.path)
    if (clears) this.#cleared.push(target.path)
  }

  /** `at` must be the place of the row alone. */
  finish(at: Place, customerId: string, constants: readonly TargetValue[]): MappedRow {
    for (const [join, { assignment, values }] of this.#joins)
      this.#take(assignment.target, readJoined(join, values, assignment, this.#rules))
    const problems = this.#problems
    // Constants alone make no address.
    const blank = new Set<number>()
    for (const [address, isFilled] of this.#addresses) if (!isFilled) blank.add(address)
    for (const { target, value } of constants) {
      this.#put(target, value, value === '')
      if (target.address !== undefined) this.#addresses.set(target.address, true)
    }
    if (problems.length === 0 && gapIn(this.#addresses) !== undefined) problems.push(addressGap)
    if (problems.length > 0) return { customerId: isCustomerId(customerId) ? customerId : '', problems }
    const sent = { patch: this.#patch, fields: [...this.#fields], cleared: this.#cleared }
    return { ...at, customerId, ...(blank.size === 0 ? sent : withoutAddresses(sent, blank)) }
  }
}

const addressGap: Problem = {
  code: 'E_ADDRESS_GAP',
  field: 'addresses',
  message: 'a later address is given, but not one before it',
}

type PatchContent = Pick<PatchedRow, 'patch' | 'fields' | 'cleared'>

/**
 * Leaves out addresses that have only blanks, because Rapyd would append an empty address on every run (rapyd-api.md, 5.3). The
 * others keep their numbers, and the request closes the gaps.
 */
function withoutAddresses(
  { patch, fields, cleared }: PatchContent,
  blank: ReadonlySet<number>,
): PatchContent {
  const { addresses, ...others } = patch
  const items: JsonValue[] = []
  // `blank: keep` may leave no list at all.
  if (isList(addresses))
    for (const [index, item] of Object.entries(addresses))
      if (!blank.has(Number(index))) items[Number(index)] = item
  const isKept = (path: string): boolean => {
    if (path === 'addresses') return items.length > 0
    return !path.startsWith('addresses[') || !blank.has(Number.parseInt(path.slice('addresses['.length), 10))
  }
  return {
    patch: items.length === 0 ? others : { ...patch, addresses: items },
    fields: fields.filter(isKept),
    cleared: cleared.filter(isKept),
  }
}

/**
 * For each path, the last row that names it wins. A whole top-level field replaces the paths inside it; paths such as
 * `metadata.tier` and `addresses[0].city` are merged. `earlier` may be a merged row.
 */
export function mergeRows(earlier: PatchedRow, later: PatchedRow): PatchedRow {
  const patch: Patch = {}
  /** Paths of the patch, and what is cleared at each or inside it. */
  const paths = new Map<string, readonly string[]>()
  for (const row of [earlier, later]) {
    for (const path of row.fields) {
      const target = findTarget(row.patch, path)
      for (const other of paths.keys()) {
        if (other !== path && overlaps(other, path) && isLost(patch, other, path)) paths.delete(other)
      }
      setValue(patch, target, copyValue(valueAt(row.patch, stepsTo(target))))
      paths.set(
        path,
        row.cleared.filter((cleared) => cleared.length >= path.length && overlaps(cleared, path)),
      )
    }
  }
  const { row, line, offset, length, customerId } = later
  const [fields, cleared] = [[...paths.keys()], [...paths.values()].flat()]
  return { row, line, offset, length, customerId, patch, fields, cleared }
}

/** A path inside `path` is replaced. A field around it stays if it is an object or list, and not if it was cleared. */
function isLost(patch: Patch, other: string, path: string): boolean {
  return other.length > path.length || typeof valueAt(patch, stepsTo(findTarget(patch, other))) !== 'object'
}

/** A copy, because values that are set inside it later must not change the earlier row. */
function copyValue(value: JsonValue | undefined): JsonValue {
  if (value === undefined) throw new Error('a row without a value that it names')
  return typeof value === 'object' ? structuredClone(value) : value
}

function stepsTo({ address, keys }: Target): readonly (string | number)[] {
  return address === undefined ? keys : ['addresses', address, ...keys]
}

function findTarget(patch: Patch, path: string): Target {
  const keys = findKeys(patch, path)
  const target = keys === undefined ? targetOf(path) : { path, keys, holds: 'any' as const }
  if (target === undefined) throw new Error('a row with a path that is no field')
  return target
}

/** The keys of a path, by the objects that it leads through: a key of metadata may hold dots itself. */
function findKeys(value: JsonValue | undefined, path: string): readonly string[] | undefined {
  if (!isJsonObject(value)) return undefined
  if (Object.hasOwn(value, path)) return [path]
  for (const key of Object.keys(value)) {
    const inner = path.startsWith(`${key}.`) ? findKeys(value[key], path.slice(key.length + 1)) : undefined
    if (inner !== undefined) return [key, ...inner]
  }
  return undefined
}

/** Sets the value of a target, and creates the objects and the address around it. */
function setValue(patch: Patch, { address, keys }: Target, value: JsonValue): void {
  let holder = address === undefined ? patch : addressIn(patch, address)
  const last = keys.length - 1
  for (let depth = 0; depth < last; depth++) holder = objectIn(holder, keys[depth] ?? '')
  holder[keys[last] ?? ''] = value
}

function addressIn(patch: Patch, address: number): Patch {
  const { addresses } = patch
  const list: JsonValue[] = isList(addresses) ? addresses : []
  const held = list[address]
  const item: Patch = isObject(held) ? held : {}
  list[address] = item
  patch['addresses'] = list
  return item
}

/** Inherited members such as `toString` are no objects, and `__proto__` is no key: an object here is data. */
function objectIn(holder: Patch, key: string): Patch {
  const held = holder[key]
  if (isObject(held)) return held
  const made: Patch = {}
  holder[key] = made
  return made
}

/** May be changed: paths that overlap are refused, so no object of the input is inside a patch here. */
function isObject(value: JsonValue | undefined): value is Patch {
  return isJsonObject(value)
}

function isList(value: JsonValue | undefined): value is JsonValue[] {
  return Array.isArray(value)
}
