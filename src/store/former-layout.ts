/**
 * What version 0.1 has left: `journal.db` in the folder of each run, `sync.db` and `quota.db` in a folder for each account. Runs are
 * refused by name, the rest is imported once, and nothing is changed or deleted.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { BulkUpdateError } from '../model/errors.ts'
import type { AccountId } from '../model/store.ts'

/** The state of such a run; undefined if the folder holds none. What a `damaged` one has sent is not known. */
export function formerRunState(directory: string): 'open' | 'finished' | 'damaged' | undefined {
  const path = join(directory, 'journal.db')
  if (!existsSync(path)) return undefined
  try {
    const state = readFormer(
      path,
      (db) => db.prepare("SELECT value FROM run WHERE key = 'state'").get()?.['value'],
    )
    return state === 'finished' ? 'finished' : 'open'
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
  return new BulkUpdateError(
    'E_OLD_RUN',
    `run ${basename(directory)} was begun by rapyd-bulk 0.1, which keeps it in ${directory}`,
    'Use version 0.1 for it: npx rapyd-bulk@0.1. For a run of the same input in this version, add --new-run, which sends every row again. Nothing was sent.',
  )
}

type FormerRow = Readonly<Record<string, unknown>>

/** The state of an account. */
export interface FormerState {
  readonly keyCheck: string
  /** `fields`: JSON of a text for each field. */
  readonly customers: Iterable<FormerRow>
  /** Which customers the exports have held, and the last run of each export. */
  readonly exportCustomers: Iterable<FormerRow>
  readonly exportRuns: Iterable<FormerRow>
}

/**
 * Reads the state of an account, from the folder of the store on. Returns undefined if there is none.
 *
 * Throws if it is damaged, is of another account, or is older than the last run that kept it.
 */
export function readFormerState<Found>(
  storePath: string,
  account: Pick<AccountId, 'host' | 'account'>,
  take: (state: FormerState) => Found,
): Found | undefined {
  const path = formerStatePath(storePath, account)
  if (!existsSync(path)) return undefined
  return readFormer(path, (db) => {
    if (db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'] !== 'ok') throw new Error('damaged')
    const owner = new Map(
      db
        .prepare('SELECT name, value FROM owner')
        .all()
        .map(({ name, value }) => [String(name), String(value)]),
    )
    if (owner.get('account') !== account.account || owner.get('host') !== account.host)
      throw new Error('of another account')
    refuseBehind(db, owner, account)
    return take({
      keyCheck: owner.get('keyCheck') ?? '',
      customers: db.prepare('SELECT id, fields FROM customer').iterate(),
      exportCustomers: db.prepare('SELECT export, customer, run, gone FROM seen').iterate(),
      exportRuns: db.prepare('SELECT run, export, at, rows, vanished FROM night').iterate(),
    })
  })
}

/** Each run that kept the state noted its step in the folders of runs as well. */
function refuseBehind(
  db: DatabaseSync,
  owner: ReadonlyMap<string, string>,
  account: Pick<AccountId, 'host' | 'account'>,
): void {
  for (const { path } of db.prepare('SELECT path FROM runs_dir').all()) {
    const noted = join(String(path), `.sync-${folderName(account)}`)
    if (!isFile(noted)) continue
    const [epoch, serial] = readFileSync(noted, 'utf8').trim().split(' ')
    const isBehind = epoch !== owner.get('epoch') || Number(serial) > Number(owner.get('serial'))
    if (isBehind) throw new Error('older than its runs')
  }
}

export interface FormerRequests {
  /** Of the start of the machine that the times belong to. */
  readonly boot: string
  /** When each request ended or ends, in the machine's milliseconds. */
  readonly ends: readonly number[]
  readonly pausedUntil: number
}

/** The request log of an account; undefined if there is none that can be read. */
export function readFormerRequests(
  storePath: string,
  account: Pick<AccountId, 'host' | 'account'>,
): FormerRequests | undefined {
  const path = join(formerFolder(storePath, account), 'quota.db')
  if (!existsSync(path)) return undefined
  try {
    return readFormer(path, (db) => ({
      boot: String(db.prepare('SELECT boot FROM machine').get()?.['boot'] ?? ''),
      ends: db
        .prepare('SELECT until FROM request')
        .all()
        .map(({ until }) => Number(until)),
      pausedUntil: Number(db.prepare('SELECT until FROM pause').get()?.['until'] ?? 0),
    }))
  } catch {
    return undefined
  }
}

export function formerStatePath(storePath: string, account: Pick<AccountId, 'host' | 'account'>): string {
  return join(formerFolder(storePath, account), 'sync.db')
}

function formerFolder(storePath: string, account: Pick<AccountId, 'host' | 'account'>): string {
  return join(dirname(storePath), folderName(account))
}

function folderName({ host, account }: Pick<AccountId, 'host' | 'account'>): string {
  return `${host.replace(/[^A-Za-z0-9.-]/g, '_')}-${account}`
}

/** Writes nothing: without `immutable`, SQLite would make an empty log next to a database that was closed. */
function readFormer<Found>(path: string, read: (db: DatabaseSync) => Found): Found {
  // SQLite would wait for the writer of a pipe.
  const journal = lstatSync(`${path}-journal`, { throwIfNoEntry: false })
  if (!isFile(path) || journal?.isFile() === false) throw new Error('no file')
  const address = pathToFileURL(path)
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log === undefined || log.size === 0) address.searchParams.set('immutable', '1')
  const db = new DatabaseSync(address, { readOnly: true })
  try {
    return read(db)
  } finally {
    db.close()
  }
}
