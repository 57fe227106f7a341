/**
 * The quota that all processes of an account share: every request on the wire is a row of the store. Times are the machine's
 * monotonic ones, which are the same in every process and do not change when the clock is set.
 */
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { isBusy } from '../../config/file-lock.ts'
import type { Clock } from '../../model/ports.ts'
import { storeError } from '../errors.ts'
import { inTransaction, queriesOf, whenFree } from '../own-database.ts'
import { longestAttemptMs, windowEdgeMs, type Quota, type Window } from '../../model/store.ts'

/** Milliseconds since the machine was started. */
export const machineClock: Pick<Clock, 'now'> = { now: () => Number(process.hrtime.bigint()) / 1e6 }

/** A process that has asked within this time and got nothing is waiting. */
const waitingMs = 1_500
/** A process that holds the database for longer was stopped: no transaction takes so long. */
const longestBusyMs = 1_000
const yieldMs = 10
const forgetEvery = 200

export interface QuotaParts {
  /** Of the store. */
  readonly path: string
  readonly account: number
  /** The limits after the reserve. */
  readonly windows: readonly Window[]
  /** Default: the machine's. */
  readonly clock?: Pick<Clock, 'now'>
  /** Identifies this start of the machine; empty if the system does not say. */
  readonly boot?: string
}

const countRequests = 'SELECT count(*) AS requests FROM request_log WHERE account = ? AND until > ?'
const nthRequest =
  'SELECT until FROM request_log WHERE account = ? AND until > ? ORDER BY until LIMIT 1 OFFSET ?'
const endRequest =
  'UPDATE request_log SET until = ?, in_flight = 0 WHERE id = (SELECT min(id) FROM request_log WHERE holder = ? AND in_flight = 1)'
const setWaiting = 'UPDATE request_holder SET waiting_until = ? WHERE id = ?'
const setPause =
  'INSERT INTO pause VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET until = max(until, excluded.until)'

/** Opens the quota of an account, on a connection of its own. Throws LOCAL if the store cannot be written to. */
export async function openQuota({
  path,
  account,
  windows,
  clock = machineClock,
  boot = bootId(),
}: QuotaParts): Promise<Quota> {
  const { db, holder } = await openLog(path, account, clock, boot)
  const { run, all, first } = queriesOf(db)
  const longestMs = Math.max(0, ...windows.map((window) => window.perMs))
  let takes = 0
  let pausedUntil = 0
  /** End of a pause that is not in the store yet. */
  let unstoredPause = 0
  let isClosed = false

  /** When there is room for so many more requests. Not after `now` if there is room. */
  function roomAt(now: number, requests: number): number {
    let at = 0
    for (const { limit, perMs } of windows) {
      const since = now - perMs - windowEdgeMs
      const used = Number(first(countRequests, account, since)?.['requests'])
      const surplus = used + requests - limit
      if (surplus <= 0) continue
      const last = first(nthRequest, account, since, surplus - 1)
      at = Math.max(at, Number(last?.['until']) + perMs + windowEdgeMs)
    }
    return at
  }

  /** True if another process waits and has had fewer requests than this one. */
  function mustYield(now: number): boolean {
    const others = 'SELECT id FROM request_holder WHERE account = ? AND id <> ? AND waiting_until > ?'
    const waiting = all(others, account, holder, now)
    const since = now - longestMs - windowEdgeMs
    const shareOf = (id: number): number =>
      Number(first(`${countRequests} AND holder = ?`, account, since, id)?.['requests'])
    return shareOf(holder) > Math.min(...waiting.map(({ id }) => shareOf(Number(id))))
  }

  function takeAt(now: number, requests: number): number {
    if (unstoredPause > now) run(setPause, account, unstoredPause)
    unstoredPause = 0
    const pause = first('SELECT until FROM pause WHERE account = ?', account)
    pausedUntil = Math.max(pausedUntil, Number(pause?.['until'] ?? 0))
    let waitMs = Math.max(pausedUntil, roomAt(now, requests)) - now
    if (waitMs <= 0 && mustYield(now)) waitMs = yieldMs
    if (waitMs > 0) {
      run(setWaiting, now + waitingMs, holder)
      return waitMs
    }
    run(setWaiting, 0, holder)
    const add = 'INSERT INTO request_log (account, holder, until, in_flight) VALUES (?, ?, ?, 1)'
    for (let taken = 0; taken < requests; taken++) run(add, account, holder, now + longestAttemptMs)
    const forget = 'DELETE FROM request_log WHERE account = ? AND until < ?'
    if (++takes % forgetEvery === 0) run(forget, account, now - longestMs - 2 * longestAttemptMs)
    return 0
  }

  let last: Promise<unknown> = Promise.resolve()

  /** One after another: the end of a request makes room for the next one. */
  function write<Result>(action: () => Result): Promise<Result> {
    const written = last.then(() => whenFree(() => inTransaction(db, action), longestBusyMs))
    last = written.catch(() => {})
    return written
  }

  return {
    async take(requests = 1) {
      try {
        return await write(() => takeAt(clock.now(), requests))
      } catch (error) {
        if (isBusy(error)) return longestBusyMs
        throw storeError(path, 'write', error)
      }
    },
    async end() {
      const now = clock.now()
      // A failure makes the request count for longer. An answer must not be lost for that. The next `take` throws if the disk is broken.
      if (!isClosed) await write(() => run(endRequest, now, holder)).catch(() => {})
    },
    async pause(ms) {
      const until = clock.now() + ms
      pausedUntil = Math.max(pausedUntil, until)
      await write(() => run(setPause, account, until)).catch(() => {
        unstoredPause = Math.max(unstoredPause, until)
      })
    },
    get pausedForMs() {
      return Math.max(0, pausedUntil - clock.now())
    },
    async close() {
      if (isClosed) return
      isClosed = true
      // After a failure the others count it as waiting for a second or two.
      await write(() => run(setWaiting, 0, holder)).catch(() => {})
      db.close()
    },
  }
}

/** The connection, and the number of this process among those that share the quota. */
async function openLog(
  path: string,
  account: number,
  clock: Pick<Clock, 'now'>,
  boot: string,
): Promise<{ readonly db: DatabaseSync; readonly holder: number }> {
  let db: DatabaseSync | undefined
  try {
    const opened = new DatabaseSync(path)
    db = opened
    // A crash of the process loses nothing that SQLite has written. After a crash of the machine, windows have passed.
    opened.exec('PRAGMA busy_timeout = 20; PRAGMA synchronous = NORMAL')
    // Inside the transaction, so that no request of another process is later.
    const add = (): number => inTransaction(opened, () => register(opened, account, clock.now(), boot))
    return { db: opened, holder: await whenFree(add) }
  } catch (error) {
    db?.close()
    throw storeError(path, 'write', error)
  }
}

/** Identifies this start of the machine; empty if the system does not say. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** Adds this process to those that share the quota. Returns its number. */
function register(db: DatabaseSync, account: number, now: number, boot: string): number {
  const { run, first } = queriesOf(db)
  const known = first('SELECT boot FROM machine')?.['boot']
  if (known !== undefined && known !== boot) {
    // The clock began again and ages are unknown, so the last requests count as if they ended now.
    run('DELETE FROM request_log WHERE until < (SELECT max(until) FROM request_log) - ?', longestWindowMs)
    run('UPDATE request_log SET until = ?, in_flight = 0', now)
    db.exec('DELETE FROM pause; UPDATE request_holder SET waiting_until = 0')
  }
  run('INSERT INTO machine VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET boot = excluded.boot', boot)
  // If the system does not say: a later end than any request can have was written before the machine was started again.
  const latest = now + longestAttemptMs + 1
  run('UPDATE request_log SET until = ?, in_flight = 0 WHERE until > ?', now, latest)
  run('UPDATE pause SET until = ? WHERE until > ?', now, now + longestPauseMs)
  run('UPDATE request_holder SET waiting_until = 0 WHERE waiting_until > ?', now + waitingMs)
  run(
    `DELETE FROM request_holder WHERE waiting_until < ? AND id NOT IN (SELECT holder FROM request_log)
     AND id < (SELECT max(id) - 100 FROM request_holder)`,
    now,
  )
  const add = 'INSERT INTO request_holder (account, waiting_until) VALUES (?, 0)'
  return Number(run(add, account).lastInsertRowid)
}

/** No pause lasts longer. */
const longestPauseMs = 6 * 3_600_000
/** No window of an API is longer. */
const longestWindowMs = 24 * 3_600_000
