/** What came over standard input for a plan: kept in its directory until all of it is sent, because it is full of personal data. */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { BulkUpdateError } from '../model/errors.ts'
import { keptInput } from '../engine/input.ts'
import { planEnd } from '../store/find-runs.ts'
import { lockRun } from '../store/lock.ts'

/** Whether `path` is where a plan keeps it. */
function isPlanInput(path: string): boolean {
  const directory = dirname(path)
  return path === keptInput(directory) && directory.endsWith(planEnd)
}

/** Throws INPUT, E_INPUT_NOT_KEPT, where it is gone. */
export function refuseGoneInput(path: string): void {
  if (!isPlanInput(path) || existsSync(path)) return
  throw new BulkUpdateError(
    'E_INPUT_NOT_KEPT',
    'what came over standard input for this plan is not kept once all of it is sent',
    'If there is more to send, make another plan. Nothing was sent.',
  )
}

/** Another plan of the same input that is being made keeps it. */
export function removePlanInput(path: string): void {
  if (!isPlanInput(path)) return
  const directory = dirname(path)
  let unlock: () => void
  try {
    unlock = lockRun(directory, basename(directory))
  } catch (error) {
    if (error instanceof BulkUpdateError) return
    throw error
  }
  try {
    rmSync(path, { force: true })
  } finally {
    unlock()
  }
  removeIfEmpty(directory)
}

/** Where all of a plan lies elsewhere, no directory is left. */
export function removeIfEmpty(directory: string): void {
  if (readdirSync(directory).every((name) => name === 'run.lock')) rmSync(directory, { recursive: true })
}
