/** Accounts, by number. What version 0.1 knew of one is taken over once: when the store first hears of it. */
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { AccountId } from '../../model/store.ts'
import { formerStatePath, readFormerRequests, readFormerState } from '../former-layout.ts'
import type { AccountName } from '../former-layout.ts'
import { fieldTable, mapFields, unknown } from './field-effects.ts'
import type { FieldEntry } from './field-effects.ts'
import { bootId, machineClock } from './quota.ts'
import type { StoreDatabase } from '../own-database.ts'

/** Returns undefined if the store holds nothing of the account. */
export function findAccount({ first }: StoreDatabase, { host, account }: AccountName): number | undefined {
  const found = first('SELECT id FROM account WHERE host = ? AND account = ?', host, account)
  return found && Number(found['id'])
}

export async function accountNumber(database: StoreDatabase, name: AccountName): Promise<number> {
  const known = findAccount(database, name)
  if (known !== undefined) return known
  await database.write(() => {
    const add = 'INSERT OR IGNORE INTO account (host, account) VALUES (?, ?)'
    const { changes, lastInsertRowid } = database.run(add, name.host, name.account)
    if (changes === 1) importFormer(database, Number(lastInsertRowid), name)
  })
  return accountNumber(database, name)
}

/** True if the digests of the account were made with this secret key, or if there are none yet: then it is noted. */
export async function hasKey(
  { first, run, write }: StoreDatabase,
  id: number,
  { keyCheck }: AccountId,
): Promise<boolean> {
  if (first('SELECT key_check FROM account WHERE id = ?', id)?.['key_check'] === keyCheck) return true
  if (first('SELECT 1 FROM field_state WHERE account = ? LIMIT 1', id) !== undefined) return false
  await write(() => run('UPDATE account SET key_check = ? WHERE id = ?', keyCheck, id))
  return true
}

/** A request that was in doubt then may be applied for so long. */
const settleMs = 300_000

/** Call inside the transaction that creates the account. */
function importFormer(database: StoreDatabase, id: number, account: AccountName): void {
  const { path, run } = database
  importRequests(database, id, account)
  try {
    importState(database, id, account)
  } catch {
    // `--only-changed` refuses it by name; other runs do not need it.
    for (const table of ['field_state', 'export_customer', 'export_run'])
      run(`DELETE FROM ${table} WHERE account = ?`, id)
    run('UPDATE account SET former_path = ? WHERE id = ?', formerStatePath(path, account), id)
  }
}

function importState(database: StoreDatabase, id: number, account: AccountName): void {
  const { path, run } = database
  const table = fieldTable(database, id)
  const addCustomer = 'INSERT OR REPLACE INTO export_customer VALUES (?, ?, ?, ?, ?)'
  const addRun = 'INSERT OR REPLACE INTO export_run VALUES (?, ?, ?, ?, ?, ?)'
  readFormerState(path, account, ({ keyCheck, customers, exportCustomers, exportRuns }) => {
    run('UPDATE account SET key_check = ?, accepted_at = ? WHERE id = ?', keyCheck, Date.now(), id)
    for (const { id: customer, fields } of customers) {
      const found = parseJson(String(fields))
      if (!isJsonObject(found)) throw new Error('no fields')
      table.put(String(customer), mapFields(found, formerEntry))
    }
    for (const row of exportCustomers) run(addCustomer, id, ...Object.values(row))
    for (const row of exportRuns) run(addRun, id, ...Object.values(row))
  })
}

/** The text is a digest and times in base 36: the end, and the beginning if it is another time. */
function formerEntry(text: unknown): FieldEntry {
  if (typeof text !== 'string') throw new Error('no entry')
  const [digest = unknown, time = ''] = text.split('.')
  const at = Number.parseInt(time, 36)
  if (Number.isNaN(at)) throw new Error('no entry')
  return { digest, number: 0, at, until: digest === unknown ? at + settleMs : 0 }
}

function importRequests({ run, path }: StoreDatabase, id: number, account: AccountName): void {
  const found = readFormerRequests(path, account)
  if (found === undefined) return
  const add = 'INSERT INTO request_log (account, holder, until, in_flight) VALUES (?, 0, ?, 0)'
  const isSameStart = found.boot === bootId()
  // After a restart of the machine ages are unknown, so all count as if they ended now.
  for (const until of found.ends) run(add, id, isSameStart ? until : machineClock.now())
  if (isSameStart) run('INSERT OR REPLACE INTO pause VALUES (?, ?)', id, found.pausedUntil)
}
