/**
 * The folder of a plan below the folder of runs: readings, standard input, and the plan itself unless `--out` names another place.
 * The input is personal data, so it is removed when all of it is sent.
 */
import { existsSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { errorOf } from '../engine/errors.ts'
import { tryLock } from '../store/own-database.ts'
import { removeOurFiles } from '../store/run-directory.ts'

/** What the names of such folders end with. */
export const planEnd = '-plan'

/** Temporary names, which a killed process leaves, begin with a dot. */
const planFiles = /^(?:plan\.ndjson|readings\.db(?:-\w+)?|input|\.(?:plan\.ndjson|input)\..+\.tmp)$/

export interface PlanDirectory {
  readonly planId: string
  readonly directory: string
  /** Milliseconds since 1970. */
  readonly changedAt: number
}

/** Returns none if the folder cannot be read. Links are not followed. */
export function findPlans(runsDir: string): readonly PlanDirectory[] {
  return namesIn(runsDir)
    .filter((name) => name.endsWith(planEnd))
    .flatMap((planId) => {
      const directory = join(runsDir, planId)
      const files = namesIn(directory).filter((name) => planFiles.test(name))
      const changedAt = Math.max(0, ...files.map((name) => lstatSync(join(directory, name)).mtimeMs))
      return files.length === 0 ? [] : [{ planId, directory, changedAt }]
    })
}

function namesIn(directory: string): readonly string[] {
  try {
    return lstatSync(directory).isDirectory() ? readdirSync(directory) : []
  } catch {
    return []
  }
}

export function keptInput(directory: string): string {
  return join(directory, 'input')
}

/** Returns the folder of a plan if it holds other files, which stay. */
export function removePlan(directory: string): string | undefined {
  using locked = lockPlan(directory)
  return removeOurFiles(locked.directory, (name) => planFiles.test(name) || name.startsWith('plan.lock'))
}

interface PlanLock extends Disposable {
  readonly directory: string
}

/** Keeps all other processes out of a plan until it is disposed of, which removes a folder that holds nothing. Throws BUSY. */
export function lockPlan(directory: string): PlanLock {
  const lock = tryLockPlan(directory)
  if (lock !== undefined) return lock
  throw errorOf('E_BUSY', 'busy_plan', { plan: basename(directory) })
}

function tryLockPlan(directory: string): PlanLock | undefined {
  const unlock = tryLock(join(directory, 'plan.lock'))
  if (unlock === undefined) return undefined
  return {
    directory,
    [Symbol.dispose]() {
      unlock()
      try {
        rmdirSync(directory)
      } catch {
        // It holds something, or is gone.
      }
    },
  }
}

/** True if `path` is the standard input that a plan keeps. */
function isPlanInput(path: string): boolean {
  const directory = dirname(path)
  return path === keptInput(directory) && directory.endsWith(planEnd)
}

/** Throws INPUT, E_INPUT_NOT_KEPT, if it is gone. */
export function refuseGoneInput(path: string): void {
  if (!isPlanInput(path) || existsSync(path)) return
  throw errorOf('E_INPUT_NOT_KEPT', 'plan_input_gone')
}

/** Keeps the input if another process is making a plan of it. */
export function removePlanInput(path: string): void {
  if (!isPlanInput(path)) return
  using lock = tryLockPlan(dirname(path))
  if (lock !== undefined) rmSync(path, { force: true })
}
