/** Examines the whole store: SQLite's own structure, and the checksum of every row that decides what is sent. */
import { isDeepStrictEqual } from 'node:util'
import { BulkUpdateError } from '../../model/errors.ts'
import { defaultSettleMs } from '../../model/store.ts'
import type { StoreRow, StoreDatabase } from '../own-database.ts'
import { emptyStoreDatabase } from './database.ts'
import { damagedEntries, fieldTable, mapFields, unknown } from './field-effects.ts'
import { checksumOf, readIntent, readOutcome } from './outcome-record.ts'
import { readBefore, readNote } from './run-reader.ts'

/** Problems beyond these are only counted. */
const mostNamed = 10

/** Returns what is wrong, a line each. */
export async function checkStore(database: StoreDatabase): Promise<readonly string[]> {
  const byRow = { run: 0, row: 0 }
  return [
    ...(await problemsOf(async () => checkStructure(database))),
    ...(await problemsOf(async () => checkSchema(database))),
    ...(await problemsOf(() => damagedRows(database, 'outcome', byRow, (row) => readOutcome(row, '')))),
    ...(await problemsOf(() => damagedRows(database, 'intent', byRow, (row) => readIntent(row, '')))),
    ...(await problemsOf(() => damagedRows(database, 'run_note', byNote, (row) => readNote(row, '')))),
    ...(await problemsOf(() => damagedRows(database, 'before_image', byRow, readImage))),
    ...(await problemsOf(() => damagedRows(database, 'before_write', byWrite, readWrite))),
    ...(await problemsOf(() => damagedRows(database, 'field_state', byCustomer, checkFields))),
  ]
}

const byNote = { run: 0, name: '' }
const byWrite = { run: 0, customer: '', row: 0 }
const readImage = (row: StoreRow): unknown => readBefore(row, 'image', '')
const readWrite = (row: StoreRow): unknown => readBefore(row, 'body', '')
const byCustomer = { account: 0, customer: '' }

function checkStructure({ all }: StoreDatabase): readonly string[] {
  return all(`PRAGMA quick_check(${mostNamed})`)
    .map(({ quick_check: found }) => String(found).replaceAll(/\s+/g, ' '))
    .filter((found) => found !== 'ok')
}

const schema = 'SELECT type, name, sql FROM sqlite_schema ORDER BY type, name'

function checkSchema({ all, path }: StoreDatabase): readonly string[] {
  const made = emptyStoreDatabase(path)
  const isAsMade = isDeepStrictEqual(all(schema), made.all(schema))
  made.close()
  return isAsMade ? [] : ['its tables are not those that this version makes']
}

/** SQLite gives up at a page that it cannot follow. */
async function problemsOf(check: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await check()
  } catch (error) {
    if (error instanceof BulkUpdateError && error.code === 'E_STORE_DAMAGED') return [error.message]
    throw error
  }
}

/**
 * Takes the store as it is. What was sent after its last commit is not known: rows without an outcome and all fields are in
 * doubt, and only then the mark begins anew.
 */
export async function acceptStore(database: StoreDatabase): Promise<void> {
  const { run, pages, write, restartMark } = database
  for await (const page of pages('SELECT account, customer FROM field_state WHERE true', [], byCustomer)) {
    await write(() => {
      const at = Date.now()
      for (const { account, customer } of page) {
        const table = fieldTable(database, Number(account))
        // The old number stays: a newer one would hide open intents.
        const known = table.get(String(customer))
        const lost = mapFields(known, ({ number }, field) => ({
          digest: unknown,
          number,
          at,
          until: at + (field in damagedEntries ? defaultSettleMs.addingUp : defaultSettleMs.repeatable),
        }))
        table.put(String(customer), lost)
      }
    })
  }
  await write(() => {
    run("UPDATE run_progress SET is_restored = 1 WHERE state <> 'finished'")
    // Folders of runs also show how far the store had come. No store has had a commit for each millisecond.
    run('UPDATE store SET commits = max(commits, ?)', Date.now())
  })
  restartMark()
}

function checkFields({ customer, fields, checksum }: StoreRow): void {
  if (checksumOf([customer, fields]) !== checksum) throw new Error('not as it was written')
}

async function damagedRows(
  { pages }: StoreDatabase,
  table: string,
  key: Parameters<StoreDatabase['pages']>[2],
  check: (row: StoreRow) => unknown,
): Promise<readonly string[]> {
  let damaged = 0
  for await (const page of pages(`SELECT * FROM ${table} WHERE true`, [], key))
    for (const row of page) if (!isWhole(row, check)) damaged++
  return damaged === 0 ? [] : [`${table}: ${damaged} rows are not as they were written`]
}

function isWhole(row: StoreRow, check: (row: StoreRow) => unknown): boolean {
  try {
    check(row)
    return true
  } catch {
    return false
  }
}
