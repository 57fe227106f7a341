/** The store in one SQLite database, which several processes may use at a time. */
import { hash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  inputKeptNote,
  type RunFilter,
  type RunReader,
  type Store,
  type StoredRun,
} from '../../model/store.ts'
import { errorOf, storeError } from '../errors.ts'
import { tryLock, type StoreRow, type StoreDatabase } from '../own-database.ts'
import { acceptStore, checkStore } from './check.ts'
import { emptyStoreDatabase, openStoreDatabase, stateOf } from './database.ts'
import { accountNumber, findAccount, keepFieldDoubts } from './field-effects.ts'
import { createFieldState } from './field-state.ts'
import { commitsShownIn } from './mark.ts'
import { checksumOf } from './outcome-record.ts'
import { takeRun } from './owner.ts'
import { openQuota } from './quota.ts'
import { openRun } from './run.ts'
import { runReader, selectRun, storedRun } from './run-reader.ts'
import tables from './run-tables.json' with { type: 'json' }

/** Opens the store at `path`, or creates it. Throws as `openStoreDatabase`, which also says what `isAccepted` means. */
export async function openSqliteStore(path: string, isAccepted = false): Promise<Store> {
  return storeOf(await openStoreDatabase(path, isAccepted))
}

/** An empty store in memory, if there is none at `path`. No file is made. */
export function emptySqliteStore(path: string): Store {
  return storeOf(emptyStoreDatabase(path))
}

function storeOf(database: StoreDatabase): Store {
  const { path, first } = database

  function find(id: string): StoreRow | undefined {
    return first(`${selectRun} WHERE id = ?`, id)
  }

  /** Undefined if another process has the lock. */
  function lockNextToStore(name: string): (() => void) | undefined {
    try {
      return tryLock(`${path}-${name}.lock`)
    } catch (error) {
      throw storeError(path, 'write', error)
    }
  }

  async function hold(run: StoredRun & { readonly number: number }): Promise<() => Promise<void>> {
    const owner = await takeRun(database, run, Number.POSITIVE_INFINITY)
    // Nothing is sent meanwhile, so the attempts of the owner before still count.
    const release = (): Promise<void> => owner.release(owner.earlierEndedAt)
    try {
      await keepFieldDoubts(database, run.number, owner.earlierEndedAt)
      return release
    } catch (error) {
      await release()
      throw error
    }
  }

  return {
    path,
    openRun: (manifest, options) => openRun(database, manifest, options),
    async findRun(id) {
      const found = find(id)
      return found === undefined ? undefined : runReader(database, found)
    },
    async setNote(id, name, value) {
      const put = 'INSERT OR REPLACE INTO run_note SELECT number, ?, ?, ? FROM run WHERE id = ?'
      await database.write(() => database.run(put, name, value, checksumOf([name, value]), id))
    },
    async runs(filter = {}) {
      return findRuns(database, filter)
    },
    async holdRun(id) {
      const found = find(id)
      return found === undefined ? () => Promise.resolve() : hold(storedRun(database, found))
    },
    async deleteRun(id, isAllowed) {
      const found = find(id)
      if (found === undefined) return true
      const run = storedRun(database, found)
      const release = await hold(run)
      try {
        const allowed = await isAllowed(run)
        if (allowed === true) await deleteWholeRun(database, run.number)
        if (allowed === 'input') await deleteInput(database, run.number)
        return allowed !== false
      } finally {
        await release()
      }
    },
    async holdExports(account) {
      const unlock = lockNextToStore(`account-${await accountNumber(database, account)}`)
      if (unlock !== undefined) return async () => unlock()
      throw errorOf('E_BUSY', 'busy_exports', { account: account.account })
    },
    async holdInput({ host, account }, digest) {
      const name = hash('sha256', `${host}\n${account}\n${digest}`, 'hex').slice(0, 16)
      return lockNextToStore(`input-${name}`)
    },
    async lostSince(directory) {
      const shown = commitsShownIn(directory, stateOf(database.db)?.identity ?? '')
      // Read last: others may commit meanwhile.
      const commits = stateOf(database.db)?.commits ?? 0
      const what = `has lost what was written last: it has ${commits} commits, and ${directory} shows ${shown}`
      return commits < shown ? what : undefined
    },
    fieldState: (account) => createFieldState(database, account),
    async accountFact(account, name) {
      const query = 'SELECT value, customer, at FROM account_fact WHERE account = ? AND name = ?'
      const number = findAccount(database, account)
      const found = number === undefined ? undefined : first(query, number, name)
      if (found === undefined) return undefined
      return { value: String(found['value']), customer: String(found['customer']), at: Number(found['at']) }
    },
    async keepFact(account, name, { value, customer, at }) {
      const number = await accountNumber(database, account)
      const put = 'INSERT OR REPLACE INTO account_fact VALUES (?, ?, ?, ?, ?)'
      await database.write(() => database.run(put, number, name, value, customer, at))
    },
    quota: async (account, windows) =>
      openQuota({ path, account: await accountNumber(database, account), windows }),
    async check(accept) {
      const problems = await checkStore(database)
      if (accept) await acceptStore(database)
      return problems
    },
    close: async () => database.close(),
  }
}

function findRuns(database: StoreDatabase, filter: RunFilter): readonly RunReader[] {
  const { kind, parentId, state, account, runsDir } = filter
  const wanted = Object.entries({ kind, parent_id: parentId, state, account }).filter(
    ([, value]) => value !== undefined,
  )
  const where = [kind === undefined ? "kind <> 'probe'" : '1', ...wanted.map(([column]) => `${column} = ?`)]
  const query = `${selectRun} WHERE ${where.join(' AND ')} ORDER BY changed_at DESC, number DESC`
  return database
    .all(query, ...wanted.map(([, value]) => value ?? null))
    .filter(({ id, directory }) => runsDir === undefined || String(directory) === `${runsDir}/${String(id)}`)
    .map((row) => runReader(database, row))
}

/** What is kept of one run: the tables, and their keys within it. */
const runTables: Readonly<Record<string, string>> = tables

/** Rows of one transaction; a gap as long as each took lets the others write. */
const batchRows = 1_000

async function deleteWholeRun(database: StoreDatabase, run: number): Promise<void> {
  for (const table of Object.keys(runTables)) await deleteRows(database, run, table)
  await database.write(() => database.run('DELETE FROM run WHERE number = ?', run))
  await freeSpace(database)
}

async function deleteInput(database: StoreDatabase, run: number): Promise<void> {
  const forget = 'DELETE FROM run_note WHERE run = ? AND name = ?'
  await database.write(() => database.run(forget, run, inputKeptNote))
  await deleteRows(database, run, 'input_chunk')
  await freeSpace(database)
}

async function deleteRows(
  database: StoreDatabase,
  run: number,
  table: keyof typeof runTables,
): Promise<void> {
  const key = runTables[table]
  const remove = `DELETE FROM ${table} WHERE run = ?1 AND (${key}) IN (SELECT ${key} FROM ${table} WHERE run = ?1 LIMIT ${batchRows})`
  for (let deleted = batchRows; deleted === batchRows;) {
    const began = performance.now()
    deleted = await database.write(() => Number(database.run(remove, run).changes))
    if (deleted === batchRows) await sleep(performance.now() - began)
  }
}

/** Also empties the log, which holds what was deleted. */
async function freeSpace(database: StoreDatabase): Promise<void> {
  const { db, write } = database
  for (let pages = freePages(database); pages > 0; pages = freePages(database)) {
    const began = performance.now()
    await write(() => db.exec('PRAGMA incremental_vacuum(100)'))
    if (freePages(database) >= pages) break
    await sleep(performance.now() - began)
  }
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

function freePages({ first }: StoreDatabase): number {
  return Number(first('PRAGMA freelist_count')?.['freelist_count'])
}
