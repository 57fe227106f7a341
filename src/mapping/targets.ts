/** Targets of columns and keys: a field of Update Customer, or a place inside `addresses` or `metadata`. */
import { isJsonObject, type JsonValue } from '../model/json.ts'
import { findNearest, normalise } from '../model/text.ts'
import type { Problem } from '../model/errors.ts'
import { codePointOf, findInvisible } from '../model/invisible.ts'
import {
  findAddressField,
  addressFields,
  findCustomerField,
  customerFields,
  isAddressList,
  type Target,
  type TargetValue,
} from '../rapyd/customer-fields.ts'

/** More addresses in a row are a typing error. */
const mostAddresses = 20
/** The deepest JSON that is allowed, minus the patch and its field. */
const mostKeys = 30

const fieldNames = new Map(customerFields.map((field) => [normalise(field.name), field.name]))
const addressNames = new Map(addressFields.map((field) => [normalise(field.name), field.name]))

/** Returns undefined for a name that is no field. Keys of metadata keep their spelling. */
export function targetOf(name: string): Target | undefined {
  const [head = '', ...inside] = name.trim().split('.')
  const item = /^(.*?)\[(\d{1,3})\]$/.exec(head.trim())
  if (item !== null && normalise(item[1] ?? '') === 'addresses') return addressTarget(Number(item[2]), inside)
  const field = findCustomerField(fieldNames.get(normalise(head)) ?? '')
  if (field === undefined) return undefined
  const keys = [field.name, ...inside]
  if (inside.length === 0) return { path: field.name, keys, holds: field.type, rule: field.rule }
  if (field.type !== 'metadata' || !areKeys(inside)) return undefined
  return { path: keys.join('.'), keys, holds: 'any' }
}

function addressTarget(address: number, [key = '', ...inside]: readonly string[]): Target | undefined {
  const field = findAddressField(addressNames.get(normalise(key)) ?? '')
  if (field === undefined || address >= mostAddresses) return undefined
  // The metadata of an address is set by key, and its other fields have no keys.
  if ((field.type === 'metadata') !== inside.length > 0 || !areKeys(inside)) return undefined
  const keys = [field.name, ...inside]
  const holds = inside.length > 0 ? 'any' : field.type
  return { path: `addresses[${address}].${keys.join('.')}`, address, keys, holds, rule: field.rule }
}

function areKeys(keys: readonly string[]): boolean {
  return keys.length <= mostKeys && keys.every((key) => key !== '' && key !== '__proto__')
}

/** The target of a name that is a place inside a field. Under a preset, only those count. */
export function partOfField(name: string): Target | undefined {
  const target = targetOf(name)
  return target?.address !== undefined || (target?.keys.length ?? 0) > 1 ? target : undefined
}

/**
 * The members of an object or of a list of addresses, each with the target of its own path. Returns undefined if the value is one
 * for its target: a text, a list inside metadata, an empty object.
 */
export function splitValue(
  value: JsonValue | undefined,
  target: Target,
): readonly (TargetValue | Problem)[] | undefined {
  const { path, keys, holds } = target
  if (holds === 'addresses') {
    if (!isAddressList(value)) return undefined
    const filled = value.filter((item) => Object.keys(item).length > 0)
    return filled.flatMap((item, index) =>
      Object.entries(item).map(([key, inner]) => addressPart(index, key, inner)),
    )
  }
  if (holds === 'text' || !isJsonObject(value)) return undefined
  // All of metadata without keys sets nothing. Inside metadata it is a value.
  if (holds === 'any' && Object.keys(value).length === 0) return undefined
  return Object.entries(value).map(([key, inner]) => {
    const problem = keyProblem(`${path}.${key}`, key)
    if (problem !== undefined) return problem
    return { target: { ...target, path: `${path}.${key}`, keys: [...keys, key], holds: 'any' }, value: inner }
  })
}

/** The problem of a key of the user's own that is not what it looks like. Spaces inside are seen. */
export function keyProblem(field: string, key: string): Problem | undefined {
  const [control] = /\p{Cc}/u.exec(key) ?? []
  const point = control === undefined ? findInvisible(key.replace(/\p{Zs}/gu, ' ')) : codePointOf(control)
  if (point === undefined && key === key.trim()) return undefined
  const message =
    point === undefined ? 'has spaces around it' : `holds a character that cannot be seen (${point})`
  return { code: 'E_INVISIBLE_CHAR', field, message: `the key ${message}` }
}

function addressPart(address: number, key: string, value: JsonValue): TargetValue | Problem {
  const field = findAddressField(key)
  const path = `addresses[${address}].${key}`
  return field === undefined
    ? { code: 'E_UNKNOWN_FIELD', field: path, message: 'no field of an address' }
    : { target: { path, address, keys: [key], holds: field.type, rule: field.rule }, value }
}

/** True for a name with the key `__proto__`, which is no data in JavaScript. */
export function reachesProto(name: string): boolean {
  return name.trim().split('.').includes('__proto__', 1)
}

export const protoRefusal = '__proto__ cannot be a key: JavaScript would set it aside instead of sending it'

const columnNames = [...customerFields.map((field) => field.name), 'customer']

/** Returns the most similar path: `adresses[0].lin_1` gives `addresses[0].line_1`. */
export function nearestPath(path: string): string | undefined {
  const [, head = '', index = '', rest = ''] = /^([^.[]*)(\[\d{1,3}\])?\.?(.*)$/s.exec(path.trim()) ?? []
  const field = findNearest(head, columnNames)
  if (field === 'addresses' && rest !== '') {
    const names = addressFields.map(({ name }) => name)
    const key = findNearest(rest, names) ?? names.find((name) => normalise(rest).includes(normalise(name)))
    return key === undefined ? undefined : `addresses${index === '' ? '[0]' : index}.${key}`
  }
  const keys = rest.split('.').filter((key) => key !== '')
  return field === 'metadata' && keys.length > 0 ? `metadata.${keys.join('.')}` : field
}

/**
 * Records which source sets which field. Two sources conflict if their fields are equal or one contains the other, except the columns
 * of one joined field.
 */
export class Claims<Source> {
  readonly #claimed = new Map<string, Source>()
  readonly #joins = new Set<object>()
  /** Paths that contain a claimed field, with its first source. */
  readonly #holders = new Map<string, Source>()

  /** Returns the source that conflicts; if there is none, claims the field. */
  claim(target: Target, source: Source, join?: object): Source | undefined {
    const { path } = target
    if (join !== undefined && this.#joins.has(join)) return undefined
    const above = pathsAbove(target)
    const taken = [path, ...above].find((place) => this.#claimed.has(place))
    const other = taken === undefined ? this.#holders.get(path) : this.#claimed.get(taken)
    if (other !== undefined) return other
    this.#claimed.set(path, source)
    if (join !== undefined) this.#joins.add(join)
    for (const holder of above) if (!this.#holders.has(holder)) this.#holders.set(holder, source)
    return undefined
  }
}

/** The paths that contain a target: `metadata` and `metadata.a` for `metadata.a.b`. */
function pathsAbove({ address, keys }: Target): readonly string[] {
  const top = address === undefined ? [] : ['addresses', `addresses[${address}]`]
  const start = top.slice(-1)
  const inner = keys.slice(0, -1).map((_, depth) => [...start, ...keys.slice(0, depth + 1)].join('.'))
  return [...top, ...inner]
}
