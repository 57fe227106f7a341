/** One process per run. The lock is SQLite's exclusive transaction on a small file: the kernel frees it however a process ends. */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BulkUpdateError } from '../errors.ts'
import { isAlive } from '../is-alive.ts'
import { diskError, isBusy } from './disk-error.ts'

/**
 * Takes the lock, and gives the function that lets it go.
 *
 * @throws BulkUpdateError BUSY, with who holds it; LOCAL or USAGE where the disk is full, fails or cannot be written to
 */
export function lockRun(directory: string, runId: string): () => void {
  const holderPath = join(directory, 'holder.json')
  const path = join(directory, 'run.lock')
  let db: DatabaseSync | undefined
  try {
    closeSync(openSync(path, 'a', 0o600))
    db = new DatabaseSync(path)
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    writeHolder(holderPath)
  } catch (error) {
    db?.close()
    throw isBusy(error) ? busy(runId, holderPath, error) : diskError(path, 'cannot be locked', error)
  }
  const held = db
  return () => {
    try {
      rmSync(holderPath, { force: true })
    } finally {
      held.close()
    }
  }
}

function writeHolder(path: string): void {
  const holder = JSON.stringify({ pid: process.pid, since: new Date().toISOString() })
  try {
    writeFileSync(path, holder, { mode: 0o600 })
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
}

function busy(runId: string, holderPath: string, cause: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'BUSY',
    'E_BUSY',
    `run ${runId} is held by ${nameOfHolder(holderPath)}`,
    'Wait until it ends, or stop it; then run the same command again. Nothing was sent.',
    { cause },
  )
}

/** Between taking the lock and writing the name there is a moment without one, or with one that a killed process left. */
function nameOfHolder(path: string): string {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof found === 'object' && found !== null && 'pid' in found && 'since' in found) {
      const { pid, since } = found
      if (typeof pid === 'number' && typeof since === 'string' && isAlive(pid))
        return `process ${pid} since ${since}`
    }
  } catch {
    // No name, or half of one.
  }
  return 'another process'
}
