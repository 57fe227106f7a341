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
/** A smaller group shows that little is under way: it should not wait for more. */
const smallGroup = 64

/** What goes to disk together, and the one promise that everybody who waits for it has been given. */
interface Group<Item> extends PromiseWithResolvers<void> {
  readonly items: Item[]
}

/** `commit` writes the items in one transaction, synchronously. `enough` items are committed without waiting for more. */
export function createGroupCommit<Item>(
  commit: (items: readonly Item[]) => void,
  enough: number,
): GroupCommit<Item> {
  let waiting: Group<Item> | undefined
  /** Cancels the commit that is due; nothing when none is. */
  let cancel: (() => void) | undefined
  let nextAt = 0
  let failure: { readonly error: unknown } | undefined

  function flush(): void {
    if (waiting === undefined) return
    const { items, resolve, reject } = waiting
    waiting = undefined
    const start = performance.now()
    try {
      // After one failed commit it is unknown what is on disk: a second try that succeeds would lie.
      if (failure !== undefined) throw failure.error
      commit(items)
    } catch (error) {
      failure = { error }
      reject(error)
      return
    }
    const end = performance.now()
    const spacing = (end - start) * (partsOfTime - 1) * Math.min(1, items.length / smallGroup)
    nextAt = end + Math.min(longestGapMs, spacing)
    resolve()
  }

  function due(): void {
    cancel = undefined
    flush()
  }

  function schedule(items: number): void {
    const gap = items >= enough ? 0 : nextAt - performance.now()
    if (gap > 1) {
      const timer = setTimeout(due, gap)
      cancel = () => clearTimeout(timer)
    } else {
      const immediate = setImmediate(due)
      cancel = () => clearImmediate(immediate)
    }
  }

  function join(item: Item): Group<Item> {
    waiting ??= { items: [], ...Promise.withResolvers<void>() }
    waiting.items.push(item)
    return waiting
  }

  return {
    add(item) {
      const { items, promise } = join(item)
      if (cancel === undefined) schedule(items.length)
      else if (items.length === enough) {
        cancel()
        schedule(items.length)
      }
      return promise
    },
    addNow(item) {
      // The promise rejects for other callers too; here the error is thrown.
      join(item).promise.catch(() => {})
      flush()
      if (failure !== undefined) throw failure.error
    },
    flush,
  }
}
