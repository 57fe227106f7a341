/**
 * What a plan has read, in a SQLite file next to it, so that a resumed plan reads no customer again. Writes do not wait for the
 * disk: what a power cut loses is read again.
 */
import type { JsonObject } from '../model/json.ts'
import { isJsonObject } from '../model/json.ts'
import { storeError } from './errors.ts'
import { inTransaction, openOwnDatabase, queriesOf } from './own-database.ts'

/** What is known of a customer: its image, or why there is none. */
export type KnownCustomer = JsonObject | 'missing' | 'unreadable'

/** Customers that were read one by one, and pages of the list. */
export interface ReadingCounts {
  single: number
  pages: number
}

export type Readings = ReturnType<typeof openReadings>

/** Forgets readings before `since` (milliseconds since 1970), and unreadable customers. An empty `path` is a temporary file. */
export function openReadings(path: string, since: number) {
  const db = onDisk(path, () => openOwnDatabase(path))
  const { run, all, first } = queriesOf(db)
  const write = (action: () => void): void => onDisk(path, () => inTransaction(db, action))
  onDisk(path, () => {
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = FILE;
      CREATE TABLE IF NOT EXISTS customer (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at INTEGER, known TEXT) STRICT;
      CREATE TABLE IF NOT EXISTS took (id INTEGER PRIMARY KEY CHECK (id = 1), single INTEGER NOT NULL, pages INTEGER NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS credit (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
      INSERT OR IGNORE INTO took VALUES (1, 0, 0);
      CREATE TEMP TABLE left_by (id TEXT PRIMARY KEY, image TEXT NOT NULL) STRICT, WITHOUT ROWID;`)
    run("UPDATE customer SET at = NULL, known = NULL WHERE at < ? OR known = 'unreadable'", since)
  })
  const numberOf = (query: string): number => Number(first(query)?.['number'] ?? 0)
  let open = numberOf('SELECT count(*) AS number FROM customer WHERE at IS NULL')

  function close(): void {
    if (db.isOpen) db.close()
  }

  /** A batch at a time, so that writes in between do not wait. */
  function* namesIn(condition: string): Generator<string> {
    const next = `SELECT place, id FROM customer WHERE place > ?${condition} ORDER BY place LIMIT 500`
    for (let last = 0; ;) {
      const found = all(next, last)
      if (found.length === 0) return
      for (const { place, id } of found) {
        last = Number(place)
        yield String(id)
      }
    }
  }

  return {
    /** Notes that the file names these customers, in its order; known ones stay as they are. */
    want(customerIds: readonly string[]): void {
      const query = 'INSERT OR IGNORE INTO customer (id) VALUES (?)'
      write(() => {
        for (const id of customerIds) open += Number(run(query, id).changes)
      })
    },
    /** Customers that are wanted and not known yet, in the order of the file. */
    wanted: () => namesIn(' AND at IS NULL'),
    /** All customers of the file, in its order. */
    all: () => namesIn(''),
    isOpen: (customerId: string): boolean =>
      first('SELECT 1 FROM customer WHERE id = ? AND at IS NULL', customerId) !== undefined,
    get open(): number {
      return open
    },
    /** How many customers the file names. */
    get customers(): number {
      return numberOf('SELECT count(*) AS number FROM customer')
    },
    /** When the first of them was read, milliseconds since 1970. */
    get beganAt(): number {
      return numberOf('SELECT min(at) AS number FROM customer') || Date.now()
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
      const query = 'UPDATE customer SET at = ?, known = ? WHERE id = ? AND at IS NULL'
      write(() => {
        run('UPDATE took SET single = ?, pages = ?', single, pages)
        for (const [id, value] of items) {
          const known = typeof value === 'string' ? value : JSON.stringify(value)
          open -= Number(run(query, at, known, id).changes)
          if (isOnCredit) run('INSERT OR IGNORE INTO credit VALUES (?)', id)
        }
      })
    },
    /** Opens again what was kept on credit. */
    giveBack(): void {
      const reopen =
        'UPDATE customer SET at = NULL, known = NULL WHERE at IS NOT NULL AND id IN (SELECT id FROM credit)'
      write(() => {
        open += Number(run(reopen).changes)
        run('DELETE FROM credit')
      })
    },
    /** What is known of a customer of the file: after its earlier rows, or as it was read. */
    known(customerId: string): KnownCustomer | undefined {
      const left = first('SELECT image AS known FROM left_by WHERE id = ?', customerId)
      const found = (left ?? first('SELECT known FROM customer WHERE id = ?', customerId))?.['known']
      if (found === 'missing' || found === 'unreadable') return found
      const image: unknown = typeof found === 'string' ? JSON.parse(found) : undefined
      return isJsonObject(image) ? image : undefined
    },
    /** Notes what a customer holds after a row, for the later rows of the customer. */
    leave: (customerId: string, image: JsonObject): void =>
      void run('INSERT OR REPLACE INTO left_by VALUES (?, ?)', customerId, JSON.stringify(image)),
    /** Forgets what `leave` noted. */
    forgetLeft: (): void => void run('DELETE FROM left_by'),
    close,
    [Symbol.dispose]: close,
  }
}

function onDisk<Result>(path: string, action: () => Result): Result {
  try {
    return action()
  } catch (error) {
    throw storeError(path === '' ? 'of this command' : path, 'write', error)
  }
}
