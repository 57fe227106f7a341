/** The database of the store: checked when it is opened, one write transaction at a time, and a mark for every commit of a run. */
import { randomUUID } from 'node:crypto'
import { existsSync, statfsSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { openOwnFolder } from '../../config/own-files.ts'
import { damagedStore, errorOf, lostStore, storeError } from '../errors.ts'
import {
  inTransaction,
  openOwnDatabase,
  queriesOf,
  whenFree,
  type PageKey,
  type QueryValues,
  type StoreDatabase,
  type StoreRow,
} from '../own-database.ts'
import { canBeMarked, lostSince, markPath, openMark, readMark, type Mark, type MarkedState } from './mark.ts'
import steps from './migrations.json' with { type: 'json' }

/** Tells our databases from those of other programs (https://sqlite.org/pragma.html#pragma_application_id). */
const applicationId = 0x52425542

/** Lines of SQL for each step. A released step never changes. */
const migrations: readonly (readonly string[])[] = steps

export const storeVersion = migrations.length

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Call inside a transaction. */
function migrate(db: DatabaseSync): void {
  for (const step of migrations.slice(versionOf(db))) db.exec(step.join('\n'))
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${storeVersion}`)
  db.prepare('INSERT OR IGNORE INTO store VALUES (1, ?, 0)').run(randomUUID())
}

/**
 * Opens the store at `path`, or creates it. `isAccepted`: a store that has gone backwards is taken as it is. Throws USAGE,
 * E_STORE_PATH, for a place that will not do; LOCAL: E_STORE, E_STORE_DAMAGED, E_STORE_LOST, E_STORE_VERSION.
 */
export async function openStoreDatabase(path: string, isAccepted = false): Promise<StoreDatabase> {
  let db: DatabaseSync | undefined
  try {
    const folder = openOwnFolder(dirname(path), basename(path))
    const name = networkTypes[statfsSync(folder).type >>> 0]
    if (name !== undefined) throw errorOf('E_STORE_PATH', 'network', { path, name })
    const mark = readMark(path)
    const opened = openOwnDatabase(path)
    db = opened
    await whenFree(() => prepareDatabase(opened, path))
    const lost = isAccepted ? undefined : lossOf(opened, path, mark)
    if (lost !== undefined) throw lostStore(path, `has lost what was written last: ${lost}`)
    // Commands that only read must not wait for a process that writes.
    if (versionOf(opened) < storeVersion) await whenFree(() => inTransaction(opened, () => migrate(opened)))
    const known = stateOf(opened)
    if (known === undefined || !canBeMarked(known))
      throw damagedStore(path, 'it does not say which store it is')
    return databaseOf(path, opened, openMark(path, known))
  } catch (error) {
    const known = storeError(path, 'open', error)
    db?.close()
    throw known
  }
}

/** True if there is a store at `path`, or was one. */
export function isStoreThere(path: string): boolean {
  return existsSync(path) || existsSync(markPath(path))
}

/** An empty store in memory, if there is none at `path`. No file is made. */
export function emptyStoreDatabase(path: string): StoreDatabase {
  const db = new DatabaseSync(':memory:')
  migrate(db)
  return databaseOf(path, db, { write() {}, restart() {}, close() {} })
}

function databaseOf(path: string, db: DatabaseSync, mark: Mark): StoreDatabase {
  const queries = queriesOf(db)

  function all(query: string, ...values: QueryValues): readonly StoreRow[] {
    try {
      return queries.all(query, ...values)
    } catch (error) {
      throw storeError(path, 'read', error)
    }
  }

  function first(query: string, ...values: QueryValues): StoreRow | undefined {
    return all(query, ...values)[0]
  }

  async function* pages(
    query: string,
    values: QueryValues,
    key: PageKey,
    rows = 1_000,
  ): AsyncGenerator<readonly StoreRow[]> {
    const names = Object.keys(key)
    const columns = names.join(', ')
    const marks = names.map(() => '?').join(', ')
    const next = `${query} AND (${columns}) > (${marks}) ORDER BY ${columns} LIMIT ${rows}`
    for (let last: QueryValues = Object.values(key); ;) {
      const page = all(next, ...values, ...last)
      if (page.length === 0) return
      const end = names.map((name) => page.at(-1)?.[name] ?? null)
      // A damaged table may hold a cycle.
      if (first(`SELECT (${marks}) > (${marks}) AS moves`, ...end, ...last)?.['moves'] !== 1)
        throw damagedStore(path, 'its rows are not in their order')
      yield page
      last = end
      await setImmediate()
    }
  }

  function commit<Result>(action: (commit: number) => Result, place: number | undefined): Result {
    let number = 0
    const result = inTransaction(db, () => {
      number = Number(queries.first('UPDATE store SET commits = commits + 1 RETURNING commits')?.['commits'])
      return action(number)
    })
    if (place !== undefined) mark.write(place, number)
    return result
  }

  return {
    path,
    db,
    async write(action, place) {
      try {
        return await whenFree(() => commit(action, place))
      } catch (error) {
        throw storeError(path, 'write', error)
      }
    },
    run: queries.run,
    all,
    first,
    pages,
    restartMark() {
      mark.restart(stateOf(db)?.commits ?? 0)
    },
    close() {
      try {
        mark.close()
      } finally {
        db.close()
      }
    },
  }
}

function prepareDatabase(db: DatabaseSync, path: string): void {
  db.exec('PRAGMA busy_timeout = 20')
  // Nothing is changed in a database that is not ours, or not of this version.
  refuseOther(db, path)
  // `auto_vacuum` has an effect only before the first table and before the switch to WAL.
  db.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;
    PRAGMA journal_size_limit = 16777216`)
}

function refuseOther(db: DatabaseSync, path: string): void {
  const version = versionOf(db)
  const isUsed = version > 0 || db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() !== undefined
  // Read last: another process may just have made both.
  const id = Number(db.prepare('PRAGMA application_id').get()?.['application_id'])
  if (id !== applicationId && isUsed) {
    // No other program makes a mark.
    if (existsSync(markPath(path))) throw damagedStore(path, 'it does not say that it is one')
    throw errorOf('E_STORE_PATH', 'other_program', { path })
  }
  if (version > storeVersion)
    throw errorOf('E_STORE_VERSION', 'newer_version', { path, version, known: storeVersion })
}

/** Returns undefined if the database is empty. */
export function stateOf(db: DatabaseSync): MarkedState | undefined {
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'store'").get() === undefined) return undefined
  const found = db.prepare('SELECT identity, commits FROM store').get()
  return found && { identity: String(found['identity']), commits: Number(found['commits']) }
}

/** Why the store cannot be that of its mark. What seems lost is read again: another process may just have made both. */
function lossOf(db: DatabaseSync, path: string, mark: ReturnType<typeof readMark>): string | undefined {
  return lostSince(mark, stateOf(db), path) && lostSince(readMark(path), stateOf(db), path)
}

/** Types of statfs(2) whose locks and logs are not reliable. */
const networkTypes: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'SMB',
  0xfe534d42: 'SMB',
}
