/**
 * Lanes: tasks of one key run one after another, keys side by side, within a window that bounds how many wait.
 * Rate and concurrency are the limiter's; lanes give order and backpressure and know nothing of either.
 */
import type { KeyedQueue } from '../model/ports.ts'

type Task = () => Promise<void>

/** `window` is the most tasks that run or wait at a time, asked anew each time; `onFailure` gets the first error of a task, at once. */
export function createKeyedQueue(window: () => number, onFailure?: (error: unknown) => void): KeyedQueue {
  /** Tasks behind the one that runs; an empty list means that only one is there. */
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
    // After a failure nothing new starts; what runs may end.
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
      // What runs beside the task that failed ends first: its outcome belongs into the report.
      if (failure !== undefined) await idle()
    },
    idle,
    recheck() {
      if (tasks < window()) wake('room')
    },
  }
}
