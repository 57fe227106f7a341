/**
 * A queue per key: tasks of one key run one after another, tasks of different keys at the same time. A window bounds how many
 * tasks run or wait. Rate and concurrency belong to the limiter.
 */
import type { KeyedQueue } from '../model/ports.ts'

/** `window` returns the most tasks that may run or wait now. `onFailure` gets the first error of a task at once. */
export function createKeyedQueue(window: () => number, onFailure?: (error: unknown) => void): KeyedQueue {
  /** The last task of each key. */
  const lasts = new Map<string, Promise<void>>()
  let tasks = 0
  let failure: { readonly error: unknown } | undefined
  let change = Promise.withResolvers<void>()

  function changed(): void {
    change.resolve()
    change = Promise.withResolvers()
  }

  /** Runs a task after `before`, which never rejects. After a failure no task starts. Tasks that run may end. */
  async function run(task: () => Promise<void>, before: Promise<void> | undefined): Promise<void> {
    if (before !== undefined) await before
    try {
      if (failure === undefined) await task()
    } catch (error) {
      if (failure === undefined) onFailure?.(error)
      failure ??= { error }
    }
    tasks--
    changed()
  }

  async function until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await change.promise
  }

  async function idle(): Promise<void> {
    await until(() => tasks === 0)
    if (failure !== undefined) throw failure.error
  }

  return {
    add(key, task) {
      if (failure !== undefined) return
      tasks++
      const last = run(task, lasts.get(key)).finally(() => {
        if (lasts.get(key) === last) lasts.delete(key)
      })
      lasts.set(key, last)
    },
    get full() {
      return tasks >= window() || failure !== undefined
    },
    async room() {
      await until(() => failure !== undefined || tasks < window())
      // Tasks that run must end first: their outcomes belong in the report.
      if (failure !== undefined) await idle()
    },
    idle,
    recheck: changed,
  }
}
