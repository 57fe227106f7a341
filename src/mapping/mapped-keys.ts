/** What the keys of NDJSON rows stand for under a mapping: its own names first, then names that are nearly the same, then fields. */
import type { JsonObject } from '../domain/json.ts'
import { normalise } from '../domain/nearest.ts'
import type { Problem } from '../domain/problem.ts'
import { plainAssignment } from './compiled-mapping.ts'
import type { Assignment, Mapping } from './compiled-mapping.ts'
import { isOurColumn } from './headers.ts'
import { lookupOnce } from './lookup-once.ts'
import { idRank, unknownKey } from './ndjson-keys.ts'
import { targetOf } from './targets.ts'

export interface Keys {
  /** The keys of a record that may be the customer id and are equally likely to be, best ones only: none, one, or too many. */
  idsOf(record: JsonObject): readonly string[]
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

  /** The lowest is the id; -1 for keys that cannot be it. */
  const rankOf = lookupOnce((key): number => {
    const normal = normalise(key)
    if (setAside.has(normal)) return -1
    if (customer === undefined) return nearly.has(normal) ? -1 : idRank(key)
    if (key === customer.name) return 0
    return normal === wantedId && !columns.has(key) ? 1 : -1
  })

  return {
    idsOf(record) {
      let best: string[] = []
      let lowest = Infinity
      for (const key of Object.keys(record)) {
        const rank = rankOf(key)
        if (rank < 0 || rank > lowest) continue
        if (rank < lowest) best = []
        lowest = rank
        best.push(key)
      }
      return best
    },
    assignmentsOf: lookupOnce((key) => {
      const normal = normalise(key)
      if (isOurColumn(key) || setAside.has(normal)) return []
      const named = columns.get(key)
      if (named !== undefined) return named.assignments
      const near = nearly.get(normal)
      if (near !== undefined && !unclear.has(normal)) return near
      const target = targetOf(key)
      if (mapping.isPreset === true && (target === undefined || target.kind === 'field')) return []
      return target === undefined ? unknownKey(key) : [plainAssignment(target)]
    }),
  }
}
