/**
 * What a plan has read, in a SQLite file next to it, so that a resumed plan reads no customer again. Writes do not wait for the
 * disk: what a power cut loses is read again.
 */
import { rmSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { isDamaged } from '../config/file-lock.ts'
import type { BulkUpdateError } from '../model/errors.ts'
import { isJsonObject, parseJson, type JsonObject } from '../model/json.ts'
import { shellWord } from '../model/text.ts'
import { errorOf, storeError } from './errors.ts'
import { inTransaction, openOwnDatabase, queriesOf, type QueryValues } from './own-database.ts'
import { checksumOf } from './sqlite/outcome-record.ts'

/** What is known of a customer: its snapshot, or why there is none. */
export type KnownCustomer = JsonObject | 'missing' | 'unreadable'

/** Customers that were read one by one, and pages of the list. */
export interface ReadingCounts {
  single: number
  pages: number
}

export type Readings = ReturnType<typeof openReadings>

/** Forgets readings before `since` (milliseconds since 1970), and unreadable customers. An empty `path` is a temporary file. */
export function openReadings(path: string, since: number) {
  const db = onDisk(path, () => openTables(path))
  const queries = queriesOf(db)
  const run = (query: string, ...values: QueryValues) => onDisk(path, () => queries.run(query, ...values))
  const all = (query: string, ...values: QueryValues) => onDisk(path, () => queries.all(query, ...values))
  const first = (query: string, ...values: QueryValues) => all(query, ...values)[0]
  const write = (action: () => void): void => onDisk(path, () => inTransaction(db, action))
  run(
    "UPDATE reading SET at = NULL, known = NULL, checksum = NULL WHERE at < ? OR known = 'unreadable'",
    since,
  )
  const numberOf = (query: string): number => Number(first(query)?.['number'] ?? 0)
  let open = numberOf('SELECT count(*) AS number FROM reading WHERE at IS NULL')

  function close(): void {
    if (db.isOpen) db.close()
  }

  /** A batch at a time, so that writes in between do not wait. */
  function* namesIn(condition: string): Generator<string> {
    const next = `SELECT place, id FROM reading WHERE place > ?${condition} ORDER BY place LIMIT 500`
    for (let last = 0; ;) {
      const found = all(next, last)
      if (found.length === 0) return
      for (const { place, id } of found) {
        // A damaged table may hold a cycle.
        if (Number(place) <= last) throw damagedReadings(path)
        last = Number(place)
        yield String(id)
      }
    }
  }

  return {
    /** Notes that the file names these customers, in its order; known ones stay as they are. */
    want(customerIds: readonly string[]): void {
      const query = 'INSERT OR IGNORE INTO reading (id) VALUES (?)'
      write(() => {
        for (const id of customerIds) open += Number(run(query, id).changes)
      })
    },
    /** Customers that are wanted and not known yet, in the order of the file. */
    wanted: () => namesIn(' AND at IS NULL'),
    /** All customers of the file, in its order. */
    all: () => namesIn(''),
    isOpen: (customerId: string): boolean =>
      first('SELECT 1 FROM reading WHERE id = ? AND at IS NULL', customerId) !== undefined,
    get open(): number {
      return open
    },
    /** How many customers the file names. */
    get customers(): number {
      return numberOf('SELECT count(*) AS number FROM reading')
    },
    /** When the first of them was read, milliseconds since 1970. */
    get beganAt(): number {
      return numberOf('SELECT min(at) AS number FROM reading') || Date.now()
    },
    /** Requests so far, of all sessions. */
    counts: (): ReadingCounts => ({
      single: numberOf('SELECT single AS number FROM took'),
      pages: numberOf('SELECT pages AS number FROM took'),
    }),
    /** Keeps what was read, and the requests so far. What is kept on credit counts until this or a later session gives it back. */
    keep(
      items: readonly (readonly [customerId: string, known: KnownCustomer])[],
      { single, pages }: ReadingCounts,
      isOnCredit = false,
    ): void {
      const at = Date.now()
      const query = 'UPDATE reading SET at = ?, known = ?, checksum = ? WHERE id = ? AND at IS NULL'
      write(() => {
        run('UPDATE took SET single = ?, pages = ?', single, pages)
        for (const [id, value] of items) {
          const known = typeof value === 'string' ? value : JSON.stringify(value)
          open -= Number(run(query, at, known, checksumOf([id, known]), id).changes)
          if (isOnCredit) run('INSERT OR IGNORE INTO credit VALUES (?)', id)
        }
      })
    },
    /** Opens again what was kept on credit. */
    giveBack(): void {
      const reopen =
        'UPDATE reading SET at = NULL, known = NULL, checksum = NULL WHERE at IS NOT NULL AND id IN (SELECT id FROM credit)'
      write(() => {
        open += Number(run(reopen).changes)
        run('DELETE FROM credit')
      })
    },
    /**
     * What is known of a customer of the file: after its earlier rows, or as it was read. Throws LOCAL, E_STORE_DAMAGED, if it is not
     * as it was written.
     */
    known(customerId: string): KnownCustomer | undefined {
      const left = first('SELECT snapshot AS known FROM left_by WHERE id = ?', customerId)
      const found = left ?? first('SELECT known, checksum FROM reading WHERE id = ?', customerId)
      const { known = null, checksum = null } = found ?? {}
      if (known === null && checksum === null) return undefined
      const isWhole = left !== undefined || checksum === checksumOf([customerId, known])
      if (isWhole && (known === 'missing' || known === 'unreadable')) return known
      const snapshot = isWhole && typeof known === 'string' ? parseJson(known) : undefined
      if (isJsonObject(snapshot)) return snapshot
      throw damagedReadings(path)
    },
    /** Notes what a customer holds after a row, for the later rows of the customer. */
    leave: (customerId: string, snapshot: JsonObject): void =>
      void run('INSERT OR REPLACE INTO left_by VALUES (?, ?)', customerId, JSON.stringify(snapshot)),
    /** Forgets what `leave` noted. */
    forgetLeft: (): void => void run('DELETE FROM left_by'),
    close,
    /** Closes the file and deletes it. */
    remove(): void {
      close()
      for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
    },
    [Symbol.dispose]: close,
  }
}

function openTables(path: string): DatabaseSync {
  const db = openOwnDatabase(path)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE;
    CREATE TABLE IF NOT EXISTS reading
      (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER, known TEXT, checksum INTEGER) STRICT;
    CREATE TABLE IF NOT EXISTS took (id INTEGER PRIMARY KEY CHECK (id = 1), single INTEGER NOT NULL, pages INTEGER NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS credit (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    INSERT OR IGNORE INTO took VALUES (1, 0, 0);
    CREATE TEMP TABLE left_by (id TEXT PRIMARY KEY, snapshot TEXT NOT NULL) STRICT, WITHOUT ROWID;`)
  return db
}

function damagedReadings(path: string, cause?: unknown): BulkUpdateError {
  return errorOf('E_STORE_DAMAGED', 'damaged_readings', { path, word: shellWord(path) }, cause)
}

function onDisk<Result>(path: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    if (isDamaged(error)) throw damagedReadings(path, error)
    throw storeError(path === '' ? 'of this command' : path, 'write', error)
  }
}
