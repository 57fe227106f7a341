/**
 * The quota that all processes of this machine share which send for one account: every request on the wire is a row in a
 * small SQLite database, so that runs side by side, one after another, or crashed and started again keep the same windows.
 *
 * Times are the system's monotonic ones, the same in every process and untouched when the system's clock is set.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { windowEdgeMs } from '../model/ports.ts'
import type { Clock, Quota, Window } from '../model/ports.ts'
import { isBusy, stateError } from './disk-error.ts'
import { inTransaction, openOwnDatabase } from './database.ts'

/** Milliseconds since the system's monotonic clock began: when it was started. */
export const machineClock: Pick<Clock, 'now'> = { now: () => Number(process.hrtime.bigint()) / 1e6 }

/** No request takes longer; what a process left behind when it was killed is over by then. */
const longestRequestMs = 30_000
/** Who has asked within this time and got nothing is waiting. */
const waitingMs = 1_500
/** Another process holds the database for longer than any of its transactions takes: it was stopped. */
const busyWaitMs = 1_000
const yieldMs = 10
const forgetEvery = 200

const tables = `
CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY AUTOINCREMENT, waiting_until REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS request
  (id INTEGER PRIMARY KEY, holder INTEGER NOT NULL, until REAL NOT NULL, in_flight INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS request_until ON request (until, holder);
CREATE TABLE IF NOT EXISTS pause (id INTEGER PRIMARY KEY CHECK (id = 1), until REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS machine (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL) STRICT;
`

/**
 * Opens the quota of an account in `directory`, which is made where it is missing. `windows` hold the limits after the reserve.
 *
 * @throws BulkUpdateError USAGE or LOCAL where the directory cannot be written to
 */
export function openQuota(
  directory: string,
  windows: readonly Window[],
  clock: Pick<Clock, 'now'> = machineClock,
  boot = bootId(),
): Quota {
  const { db, holder } = openState(directory, clock.now(), boot)
  const longestMs = Math.max(0, ...windows.map((window) => window.perMs))
  const count = db.prepare('SELECT count(*) AS requests FROM request WHERE until > ?')
  const nth = db.prepare('SELECT until FROM request WHERE until > ? ORDER BY until LIMIT 1 OFFSET ?')
  const paused = db.prepare('SELECT until FROM pause')
  const share = db.prepare('SELECT count(*) AS requests FROM request WHERE until > ? AND holder = ?')
  const others = db.prepare('SELECT id FROM holder WHERE id <> ? AND waiting_until > ?')
  const wait = db.prepare('UPDATE holder SET waiting_until = ? WHERE id = ?')
  const insert = db.prepare('INSERT INTO request (holder, until, in_flight) VALUES (?, ?, 1)')
  const finish = db.prepare(
    'UPDATE request SET until = ?, in_flight = 0 WHERE id = (SELECT min(id) FROM request WHERE holder = ? AND in_flight = 1)',
  )
  const forget = db.prepare('DELETE FROM request WHERE until < ?')
  const setPause = db.prepare(
    'INSERT INTO pause VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET until = max(until, excluded.until)',
  )
  let takes = 0
  let pausedUntil = 0
  /** Of a pause that could not be told to the others yet. */
  let untold = 0
  let isClosed = false

  /** When there is room for one more; now or earlier where there is. */
  function roomAt(now: number): number {
    let at = 0
    for (const { limit, perMs } of windows) {
      const since = now - perMs - windowEdgeMs
      const used = Number(count.get(since)?.['requests'])
      if (used < limit) continue
      at = Math.max(at, Number(nth.get(since, used - limit)?.['until']) + perMs + windowEdgeMs)
    }
    return at
  }

  /** Whether another process that waits has had less than this one, by more than chance. */
  function mustYield(now: number): boolean {
    const waiting = others.all(holder, now)
    if (waiting.length === 0) return false
    const since = now - longestMs - windowEdgeMs
    const mine = Number(share.get(since, holder)?.['requests'])
    const least = Math.min(...waiting.map(({ id }) => Number(share.get(since, id ?? null)?.['requests'])))
    return mine > least
  }

  function takeAt(now: number): number {
    if (untold > now) setPause.run(untold)
    untold = 0
    pausedUntil = Number(paused.get()?.['until'] ?? 0)
    let waitMs = Math.max(pausedUntil, roomAt(now)) - now
    if (waitMs <= 0 && mustYield(now)) waitMs = yieldMs
    if (waitMs > 0) {
      wait.run(now + waitingMs, holder)
      return waitMs
    }
    wait.run(0, holder)
    insert.run(holder, now + longestRequestMs)
    if (++takes % forgetEvery === 0) forget.run(now - longestMs - 2 * longestRequestMs)
    return 0
  }

  function written<Result>(action: () => Result): Result {
    try {
      return inTransaction(db, action)
    } catch (error) {
      throw isBusy(error) ? error : stateError(directory, 'cannot be written to', error)
    }
  }

  return {
    take() {
      try {
        return written(() => takeAt(clock.now()))
      } catch (error) {
        if (isBusy(error)) return busyWaitMs
        throw error
      }
    },
    end() {
      if (isClosed) return
      try {
        written(() => finish.run(clock.now(), holder))
      } catch {
        // It counts longer than it has to, until it is over by itself; the next `take` throws if the disk is broken. An answer
        // that came must not be lost for it.
      }
    },
    pause(ms) {
      pausedUntil = Math.max(pausedUntil, clock.now() + ms)
      try {
        written(() => setPause.run(pausedUntil))
      } catch {
        untold = pausedUntil
      }
    },
    get pausedForMs() {
      return Math.max(0, pausedUntil - clock.now())
    },
    close() {
      if (isClosed) return
      isClosed = true
      try {
        written(() => wait.run(0, holder))
      } catch {
        // The others take it for one that waits, for a second or two.
      } finally {
        db.close()
      }
    },
  }
}

/** The database, and the number of this process among those that share the quota. */
function openState(
  directory: string,
  now: number,
  boot: string,
): { readonly db: DatabaseSync; readonly holder: number } {
  let db: DatabaseSync | undefined
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    const opened = openOwnDatabase(join(directory, 'quota.db'))
    db = opened
    // A crash of the process loses nothing that SQLite has written; after one of the machine the windows have passed.
    opened.exec(
      `PRAGMA busy_timeout = ${busyWaitMs}; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; ${tables}`,
    )
    return { db: opened, holder: inTransaction(opened, () => register(opened, now, boot)) }
  } catch (error) {
    db?.close()
    throw stateError(directory, 'cannot be used', error)
  }
}

/** Of this start of the machine; empty where the system does not tell. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** This process among those that share the quota. */
function register(db: DatabaseSync, now: number, boot: string): number {
  const known = db.prepare('SELECT boot FROM machine').get()?.['boot']
  if (known !== undefined && known !== boot) {
    // The clock began anew and ages are unknown, so the last requests count as if they ended now.
    db.prepare('DELETE FROM request WHERE until < (SELECT max(until) FROM request) - ?').run(longestWindowMs)
    db.prepare('UPDATE request SET until = ?, in_flight = 0').run(now)
    db.exec('DELETE FROM pause; UPDATE holder SET waiting_until = 0')
  }
  db.prepare('INSERT INTO machine VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET boot = excluded.boot').run(
    boot,
  )
  // Where the system does not tell: what ends later than any request can was written before it was started again.
  db.prepare('UPDATE request SET until = ?, in_flight = 0 WHERE until > ?').run(
    now,
    now + longestRequestMs + 1,
  )
  db.prepare('UPDATE pause SET until = ? WHERE until > ?').run(now, now + longestPauseMs)
  db.prepare('UPDATE holder SET waiting_until = 0 WHERE waiting_until > ?').run(now + waitingMs)
  db.prepare(
    'DELETE FROM holder WHERE waiting_until < ? AND id NOT IN (SELECT holder FROM request) AND id < (SELECT max(id) - 100 FROM holder)',
  ).run(now)
  return Number(db.prepare('INSERT INTO holder (waiting_until) VALUES (0)').run().lastInsertRowid)
}

/** No pause lasts longer. */
const longestPauseMs = 6 * 3_600_000
/** No window of an API is longer. */
const longestWindowMs = 24 * 3_600_000
