/** Which fields the keys of one row have given. Two keys for one place, or one place inside the other, are a contradiction. */
import type { Target } from './targets.ts'

/** Makes the claims of one row: true where the target is free, and from then on it is taken. */
export function createClaims(): (target: Target) => boolean {
  const given = new Set<string>()
  const holders = new Set<string>()
  return (target) => {
    const above = holdersOf(target)
    if (given.has(target.path) || holders.has(target.path)) return false
    if (above.some((path) => given.has(path))) return false
    given.add(target.path)
    for (const path of above) holders.add(path)
    return true
  }
}

/** The paths that a target is inside of: `metadata` and `metadata.a` for `metadata.a.b`. */
function holdersOf(target: Target): readonly string[] {
  if (target.kind === 'field') return []
  const top = target.kind === 'metadata' ? 'metadata' : `addresses[${target.index}]`
  const paths = target.kind === 'metadata' ? [top] : ['addresses', top]
  let path = top
  for (const key of target.keys.slice(0, -1)) {
    path = `${path}.${key}`
    paths.push(path)
  }
  return paths
}
