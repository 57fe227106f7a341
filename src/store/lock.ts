/** One process per run. The lock is SQLite's exclusive transaction on a small file: the kernel frees it however a process ends. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { isJsonObject, parseJson } from '../model/json.ts'
import { BulkUpdateError } from '../model/errors.ts'
import { isAlive } from '../config/system.ts'
import { diskError, isBusy } from './disk-error.ts'
import { inJournal } from './saved-journal.ts'
import { openOwnDatabase } from './database.ts'

/**
 * Takes the lock, and gives the function that lets it go.
 *
 * @throws BulkUpdateError BUSY, with who holds it and how many rows it has done; LOCAL or USAGE where the disk is full, fails or cannot be written to
 */
export function lockRun(directory: string, runId: string): () => void {
  const holderPath = holderIn(directory)
  const path = join(directory, 'run.lock')
  let db: DatabaseSync | undefined
  try {
    db = openOwnDatabase(path)
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
    writeHolder(holderPath)
  } catch (error) {
    db?.close()
    throw isBusy(error) ? busy(directory, runId, error) : diskError(path, 'cannot be locked', error)
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
    // The holder of the lock owns the name: what is there belongs to a dead process, or is a link.
    rmSync(path, { force: true })
    writeFileSync(path, holder, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    rmSync(path, { force: true })
    throw error
  }
}

/** The error for a run that is held: by which process, since when, and how far it has come. */
export function busy(directory: string, runId: string, cause?: unknown): BulkUpdateError {
  return new BulkUpdateError(
    'E_BUSY',
    `run ${runId} is held by ${nameOfHolder(holderIn(directory))}${rowsDone(directory)}`,
    'Wait until it ends, or stop it; then run the same command again. Nothing was sent.',
    { cause },
  )
}

function holderIn(directory: string): string {
  return join(directory, 'holder.json')
}

/** Rows that have an outcome now. Empty if the journal is being made, or cannot be read. */
function rowsDone(directory: string): string {
  const counts = inJournal(directory, (journal) => journal.counts())
  return counts === undefined ? '' : `; rows done: ${counts.values().reduce((sum, rows) => sum + rows, 0)}`
}

/** Between taking the lock and writing the name there is a moment without one, or with one that a killed process left. */
function nameOfHolder(path: string): string {
  try {
    const found = parseJson(readFileSync(path, 'utf8'))
    const { pid, since } = isJsonObject(found) ? found : {}
    if (typeof pid === 'number' && typeof since === 'string' && isAlive(pid))
      return `process ${pid} since ${since}`
  } catch {
    // No name.
  }
  return 'another process'
}
