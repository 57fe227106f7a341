/**
 * Group commits: what arrives while a commit is due goes to disk with it. A commit costs a few milliseconds of disk
 * time, so commits are spaced to take at most a twentieth of the time, unless so much waits that waiting longer gains nothing.
 */

export interface GroupCommit<Item> {
  /** Resolves when the item is durable; rejects when the commit failed, and from then on always. */
  add(item: Item): Promise<void>
  /** Commits an item now, with all that waits; throws when the commit failed, and from then on always. */
  addNow(item: Item): void
  /** Commits what waits, now. */
  flush(): void
}

/** Longest time that an item waits for company. */
const longestGapMs = 100
/** Commits take one part of the time out of so many. */
const partsOfTime = 20
/** A group smaller than this shows that little is under way: whoever waits for it should not wait for company. */
const smallGroup = 64

interface Waiting<Item> {
  readonly item: Item
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** `commit` writes the items in one transaction, synchronously. `enough` items are committed without waiting for more. */
export function createGroupCommit<Item>(
  commit: (items: readonly Item[]) => void,
  enough: number,
): GroupCommit<Item> {
  let waiting: Waiting<Item>[] = []
  /** Cancels the commit that is due; nothing when none is. */
  let cancel: (() => void) | undefined
  let nextAt = 0
  let failure: { readonly error: unknown } | undefined

  function flush(): void {
    if (waiting.length === 0) return
    const group = waiting
    waiting = []
    const start = performance.now()
    try {
      // After one failed commit nobody knows what is on disk: a second try that succeeds would lie.
      if (failure !== undefined) throw failure.error
      commit(group.map(({ item }) => item))
    } catch (error) {
      failure = { error }
      for (const { reject } of group) reject(error)
      return
    }
    const end = performance.now()
    const spacing = (end - start) * (partsOfTime - 1) * Math.min(1, group.length / smallGroup)
    nextAt = end + Math.min(longestGapMs, spacing)
    for (const { resolve } of group) resolve()
  }

  function due(): void {
    cancel = undefined
    flush()
  }

  function schedule(): void {
    const gap = waiting.length >= enough ? 0 : nextAt - performance.now()
    if (gap > 1) {
      const timer = setTimeout(due, gap)
      cancel = () => clearTimeout(timer)
    } else {
      const immediate = setImmediate(due)
      cancel = () => clearImmediate(immediate)
    }
  }

  return {
    add(item) {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (cancel === undefined) schedule()
        else if (waiting.length === enough) {
          cancel()
          schedule()
        }
      })
    },
    addNow(item) {
      let failed: { readonly error: unknown } | undefined
      waiting.push({ item, resolve() {}, reject: (error) => (failed = { error }) })
      flush()
      if (failed !== undefined) throw failed.error
    },
    flush,
  }
}
