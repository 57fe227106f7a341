/**
 * A queue per key: tasks of one key run one after another, tasks of different keys at the same time. A window bounds how many
 * tasks run or wait. Rate and concurrency belong to the limiter.
 */
import type { KeyedQueue } from '../model/ports.ts'

type Task = () => Promise<void>

/** `window` returns the most tasks that may run or wait now. `onFailure` gets the first error of a task at once. */
export function createKeyedQueue(window: () => number, onFailure?: (error: unknown) => void): KeyedQueue {
  /** Tasks after the one that runs. An empty list means that only one is there. */
  const waiting = new Map<string, Task[]>()
  let tasks = 0
  let failure: { readonly error: unknown } | undefined
  let wakeRoom: (() => void) | undefined
  let wakeIdle: (() => void) | undefined

  function run(key: string, task: Task): void {
    task().then(
      () => ended(key),
      (error: unknown) => {
        if (failure === undefined) onFailure?.(error)
        failure ??= { error }
        ended(key)
      },
    )
  }

  function ended(key: string): void {
    tasks--
    const next = waiting.get(key)?.shift()
    // After a failure no task starts. Tasks that run may end.
    if (next === undefined) waiting.delete(key)
    else if (failure === undefined) run(key, next)
    else {
      tasks -= 1 + (waiting.get(key)?.length ?? 0)
      waiting.delete(key)
    }
    if (tasks < window() || failure !== undefined) wake('room')
    if (tasks === 0) wake('idle')
  }

  function wake(which: 'room' | 'idle'): void {
    const resolve = which === 'room' ? wakeRoom : wakeIdle
    if (which === 'room') wakeRoom = undefined
    else wakeIdle = undefined
    resolve?.()
  }

  function throwFailure(): void {
    if (failure !== undefined) throw failure.error
  }

  async function idle(): Promise<void> {
    if (tasks > 0) {
      await new Promise<void>((resolve) => {
        wakeIdle = resolve
      })
    }
    throwFailure()
  }

  return {
    add(key, task) {
      if (failure !== undefined) return
      tasks++
      const lane = waiting.get(key)
      if (lane !== undefined) {
        lane.push(task)
        return
      }
      waiting.set(key, [])
      run(key, task)
    },
    get full() {
      return tasks >= window() || failure !== undefined
    },
    async room() {
      if (failure === undefined && tasks >= window()) {
        await new Promise<void>((resolve) => {
          wakeRoom = resolve
        })
      }
      // Tasks that run must end first: their outcomes belong in the report.
      if (failure !== undefined) await idle()
    },
    idle,
    recheck() {
      if (tasks < window()) wake('room')
    },
  }
}
