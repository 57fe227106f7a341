/**
 * Group commits: items that arrive before a commit are part of it. A commit costs a few milliseconds of disk time, so commits are
 * spaced to take at most a twentieth of the time, unless enough items wait.
 */

/** Longest time that an item waits for others. */
const longestGapMs = 100
/** Commits take one of so many parts of the time. */
const partsOfTime = 20
/** With a smaller group little is under way, so it should not wait for more. */
const smallGroup = 64

/** Items that are committed together, and the promise that all their callers have. */
interface Group<Item> extends PromiseWithResolvers<void> {
  readonly items: Item[]
}

/** `commit` writes the items in one transaction. `enough` items are committed without waiting for more. */
export function createGroupCommit<Item>(commit: (items: readonly Item[]) => Promise<void>, enough: number) {
  let waiting: Group<Item> | undefined
  /** Resolves after the last commit; never rejects. */
  let last: Promise<void> = Promise.resolve()
  /** Cancels the commit that is due; undefined if none is. */
  let cancel: (() => void) | undefined
  let nextAt = 0
  let failure: { readonly error: unknown } | undefined

  async function commitGroup({ items, resolve, reject }: Group<Item>): Promise<void> {
    const start = performance.now()
    try {
      // After one failed commit it is unknown what is on disk: a second try that succeeds would lie.
      if (failure !== undefined) throw failure.error
      await commit(items)
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

  /** Commits all waiting items now. Resolves when all that was added is durable or has failed. */
  function flush(): Promise<void> {
    cancel?.()
    cancel = undefined
    const group = waiting
    if (group === undefined) return last
    waiting = undefined
    last = last.then(() => commitGroup(group))
    return last
  }

  function schedule(items: number): void {
    const gap = items >= enough ? 0 : nextAt - performance.now()
    if (gap > 1) {
      const timer = setTimeout(() => void flush(), gap)
      cancel = () => clearTimeout(timer)
    } else {
      const immediate = setImmediate(() => void flush())
      cancel = () => clearImmediate(immediate)
    }
  }

  return {
    /** Resolves when the item is durable; rejects when the commit failed, and from then on always. */
    add(item: Item): Promise<void> {
      waiting ??= { items: [], ...Promise.withResolvers<void>() }
      const { items, promise } = waiting
      items.push(item)
      if (cancel === undefined) schedule(items.length)
      else if (items.length === enough) {
        cancel()
        schedule(items.length)
      }
      return promise
    },
    flush,
    /** True once a commit has failed: what is on disk is not known any more. */
    get hasFailed(): boolean {
      return failure !== undefined
    },
    /** Throws the error of the commit that has failed. */
    refuseFailed(): void {
      if (failure !== undefined) throw failure.error
    },
  }
}
