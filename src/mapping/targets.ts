/**
 * What a column's name stands for: the customer id, a field of Update Customer, a place inside `addresses` or
 * `metadata`, one of our own columns, or nothing known.
 */
import { nearest, normalise } from '../domain/nearest.ts'
import { addressField, addressFields, customerField, customerFields } from '../rapyd/customer-fields.ts'
import type { CustomerField } from '../rapyd/customer-fields.ts'

export type Target =
  | { readonly kind: 'field'; readonly path: string; readonly field: CustomerField }
  | {
      readonly kind: 'address'
      readonly path: string
      readonly index: number
      readonly keys: readonly string[]
      readonly field: CustomerField
    }
  | { readonly kind: 'metadata'; readonly path: string; readonly keys: readonly string[] }

/** Most addresses that one row can name; more is a typing error, not a customer. */
const mostAddresses = 20
/** As deep as JSON may be with the patch and its field around it. */
const mostKeys = 30

const fieldNames = new Map(customerFields.map((field) => [normalise(field.name), field.name]))
const addressNames = new Map(addressFields.map((field) => [normalise(field.name), field.name]))

/** Finds the target that `name` stands for, or nothing. Keys of metadata keep their spelling. */
export function targetOf(name: string): Target | undefined {
  const [head = '', ...keys] = name.trim().split('.')
  const item = /^(.*?)\[(\d{1,3})\]$/.exec(head.trim())
  if (item !== null && normalise(item[1] ?? '') === 'addresses') return addressTarget(Number(item[2]), keys)
  const field = customerField(fieldNames.get(normalise(head)) ?? '')
  if (field === undefined) return undefined
  if (keys.length === 0) return { kind: 'field', path: field.name, field }
  if (field.type !== 'metadata' || !areKeys(keys)) return undefined
  return { kind: 'metadata', path: ['metadata', ...keys].join('.'), keys }
}

function addressTarget(index: number, keys: readonly string[]): Target | undefined {
  const [key = '', ...deeper] = keys
  const field = addressField(addressNames.get(normalise(key)) ?? '')
  if (field === undefined || index >= mostAddresses) return undefined
  if (deeper.length > 0 && (field.type !== 'metadata' || !areKeys(deeper))) return undefined
  if (deeper.length === 0 && field.type === 'metadata') return undefined
  const all = [field.name, ...deeper]
  return { kind: 'address', path: `addresses[${index}].${all.join('.')}`, index, keys: all, field }
}

function areKeys(keys: readonly string[]): boolean {
  return keys.length <= mostKeys && keys.every((key) => key !== '' && key !== '__proto__')
}

/** True where a name reaches inside a field through `__proto__`, the one key that is no data. */
export function reachesProto(name: string): boolean {
  return name.trim().split('.').includes('__proto__', 1)
}

/** What is told then. */
export const protoRefusal = '__proto__ cannot be a key: JavaScript would set it aside instead of sending it'

const columnNames = [...customerFields.map((field) => field.name), 'customer']

/** The field whose name is nearest to `name`, where one is near enough to be meant. */
export function nearestField(name: string): string | undefined {
  return nearest(name, columnNames)
}
