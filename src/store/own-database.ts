/** Databases of our own: files that only their owner can read, one write transaction at a time, and locks that end with their process. */
import { closeSync, lstatSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { isBusy, isDamaged } from '../config/file-lock.ts'
import { closeToOthers, openOwnFile } from '../config/own-files.ts'

/**
 * Opens the database at `path`, or creates it. An empty `path` is a temporary file without a name. SQLite's other files get the same
 * mode. Throws a system error if one of them is a link, or a file with a second name; USAGE, E_NOT_OURS, if it is another user's.
 */
export function openOwnDatabase(path: string): DatabaseSync {
  if (path !== '') prepareFile(path)
  return new DatabaseSync(path)
}

/** A file that is there is examined by its path: closing a second descriptor would drop the locks of this process. */
function prepareFile(path: string): void {
  for (const end of ['-wal', '-shm', '-journal']) closeToOthers(path + end)
  if (!closeToOthers(path)) closeSync(openOwnFile(path))
}

/** A row that a statement has found, by column. */
export type StoreRow = ReturnType<StatementSync['all']>[number]

export type QueryValues = readonly SQLInputValue[]

export type Queries = ReturnType<typeof queriesOf>

/** The database of the store. `run` is called inside `write`. Errors of queries become errors of the store. */
export interface StoreDatabase extends Queries {
  readonly path: string
  readonly db: DatabaseSync
  /**
   * Runs `action` in a transaction of its own, with the number of the commit. Waits while another process writes. `place`: the place
   * of the mark that notes the commit, if requests rely on it.
   */
  readonly write: <Result>(action: (commit: number) => Result, place?: number) => Promise<Result>
  /**
   * One page after another, each from the last key on, so that no transaction stays open, and signals and timers run in between.
   * `query` ends with its condition.
   */
  readonly pages: (
    query: string,
    values: QueryValues,
    key: PageKey,
    rows?: number,
  ) => AsyncGenerator<readonly StoreRow[]>
  /** Takes the store as it is, whatever its mark says. */
  readonly restartMark: () => void
  close(): void
}

/** The columns that order the rows of a query, each with a value before the first one. */
export type PageKey = Readonly<Record<string, string | number>>

/** Statements are prepared once. */
export function queriesOf(db: DatabaseSync) {
  const statements = new Map<string, StatementSync>()

  function prepared(query: string): StatementSync {
    const known = statements.get(query)
    if (known !== undefined) return known
    const statement = db.prepare(query)
    statements.set(query, statement)
    return statement
  }

  return {
    run: (query: string, ...values: QueryValues) => prepared(query).run(...values),
    all: (query: string, ...values: QueryValues): readonly StoreRow[] => prepared(query).all(...values),
    first: (query: string, ...values: QueryValues): StoreRow | undefined => prepared(query).get(...values),
  }
}

/** Writes all of `action`, or nothing. */
export function inTransaction<Result>(db: DatabaseSync, action: () => Result): Result {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = action()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // After a full disk SQLite has already rolled back.
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Another process may write for so long: half of the shortest lease that is usual. */
const longestBusyMs = 30_000

/** Repeats `action` while another process writes, without blocking this one. */
export async function whenFree<Result>(action: () => Result, longestMs = longestBusyMs): Promise<Result> {
  const giveUpAt = performance.now() + longestMs
  for (;;) {
    try {
      return action()
    } catch (error) {
      if (!isBusy(error) || performance.now() > giveUpAt) throw error
    }
    await sleep(5 + Math.random() * 20)
  }
}

/** A row was measured to take some 300 bytes in the store; messages and ids can be longer. */
const leastPerOpenRow = 480
/** What SQLite writes ahead, as long as rows are open: 4 MiB, twice that at times. */
const writtenAhead = 8 * 1024 * 1024

/** How many bytes the rows that have no outcome yet will take. The log of the store may still have to be moved into it. */
export function bytesOfOpenRows(path: string, rows: number): number {
  if (rows === 0) return 0
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  return rows * leastPerOpenRow + writtenAhead + (log?.size ?? 0)
}

/**
 * Takes the lock on a small file. The system frees it when the process ends, however it ends. Returns the function that releases it
 * and removes the file, or undefined if a process has the lock. Throws errors of the file system.
 */
export function tryLock(path: string): (() => void) | undefined {
  for (let tries = 1; ; tries++) {
    let db: DatabaseSync | undefined
    let file: string | undefined
    try {
      prepareFile(path)
      file = fileAt(path)
      db = new DatabaseSync(path)
      db.exec('PRAGMA journal_mode = DELETE; PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE')
      // The last holder may have removed the file that was opened: then others find another one.
      if (file !== undefined && fileAt(path) === file) {
        const held = db
        heldLocks.add(held)
        return () => {
          heldLocks.delete(held)
          rmSync(path, { force: true })
          held.close()
          // A killed process leaves it.
          rmSync(`${path}-journal`, { force: true })
        }
      }
      db.close()
    } catch (error) {
      db?.close()
      if (isBusy(error)) return undefined
      const isRemoved = file === undefined || fileAt(path) !== file
      if (tries >= mostTries || !(isRemoved || isDamaged(error))) throw error
      // A process that had the lock would have been found first. What is in the file does not matter.
      if (!isRemoved) for (const end of ['', '-journal']) rmSync(path + end, { force: true })
    }
  }
}

/** A database that nothing refers to is closed, and then its lock is gone. */
const heldLocks = new Set<DatabaseSync>()

/** Others may remove the file while it is opened. */
const mostTries = 20

/** Which file is there: numbers of files are used again, also with the same name. Undefined if there is none. */
function fileAt(path: string): string | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? undefined : `${found.ino} ${found.birthtimeNs}`
}
