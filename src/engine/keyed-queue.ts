/**
 * A queue per key: tasks of one key run one after another, tasks of different keys at the same time. Places bound how many tasks
 * run or wait. Rate and concurrency belong to the limiter.
 */

export type KeyedQueue = ReturnType<typeof createKeyedQueue>

interface Queue {
  last: Promise<void>
  tasks: number
  /** True while the running task waits for a time. */
  isWaiting: boolean
}

/**
 * `places` returns the most tasks that may run or be queued, without those of keys that wait for a time. `most`: with them. `onFailure` gets the
 * first error of a task at once.
 */
export function createKeyedQueue(
  places: () => number,
  onFailure?: (error: unknown) => void,
  most = Number.POSITIVE_INFINITY,
) {
  const queues = new Map<string, Queue>()
  let tasks = 0
  /** Those of keys that wait. */
  let waiting = 0
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

  /** Resolves when every task has ended. */
  async function idle(): Promise<void> {
    await until(() => tasks === 0)
    if (failure !== undefined) throw failure.error
  }

  const isFull = (): boolean => tasks >= most || tasks - waiting >= places()

  return {
    /** A task that rejects stops the run: `room` and `idle` reject with its error, after all running tasks have ended. */
    add(key: string, task: () => Promise<void>): void {
      if (failure !== undefined) return
      tasks++
      const known = queues.get(key)
      const queue = known ?? { last: Promise.resolve(), tasks: 0, isWaiting: false }
      queue.tasks++
      if (queue.isWaiting) waiting++
      queues.set(key, queue)
      queue.last = run(task, known?.last).finally(() => {
        if (--queue.tasks === 0) queues.delete(key)
      })
    },
    /** The running task of a key begins or ends to wait for a time. Tasks of that key take no room meanwhile. */
    waits(key: string, isWaiting: boolean): void {
      const queue = queues.get(key)
      if (queue === undefined || queue.isWaiting === isWaiting) return
      queue.isWaiting = isWaiting
      waiting += isWaiting ? queue.tasks : -queue.tasks
      changed()
    },
    /** True while no more tasks should be added. */
    get full(): boolean {
      return isFull() || failure !== undefined
    },
    /** Resolves when there is room for a task. */
    async room(): Promise<void> {
      await until(() => failure !== undefined || !isFull())
      // Tasks that run must end first: their outcomes belong in the report.
      if (failure !== undefined) await idle()
    },
    idle,
  }
}
