/** Which source sets which field. Two sources of one field, or of one field and a place inside it, contradict each other. */
import type { Target } from './targets.ts'

export class Claims<Source> {
  readonly #claimed = new Map<string, Source>()
  /** Paths that something inside is claimed of, with the first source of that. */
  readonly #holders = new Map<string, Source>()

  /** Returns the source that has claimed the field or a part of it; if there is none, the field is claimed from now on. */
  claim(target: Target, source: Source): Source | undefined {
    const { path } = target
    const above = pathsAbove(target)
    const taken = [path, ...above].find((place) => this.#claimed.has(place))
    const other = taken === undefined ? this.#holders.get(path) : this.#claimed.get(taken)
    if (other !== undefined) return other
    this.#claimed.set(path, source)
    for (const holder of above) if (!this.#holders.has(holder)) this.#holders.set(holder, source)
    return undefined
  }
}

/** The paths that a target is inside of: `metadata` and `metadata.a` for `metadata.a.b`. */
function pathsAbove({ address, keys }: Target): readonly string[] {
  const top = address === undefined ? [] : ['addresses', `addresses[${address}]`]
  const start = top.slice(-1)
  const inner = keys.slice(0, -1).map((_, depth) => [...start, ...keys.slice(0, depth + 1)].join('.'))
  return [...top, ...inner]
}
