/** What the keys of NDJSON records stand for without a mapping: they match as headers do, and reach inside as headers do. */
import type { JsonObject } from '../domain/json.ts'
import { normalise } from '../domain/nearest.ts'
import type { Problem } from '../domain/problem.ts'
import { customerFields } from '../rapyd/customer-fields.ts'
import type { CustomerField } from '../rapyd/customer-fields.ts'
import { isOurColumn } from './headers.ts'
import { lookupOnce } from './lookup-once.ts'
import { nearestPath } from './nearest-path.ts'
import { protoRefusal, reachesProto, targetOf } from './targets.ts'
import type { Target } from './targets.ts'

/** A key that names a whole field. `bit` is the field's, among those that a record has given. */
export interface WholeKey {
  readonly kind: 'whole'
  readonly field: CustomerField
  readonly bit: number
}

/** A key that names a place inside a field, whose `bit` it is. */
export interface InsideKey {
  readonly kind: 'inside'
  readonly target: InsideTarget
  readonly bit: number
}

export type InsideTarget = Exclude<Target, { readonly kind: 'field' }>

export type Meaning =
  | WholeKey
  | InsideKey
  /** Of several the lowest rank is the id. */
  | { readonly kind: 'id'; readonly rank: number }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'unknown'; readonly problem: Problem }

/** Names of the key with the customer id, the first one that is there wins. */
const idKeys = ['customer', 'customer_id', 'id'].map(normalise)

/** Place of a key among the names of the customer id; -1 for any other. */
export function idRank(key: string): number {
  return idKeys.indexOf(normalise(key))
}

/** The key of the customer id in a record. */
export function idKeyOf(record: JsonObject): string | undefined {
  const keys = Object.keys(record).filter((key) => idRank(key) >= 0)
  return keys.sort((left, right) => idRank(left) - idRank(right))[0]
}

/** `ignore` holds keys that are set aside. */
export function createMeanings(ignore: readonly string[]): (key: string) => Meaning {
  const setAside = new Set(ignore.map(normalise))
  return lookupOnce((key) => {
    if (isOurColumn(key) || setAside.has(normalise(key))) return { kind: 'ignored' }
    const rank = idRank(key)
    if (rank >= 0) return { kind: 'id', rank }
    const target = targetOf(key)
    if (target === undefined) return { kind: 'unknown', problem: unknownKey(key) }
    if (target.kind === 'field') return { kind: 'whole', field: target.field, bit: bitOf(target.path) }
    return { kind: 'inside', target, bit: bitOf(target.kind === 'metadata' ? 'metadata' : 'addresses') }
  })
}

function bitOf(field: string): number {
  return 1 << customerFields.findIndex(({ name }) => name === field)
}

export function unknownKey(key: string): Problem {
  const field = key.slice(0, 64)
  if (reachesProto(key)) return { code: 'E_KEY', field, message: protoRefusal }
  const near = nearestPath(field)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return { code: 'E_UNKNOWN_FIELD', field, message: `no field of Update Customer${hint}` }
}

export function sameField(path: string): Problem {
  return {
    code: 'E_DUPLICATE_KEY',
    field: path,
    message: 'two keys are the same field, or one is inside the other',
  }
}

/** Where no key of a record is the customer id. */
export function missingId(names: string): Problem {
  return { code: 'E_ID', field: 'customer', message: `no key is called ${names}` }
}
