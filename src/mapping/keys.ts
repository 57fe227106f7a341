/** Matches the keys of NDJSON rows: with equal names of the mapping first, then nearly equal ones, then fields. */
import type { JsonObject } from '../model/json.ts'
import { normalise } from '../model/text.ts'
import type { Problem } from '../model/errors.ts'
import { idRank, isOurColumn } from './column-names.ts'
import { assignmentByName } from './mapping.ts'
import type { Assignment, Mapping } from './mapping.ts'
import { nearestPath, partOfField, protoRefusal, reachesProto, targetOf, keyProblem } from './targets.ts'

export interface Keys {
  /** The keys with the best name for the customer id. More than one is ambiguous. */
  idsOf(record: JsonObject): readonly string[]
  /** Empty if the key is set aside. */
  assignmentsOf(key: string): readonly Assignment[] | Problem
}

interface Meaning {
  /** The key with the lowest rank is the id; undefined if the key cannot be it. */
  readonly idRank: number | undefined
  readonly assignments: readonly Assignment[] | Problem
}

/** Bounds the memory for keys, because every row may have its own. */
const mostRemembered = 1_000
const longestRemembered = 200

/** `ignore` are keys to set aside. */
export function createKeys(ignore: readonly string[], mapping: Mapping): Keys {
  const { customer, columns, origin } = mapping
  const setAside = new Set(ignore.map(normalise))
  /** Undefined where several names are nearly equal. */
  const nearly = new Map<string, readonly Assignment[] | undefined>()
  for (const [name, { assignments }] of columns) {
    const normal = normalise(name)
    nearly.set(normal, nearly.has(normal) ? undefined : assignments)
  }
  const wantedId = customer === undefined ? undefined : normalise(customer.name)
  const known = new Map<string, Meaning>()

  function rankOf(key: string, normal: string): number | undefined {
    if (setAside.has(normal)) return undefined
    if (customer !== undefined) {
      if (key === customer.name) return 0
      return normal === wantedId && !columns.has(key) ? 1 : undefined
    }
    const rank = idRank(key)
    return rank < 0 || nearly.has(normal) ? undefined : rank
  }

  function find(key: string, normal: string): readonly Assignment[] | Problem {
    if (isOurColumn(key) || setAside.has(normal)) return []
    const named = columns.get(key)
    if (named !== undefined) return named.assignments
    const near = nearly.get(normal)
    if (near !== undefined) return near
    const target = origin === 'preset' ? partOfField(key) : targetOf(key)
    const problem = target?.holds === 'any' ? keyProblem(target.path, target.keys.at(-1) ?? '') : undefined
    if (problem !== undefined) return problem
    if (target !== undefined) return [assignmentByName(target, origin, 'ndjson')]
    return origin === 'preset' ? [] : unknownKey(key)
  }

  function meaningOf(key: string): Meaning {
    const remembered = known.get(key)
    if (remembered !== undefined) return remembered
    const normal = normalise(key)
    const meaning = { idRank: rankOf(key, normal), assignments: find(key, normal) }
    if (known.size < mostRemembered && key.length <= longestRemembered) known.set(key, meaning)
    return meaning
  }

  return {
    idsOf(record) {
      let best: string[] = []
      let lowest = Infinity
      for (const key of Object.keys(record)) {
        const rank = meaningOf(key).idRank
        if (rank === undefined || rank > lowest) continue
        if (rank < lowest) best = []
        lowest = rank
        best.push(key)
      }
      return best
    },
    assignmentsOf: (key) => meaningOf(key).assignments,
  }
}

function unknownKey(key: string): Problem {
  const field = key.slice(0, 64)
  if (reachesProto(key)) return { code: 'E_KEY', field, message: protoRefusal }
  const near = nearestPath(field)
  const hint = near === undefined ? '' : `; did you mean ${near}?`
  return { code: 'E_UNKNOWN_FIELD', field, message: `no field of Update Customer${hint}` }
}
