/** Examines the whole store: SQLite's own structure, and the checksum of every row that decides what is sent. */
import { BulkUpdateError } from '../../model/errors.ts'
import type { StoreDatabase, StoreRow } from './database.ts'
import { fieldTable, unknown } from './field-effects.ts'
import { checksumOf, readIntent, readOutcome } from './outcome-record.ts'

/** Problems beyond these are only counted. */
const mostNamed = 10
const pageRows = 1_000

/** Returns what is wrong, a line each. */
export function checkStore({ db, read }: StoreDatabase): readonly string[] {
  const checkStructure = (): readonly string[] =>
    read(() => db.prepare(`PRAGMA quick_check(${mostNamed})`).all())
      .map(({ quick_check: found }) => String(found).replaceAll(/\s+/g, ' '))
      .filter((found) => found !== 'ok')
  const tables = [
    ['outcome', readOutcome],
    ['intent', readIntent],
    ['field_state', checkFields],
  ] as const
  return [
    ...problemsOf(checkStructure),
    ...tables.flatMap(([table, check]) => problemsOf(() => damagedRows({ db, read }, table, check))),
  ]
}

/** SQLite gives up at a page that it cannot follow. */
function problemsOf(check: () => readonly string[]): readonly string[] {
  try {
    return check()
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
  const { db, read, write, restartMark } = database
  const next = db.prepare(
    `SELECT account, customer FROM field_state WHERE (account, customer) > (?, ?) ORDER BY account, customer LIMIT ${pageRows}`,
  )
  for (let last: readonly [number, string] = [0, '']; ;) {
    const page = read(() => next.all(...last))
    await write(() => {
      const at = Date.now()
      for (const { account, customer } of page) {
        const table = fieldTable(database, Number(account))
        // With its old number no entry hides an open intent, which is read first as well.
        const doubted = Object.entries(table.get(String(customer))).map(
          ([field, { number }]) => [field, { digest: unknown, number, at, until: 0 }] as const,
        )
        table.put(String(customer), Object.fromEntries(doubted))
      }
    })
    const end = page.at(-1)
    if (end === undefined) break
    last = [Number(end['account']), String(end['customer'])]
  }
  await write(() => db.exec("UPDATE run_progress SET is_restored = 1 WHERE state <> 'finished'"))
  restartMark()
}

function checkFields({ customer, fields, checksum }: StoreRow): void {
  if (checksumOf([customer, fields]) !== checksum) throw new Error('not as it was written')
}

function damagedRows(
  { db, read }: Pick<StoreDatabase, 'db' | 'read'>,
  table: 'outcome' | 'intent' | 'field_state',
  check: (row: StoreRow) => unknown,
): readonly string[] {
  const [group, key] = table === 'field_state' ? ['account', 'customer'] : ['run', 'row']
  const next = db.prepare(
    `SELECT * FROM ${table} WHERE (${group}, ${key}) > (?, ?) ORDER BY ${group}, ${key} LIMIT ${pageRows}`,
  )
  let damaged = 0
  for (let last: readonly [number, string | number] = [0, '']; ;) {
    const page = read(() => next.all(...last))
    for (const row of page) if (!isWhole(row, check)) damaged++
    const end = page.at(-1)
    if (end === undefined || page.length < pageRows) break
    const value = end[key ?? '']
    last = [Number(end[group ?? '']), typeof value === 'number' ? value : String(value)]
  }
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
