/**
 * Which customers a file names, and which of its rows follow others of the same customer: a table in a temporary SQLite file
 * without a name, so that memory does not grow with the input.
 */
import { createRowSet } from '../model/collections.ts'
import type { Place } from '../model/row.ts'
import { errorOf } from './errors.ts'
import { openOwnDatabase, queriesOf } from './own-database.ts'

const rowsAtOnce = 64

export type CustomerCount = ReturnType<typeof countCustomers>
export type DuplicateRows = ReturnType<CustomerCount['duplicates']>

/** Errors of the disk are LOCAL, E_SPOOL. */
export function countCustomers() {
  const db = onDisk(() => openOwnDatabase(''))
  const { run, all, first } = queriesOf(db)
  onDisk(() =>
    db.exec(`PRAGMA temp_store = FILE;
      CREATE TABLE seen (customer TEXT NOT NULL, row INTEGER NOT NULL, has_call INTEGER NOT NULL) STRICT;
      BEGIN`),
  )
  const close = (): void => db.close()
  /** Values of rows that are written together, because each statement costs more than its row. */
  const waiting: (string | number)[] = []

  function write(): void {
    const values = waiting.splice(0)
    const places = Array.from({ length: values.length / 3 }, () => '(?, ?, ?)').join(', ')
    if (values.length > 0) run(`INSERT INTO seen VALUES ${places}`, ...values)
  }

  return {
    /** Adds a row, in file order. `hasCall`: it is valid and sets a field. Others count, but are no duplicates. */
    add(customerId: string, row: number, hasCall: boolean): void {
      waiting.push(customerId, row, hasCall ? 1 : 0)
      if (waiting.length === rowsAtOnce * 3) onDisk(write)
    },
    counts: () =>
      onDisk(() => {
        write()
        const found =
          first(`SELECT count(*) AS customers, total(rows > 1) AS repeated, total(rows - 1) AS further
          FROM (SELECT count(*) AS rows FROM seen GROUP BY customer)`)
        return {
          customers: Number(found?.['customers']),
          repeatedCustomers: Number(found?.['repeated']),
          duplicateRows: Number(found?.['further']),
        }
      }),
    /** The first row of the file that is not its customer's first, after that first one. */
    firstPair: (): readonly [number, number] | undefined =>
      onDisk(() => {
        write()
        const found = first(`${selectWithEarlier('')} ORDER BY row LIMIT 1`)
        return found && [Number(found['earlier']), Number(found['row'])]
      }),
    /** Rows with a call of customers that have several. Asked when all rows have been added. */
    duplicates: () =>
      onDisk(() => {
        write()
        const [earlierRows, laterRows] = [createRowSet(), createRowSet()]
        for (const { earlier, row } of db.prepare(selectWithEarlier('WHERE has_call = 1')).iterate()) {
          earlierRows.add(Number(earlier))
          laterRows.add(Number(row))
        }
        db.exec(`CREATE TABLE IF NOT EXISTS last (customer TEXT PRIMARY KEY, row INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT OR IGNORE INTO last
          SELECT customer, max(row) FROM seen WHERE has_call = 1 GROUP BY customer HAVING count(*) > 1;
        CREATE TABLE IF NOT EXISTS place (customer TEXT, row INTEGER, line INTEGER, offset INTEGER, length INTEGER,
          PRIMARY KEY (customer, row)) STRICT, WITHOUT ROWID`)
        return {
          /** Rows with a later row of the same customer. */
          earlierRows,
          /** Rows with an earlier row of the same customer. */
          laterRows,
          lastRowOf: (customerId: string) =>
            Number(first('SELECT row FROM last WHERE customer = ?', customerId)?.['row']),
          keepPlace(customerId: string, { row, line, offset, length }: Place): void {
            const query = 'INSERT OR IGNORE INTO place VALUES (?, ?, ?, ?, ?)'
            onDisk(() => run(query, customerId, row, line, offset, length))
          },
          /** The places that were kept, newest first. */
          placesOf: (customerId: string): readonly Place[] =>
            all('SELECT * FROM place WHERE customer = ? ORDER BY row DESC', customerId).map((found) => ({
              row: Number(found['row']),
              line: Number(found['line']),
              offset: Number(found['offset']),
              length: Number(found['length']),
            })),
        }
      }),
    /** Not while `duplicates` is in use. */
    close,
    [Symbol.dispose]: close,
  }
}

/** Rows that follow another row of their customer, with that row. */
function selectWithEarlier(where: string): string {
  return `SELECT earlier, row FROM
    (SELECT row, lag(row) OVER (PARTITION BY customer ORDER BY row) AS earlier FROM seen ${where})
    WHERE earlier IS NOT NULL`
}

function onDisk<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    throw errorOf('E_SPOOL', 'customer_count', { why: reason }, error)
  }
}
