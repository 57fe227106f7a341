/**
 * Accounts, and what intents and outcomes do to the fields of their customers. An open intent makes its fields unknown for every run of the
 * account by being there. An outcome confirms a field only if nothing else can have written it since its own intent.
 */
import type { Outcome, FieldEffects } from '../../model/row.ts'
import { defaultSettleMs, type AccountId } from '../../model/store.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import { formerStatePath, readFormerRequests, readFormerState, type AccountName } from '../former-layout.ts'
import { checksumOf, readIntent, type StoredIntent } from './outcome-record.ts'
import { isOwned, leastSettleMs, ownerGoneMs } from './owner.ts'
import { bootId, machineClock } from './quota.ts'
import type { StoreDatabase } from '../own-database.ts'

/** What is kept of one field. */
export interface FieldEntry {
  /** `unknown`, `forgotten`, or the keyed digest of the value that Rapyd confirmed. */
  readonly digest: string
  /** The commit that noted it. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** Until then, something that was sent before may still be applied; 0 if nothing may. */
  readonly until: number
}

export const unknown = ''
/** No digest is equal to it. Unlike `unknown`, the value is not in doubt. */
export const forgotten = '-'

export type FieldEntries = Readonly<Record<string, FieldEntry>>

const doubted: FieldEntry = { digest: unknown, number: 0, at: 0, until: 0 }
/** Replaces a damaged row: fields that add up are read before they are sent, and all others are sent. */
export const damagedEntries: FieldEntries = { addresses: doubted, coupon: doubted }

const readFields = 'SELECT fields, checksum FROM field_state WHERE account = ? AND customer = ?'
const hasAdded = `SELECT 1 FROM outcome JOIN run ON run.number = run JOIN account USING (host, account)
  WHERE account.id = ? AND customer = ? AND digests IS NOT NULL LIMIT 1`
const readIntents = `SELECT intent.*, epoch, renewed_at, lease_until
  FROM intent JOIN run_progress ON run_progress.run = intent.run
  WHERE account = ? AND customer = ? AND NOT (intent.run = ? AND row = ?)`

export type FieldTable = ReturnType<typeof fieldTable>

export function fieldTable({ all, first, run: change, path }: StoreDatabase, account: number) {
  return {
    /** A row that is not as it was written counts as unknown. */
    get(customerId: string): FieldEntries {
      const found = first(readFields, account, customerId)
      // Runs that confirm such fields also write the row.
      if (found === undefined) return first(hasAdded, account, customerId) === undefined ? {} : damagedEntries
      const text = String(found['fields'])
      return checksumOf([customerId, text]) === found['checksum'] ? entriesOf(text) : damagedEntries
    },
    put(customerId: string, entries: FieldEntries): void {
      const text = JSON.stringify(
        mapFields(entries, ({ digest, number, at, until }) => [digest, number, at, until]),
      )
      const query = 'INSERT OR REPLACE INTO field_state VALUES (?, ?, ?, ?)'
      change(query, account, customerId, text, checksumOf([customerId, text]))
    },
    /** Open intents for the customer, of all runs, but for that of one row. */
    intents: (customerId: string, { run, row } = { run: 0, row: 0 }) =>
      all(readIntents, account, customerId, run, row).map((found) => {
        const intent = readIntent(found, path)
        const number = (name: string): number => Number(found[name])
        const isAlive = isOwned(path, number('run'), number('epoch'), number('lease_until'))
        const isGivenBack = number('lease_until') === 0
        const goneMs = isGivenBack || intent.settleMs < leastSettleMs ? 0 : ownerGoneMs
        const endsAt = Math.max(intent.at, number('renewed_at')) + goneMs + intent.settleMs
        /** When its attempts are over at the latest, milliseconds since 1970; infinity while its owner lives. */
        const ends = { endsAt: isAlive ? Number.POSITIVE_INFINITY : endsAt }
        return Object.assign(intent, ends)
      }),
  }
}

export function entriesOf(text: string): FieldEntries {
  const found = parseJson(text)
  return mapFields(isJsonObject(found) ? found : {}, (entry) => {
    const [digest, number, at, until]: readonly unknown[] = Array.isArray(entry) ? entry : []
    return { digest: String(digest), number: Number(number), at: Number(at), until: Number(until) }
  })
}

export function mapFields<From, To>(
  fields: Readonly<Record<string, From>>,
  change: (value: From, field: string) => To,
): Readonly<Record<string, To>> {
  return Object.fromEntries(Object.entries(fields).map(([field, value]) => [field, change(value, field)]))
}

/**
 * Keeps the doubts of a run that is held, because the run may be deleted. `endedAt`: when its attempts ended, milliseconds since 1970. Its
 * open intents do not say so while it is held.
 */
export async function keepFieldDoubts(database: StoreDatabase, run: number, endedAt: number): Promise<void> {
  await database.write(() => {
    for (const found of database.all('SELECT * FROM intent WHERE run = ? AND account <> 0', run)) {
      const { customerId, fields, number, at, settleMs } = readIntent(found, database.path)
      const table = fieldTable(database, Number(found['account']))
      const entries: Record<string, FieldEntry> = { ...table.get(customerId) }
      const doubt: FieldEntry = { digest: unknown, number, at, until: Math.max(at, endedAt) + settleMs }
      for (const field of fields) {
        const before = entries[field] ?? doubted
        const until = Math.max(before.until, doubt.until)
        entries[field] = { ...(number > before.number ? doubt : before), until }
      }
      table.put(customerId, entries)
    }
  })
}

/** How often to ask again about a request of a living run. Milliseconds. */
const lookEveryMs = 1_000

export type FieldWriter = ReturnType<typeof createFieldWriter>

/**
 * All but `isOvertaken` and `arrivesUntil` are called inside a transaction. `isOtherKey`: the digests of the account were made with another
 * secret key, so what is confirmed now cannot be compared with them.
 */
export function createFieldWriter(
  database: StoreDatabase,
  account: number,
  run: number,
  { keyCheck, isOtherKey }: { readonly keyCheck: string; readonly isOtherKey: boolean },
) {
  const table = fieldTable(database, account)

  return {
    account,
    keyCheck,
    /** Notes that the run is the last that sends. */
    noteSender(): void {
      const query = 'UPDATE account SET last_sender = (SELECT id FROM run WHERE number = ?) WHERE id = ?'
      database.run(query, run, account)
    },
    /** `noted` is the intent of the row, if it has one. */
    settle(outcome: Outcome, effects: FieldEffects, commit: number, noted: StoredIntent | undefined): void {
      const found = Object.entries(effects.confirmed ?? {})
      const confirmed = isOtherKey ? [] : found
      const lost = [...(effects.unknown ?? []), ...(isOtherKey ? found.map(([field]) => field) : [])]
      if (confirmed.length === 0 && lost.length === 0) return
      const { customerId, row } = outcome
      const now = Date.now()
      const intent = noted ?? { number: commit, at: now, settleMs: 0 }
      const others = table.intents(customerId, { run, row })
      const entries: Record<string, FieldEntry> = { ...table.get(customerId) }
      const arrivesUntil = effects.until ?? 0
      for (const [field, digest] of confirmed) {
        const before = entries[field] ?? { digest, number: 0, until: 0 }
        const isOverlapped =
          before.digest !== digest && (before.number > intent.number || before.until > intent.at)
        const isContested = others.some(({ fields, endsAt }) => fields.includes(field) && endsAt > intent.at)
        const isKnown = !isOverlapped && !isContested
        const until = Math.max(before.until, arrivesUntil)
        entries[field] = { digest: isKnown ? digest : unknown, number: commit, at: now, until }
      }
      // A clear answer leaves nothing that may still be applied.
      const lostUntil = outcome.outcome === 'unknown' ? now + intent.settleMs : arrivesUntil
      for (const field of lost) {
        const until = Math.max(entries[field]?.until ?? 0, lostUntil)
        entries[field] = { digest: unknown, number: commit, at: now, until }
      }
      table.put(customerId, entries)
    },
    /** True if another run has recorded an intent for one of the fields since. */
    isOvertaken({ customerId, fields, number, row }: StoredIntent): boolean {
      const entries = table.get(customerId)
      const isWritten = fields.some((field) => {
        const entry = entries[field]
        return entry !== undefined && entry.digest !== forgotten && entry.number > number
      })
      const others = table.intents(customerId, { run, row })
      return isWritten || others.some((other) => other.number > number && shares(other.fields, fields))
    },
    /** See `Run`. */
    arrivesUntil(customerId: string, row: number): number {
      const next = Date.now() + lookEveryMs
      const ends = table
        .intents(customerId, { run, row })
        .map(({ endsAt, at, settleMs }) => (Number.isFinite(endsAt) ? endsAt : Math.min(next, at + settleMs)))
      return Math.max(0, ...ends, ...Object.values(table.get(customerId)).map(({ until }) => until))
    },
  }
}

function shares(one: readonly string[], other: readonly string[]): boolean {
  return one.some((field) => other.includes(field))
}

/** Returns undefined if the store holds nothing of the account. */
export function findAccount({ first }: StoreDatabase, { host, account }: AccountName): number | undefined {
  const found = first('SELECT id FROM account WHERE host = ? AND account = ?', host, account)
  return found && Number(found['id'])
}

/** The number of an account. What version 0.1 knew of one is taken over once: when the store first hears of it. */
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
  return { digest, number: 0, at, until: digest === unknown ? at + defaultSettleMs.addingUp : 0 }
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
