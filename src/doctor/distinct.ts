/** Counts different texts exactly up to a limit, and then says no more than that there are more. Memory is bounded. */
import { hash } from 'node:crypto'

export interface Distinct {
  add(text: string): void
  readonly count: number
  /** True where there are more than `count`. */
  readonly more: boolean
}

/** Longer texts are known by their digest. */
const longestKept = 200

export function createDistinct(limit: number): Distinct {
  const known = new Set<string>()
  let more = false
  let before: string | undefined

  return {
    add(text) {
      // Many columns say the same row for row; to look that up would take longer than to compare it.
      if (more || text === before) return
      before = text
      const key = text.length > longestKept ? hash('sha1', text) : text
      if (known.has(key)) return
      if (known.size >= limit) more = true
      // A cell is a piece of its block, and would keep all of it in memory: what is kept is a copy.
      else known.add(Buffer.from(key, 'utf16le').toString('utf16le'))
    },
    get count() {
      return known.size
    },
    get more() {
      return more
    },
  }
}
