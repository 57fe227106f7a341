/** What the keys of NDJSON rows stand for under a mapping: its own names first, then names that are nearly the same, then fields. */
import type { JsonObject } from '../domain/json.ts'
import { normalise } from '../domain/nearest.ts'
import type { Problem } from '../domain/problem.ts'
import { plainAssignment } from './compiled-mapping.ts'
import type { Assignment, Mapping } from './compiled-mapping.ts'
import { isOurColumn } from './headers.ts'
import { idKeys, unknownKey } from './mapping-ndjson.ts'
import { targetOf } from './targets.ts'

export interface Keys {
  /** The key of the customer id in this record. */
  idOf(record: JsonObject): string | undefined
  /** None where the key is set aside. */
  assignmentsOf(key: string): readonly Assignment[] | Problem
}

export function createKeys(ignore: readonly string[], mapping: Mapping): Keys {
  const { customer, columns } = mapping
  const setAside = new Set(ignore.map(normalise))
  const nearly = new Map<string, readonly Assignment[]>()
  const unclear = new Set<string>()
  for (const [name, { assignments }] of columns) {
    const normal = normalise(name)
    if (nearly.has(normal)) unclear.add(normal)
    nearly.set(normal, assignments)
  }
  const wantedId = customer === undefined ? undefined : normalise(customer.name)
  return {
    idOf(record) {
      if (customer === undefined) {
        return idKeys.find((key) => Object.hasOwn(record, key) && !nearly.has(normalise(key)))
      }
      if (Object.hasOwn(record, customer.name)) return customer.name
      return Object.keys(record).find((key) => normalise(key) === wantedId && !columns.has(key))
    },
    assignmentsOf(key) {
      const normal = normalise(key)
      if (isOurColumn(key) || setAside.has(normal)) return []
      const named = columns.get(key)
      if (named !== undefined) return named.assignments
      const near = nearly.get(normal)
      if (near !== undefined && !unclear.has(normal)) return near
      const target = targetOf(key)
      return target?.kind === 'field' ? [plainAssignment(target)] : unknownKey(key)
    },
  }
}
