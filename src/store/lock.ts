/** One process per run. The lock is SQLite's exclusive transaction on a small file: the kernel frees it however a process ends. */
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BulkUpdateError } from '../errors.ts'

/** Takes the lock, or throws BUSY with who holds it. Gives the function that lets it go. */
export function lockRun(directory: string, runId: string): () => void {
  const holderPath = join(directory, 'holder.json')
  const path = join(directory, 'run.lock')
  closeSync(openSync(path, 'a', 0o600))
  const db = new DatabaseSync(path)
  try {
    db.exec('PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
  } catch (error) {
    db.close()
    throw new BulkUpdateError(
      'BUSY',
      'E_BUSY',
      `run ${runId} is held by ${holder(holderPath)}`,
      'Wait until it ends, or stop it; then run the same command again. Nothing was sent.',
      { cause: error },
    )
  }
  writeFileSync(holderPath, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), {
    mode: 0o600,
  })
  return () => {
    rmSync(holderPath, { force: true })
    db.close()
  }
}

function holder(path: string): string {
  try {
    const found: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof found === 'object' && found !== null && 'pid' in found && 'since' in found) {
      return `process ${String(found.pid)} since ${String(found.since)}`
    }
  } catch {
    // Between taking the lock and writing the name there is a moment without one.
  }
  return 'another process'
}
