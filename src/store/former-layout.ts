/**
 * What version 0.1 has left: `journal.db` in the folder of each run, `sync.db` and `quota.db` in a folder for each account. Runs are
 * refused by name, the rest is imported once, and nothing is changed or deleted.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import type { BulkUpdateError } from '../model/errors.ts'
import type { AccountId } from '../model/store.ts'
import { errorOf } from './errors.ts'
import { queriesOf, type Queries, type StoreRow } from './own-database.ts'

/** The state of such a run; undefined if the folder holds none. What a `damaged` one has sent is not known. */
export function formerRunState(directory: string): 'open' | 'finished' | 'damaged' | undefined {
  const path = join(directory, 'journal.db')
  if (!existsSync(path)) return undefined
  try {
    const state = readFormer(path, ({ first }) => first("SELECT value FROM run WHERE key = 'state'"))
    return state?.['value'] === 'finished' ? 'finished' : 'open'
  } catch {
    return 'damaged'
  }
}

/** The folders of such runs below `runsDir`. */
export function formerRuns(runsDir: string): readonly string[] {
  try {
    return readdirSync(runsDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && isFile(join(runsDir, entry.name, 'journal.db')))
      .map(({ name }) => join(runsDir, name))
  } catch {
    return []
  }
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** For commands that need more of a run than this version can read. */
export function oldRun(directory: string): BulkUpdateError {
  return errorOf('E_OLD_RUN', 'old_run', { run: basename(directory), directory })
}

export type AccountName = Pick<AccountId, 'host' | 'account'>

/** The state of an account. */
export interface FormerState {
  readonly keyCheck: string
  /** `fields`: JSON of a text for each field. */
  readonly customers: Iterable<StoreRow>
  /** Which customers the exports have held, and the last run of each export, in the order of our columns. */
  readonly exportCustomers: Iterable<StoreRow>
  readonly exportRuns: Iterable<StoreRow>
}

/**
 * Reads the state of an account, from the folder of the store on. Returns undefined if there is none. Throws if it is damaged, is
 * of another account, or is older than the last run that kept it.
 */
export function readFormerState<Found>(
  storePath: string,
  account: AccountName,
  take: (state: FormerState) => Found,
): Found | undefined {
  const path = formerStatePath(storePath, account)
  if (!existsSync(path)) return undefined
  return readFormer(path, (queries, db) => {
    if (queries.first('PRAGMA quick_check(1)')?.['quick_check'] !== 'ok') throw new Error('damaged')
    const named = queries.all('SELECT name, value FROM owner')
    const owner = new Map(named.map(({ name, value }) => [String(name), String(value)]))
    if (owner.get('account') !== account.account || owner.get('host') !== account.host)
      throw new Error('of another account')
    refuseBehind(queries, owner, account)
    return take({
      keyCheck: owner.get('keyCheck') ?? '',
      customers: db.prepare('SELECT id, fields FROM customer').iterate(),
      exportCustomers: db.prepare('SELECT export, customer, run, gone FROM seen').iterate(),
      exportRuns: db.prepare('SELECT run, export, at, rows, vanished FROM night').iterate(),
    })
  })
}

/** Each run that kept the state noted its step in the folders of runs as well. */
function refuseBehind({ all }: Queries, owner: ReadonlyMap<string, string>, account: AccountName): void {
  for (const { path } of all('SELECT path FROM runs_dir')) {
    const noted = join(String(path), `.sync-${folderName(account)}`)
    if (!isFile(noted)) continue
    const [epoch, serial] = readFileSync(noted, 'utf8').trim().split(' ')
    const isBehind = epoch !== owner.get('epoch') || Number(serial) > Number(owner.get('serial'))
    if (isBehind) throw new Error('older than its runs')
  }
}

/** The request log of an account; undefined if there is none that can be read. */
export function readFormerRequests(storePath: string, account: AccountName) {
  const path = join(formerFolder(storePath, account), 'quota.db')
  if (!existsSync(path)) return undefined
  try {
    return readFormer(path, ({ all, first }) => ({
      /** Identifies the start of the machine that the times belong to. */
      boot: String(first('SELECT boot FROM machine')?.['boot'] ?? ''),
      /** When each request ended or ends, in the machine's milliseconds. */
      ends: all('SELECT until FROM request').map(({ until }) => Number(until)),
      pausedUntil: Number(first('SELECT until FROM pause')?.['until'] ?? 0),
    }))
  } catch {
    return undefined
  }
}

export function formerStatePath(storePath: string, account: AccountName): string {
  return join(formerFolder(storePath, account), 'sync.db')
}

function formerFolder(storePath: string, account: AccountName): string {
  return join(dirname(storePath), folderName(account))
}

function folderName({ host, account }: AccountName): string {
  return `${host.replace(/[^A-Za-z0-9.-]/g, '_')}-${account}`
}

/** Writes nothing: without `immutable`, SQLite would make an empty log next to a database that was closed. */
function readFormer<Found>(path: string, read: (queries: Queries, db: DatabaseSync) => Found): Found {
  // SQLite would wait for the writer of a pipe.
  const journal = lstatSync(`${path}-journal`, { throwIfNoEntry: false })
  if (!isFile(path) || journal?.isFile() === false) throw new Error('no file')
  const address = pathToFileURL(path)
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log === undefined || log.size === 0) address.searchParams.set('immutable', '1')
  const db = new DatabaseSync(address, { readOnly: true })
  try {
    return read(queriesOf(db), db)
  } finally {
    db.close()
  }
}
