/** Accounts, by number. What version 0.1 knew of one is taken over once: when the store first hears of it. */
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { AccountId } from '../../model/store.ts'
import { formerStatePath, readFormerRequests, readFormerState } from '../former-layout.ts'
import type { StoreDatabase } from './database.ts'
import { fieldTable, unknown } from './field-effects.ts'
import type { FieldEntry } from './field-effects.ts'
import { bootId, machineClock } from './quota.ts'

type AccountName = Pick<AccountId, 'host' | 'account'>

/** Returns undefined if the store holds nothing of the account. */
export function findAccount({ db, read }: StoreDatabase, { host, account }: AccountName): number | undefined {
  const found = read(() =>
    db.prepare('SELECT id FROM account WHERE host = ? AND account = ?').get(host, account),
  )
  return found === undefined ? undefined : Number(found['id'])
}

export async function accountNumber(database: StoreDatabase, name: AccountName): Promise<number> {
  const known = findAccount(database, name)
  if (known !== undefined) return known
  await database.write(() => {
    const { changes, lastInsertRowid } = database.db
      .prepare('INSERT OR IGNORE INTO account (host, account) VALUES (?, ?)')
      .run(name.host, name.account)
    if (changes === 1) importFormer(database, Number(lastInsertRowid), name)
  })
  const made = findAccount(database, name)
  if (made === undefined) throw new Error('an account that was not kept')
  return made
}

/** True if the digests of the account were made with this secret key, or if there are none yet: then it is noted. */
export async function hasKey(
  { db, read, write }: StoreDatabase,
  id: number,
  { keyCheck }: AccountId,
): Promise<boolean> {
  const held = read(() => db.prepare('SELECT key_check FROM account WHERE id = ?').get(id))?.['key_check']
  if (held === keyCheck) return true
  const isEmpty =
    read(() => db.prepare('SELECT 1 FROM field_state WHERE account = ? LIMIT 1').get(id)) === undefined
  if (isEmpty)
    await write(() => db.prepare('UPDATE account SET key_check = ? WHERE id = ?').run(keyCheck, id))
  return isEmpty
}

/** A request that was in doubt then may be applied for so long. */
const settleMs = 300_000

/** Call inside the transaction that creates the account. */
function importFormer(database: StoreDatabase, id: number, account: AccountName): void {
  const { db } = database
  importRequests(database, id, account)
  try {
    importState(database, id, account)
  } catch {
    // `--only-changed` refuses it by name; other runs do not need it.
    for (const table of ['field_state', 'export_customer', 'export_run'])
      db.prepare(`DELETE FROM ${table} WHERE account = ?`).run(id)
    db.prepare('UPDATE account SET former_path = ? WHERE id = ?').run(
      formerStatePath(database.path, account),
      id,
    )
  }
}

function importState(database: StoreDatabase, id: number, account: AccountName): void {
  const { db, path } = database
  const table = fieldTable(database, id)
  const addCustomer = db.prepare('INSERT OR REPLACE INTO export_customer VALUES (?, ?, ?, ?, ?)')
  const addRun = db.prepare('INSERT OR REPLACE INTO export_run VALUES (?, ?, ?, ?, ?, ?)')
  readFormerState(path, account, ({ keyCheck, customers, exportCustomers, exportRuns }) => {
    db.prepare('UPDATE account SET key_check = ?, accepted_at = ? WHERE id = ?').run(keyCheck, Date.now(), id)
    for (const { id: customer, fields } of customers) {
      const found = parseJson(String(fields))
      if (!isJsonObject(found)) throw new Error('no fields')
      const entries = Object.entries(found).map(([field, entry]) => [field, formerEntry(entry)] as const)
      table.put(String(customer), Object.fromEntries(entries))
    }
    for (const { export: name, customer, run, gone } of exportCustomers)
      addCustomer.run(id, String(name), String(customer), String(run), typeof gone === 'string' ? gone : null)
    for (const { run, export: name, at, rows, vanished } of exportRuns)
      addRun.run(id, String(run), String(name), Number(at), Number(rows), Number(vanished))
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

function importRequests({ db, path }: StoreDatabase, id: number, account: AccountName): void {
  const found = readFormerRequests(path, account)
  if (found === undefined) return
  const add = db.prepare('INSERT INTO request_log (account, holder, until, in_flight) VALUES (?, 0, ?, 0)')
  const isSameStart = found.boot === bootId()
  // After a restart of the machine ages are unknown, so all count as if they ended now.
  for (const until of found.ends) add.run(id, isSameStart ? until : machineClock.now())
  if (isSameStart) db.prepare('INSERT OR REPLACE INTO pause VALUES (?, ?)').run(id, found.pausedUntil)
}
