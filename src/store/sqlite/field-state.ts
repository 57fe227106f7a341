/** What is known of an account's customers: digests of the fields that Rapyd confirmed, and which exports held which customers. */
import { BulkUpdateError } from '../../model/errors.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { Digests } from '../../model/outcome.ts'
import type { AccountId, FieldState, KnownFields, SentFields } from '../../model/store.ts'
import { accountNumber, findAccount, hasKey } from './accounts.ts'
import type { StoreDatabase } from './database.ts'
import { entriesOf, fieldTable, forgotten, unknown } from './field-effects.ts'
import type { FieldEntries, FieldEntry, FieldTable } from './field-effects.ts'

export function createFieldState(database: StoreDatabase, owner: AccountId): FieldState {
  const { db, path, read, write } = database
  const find = (): number | undefined => findAccount(database, owner)

  async function forget(customerId?: string): Promise<number> {
    const account = find()
    if (account === undefined) return 0
    const table = fieldTable(database, account)
    let known = 0
    for (const page of customerPages(database, account, customerId)) {
      await write(() => {
        for (const id of page) if (forgetCustomer(table, id)) known++
      })
    }
    return known
  }

  return {
    ...createExports(database, owner),
    async get(customers) {
      const account = find()
      if (account === undefined) return customers.map(() => nothing)
      const table = fieldTable(database, account)
      return read(() => customers.map((customerId) => knownFields(table, customerId)))
    },
    sentBefore: (customers) => Promise.resolve(sentBefore(database, owner, customers)),
    async confirm(confirmed) {
      const account = await accountNumber(database, owner)
      if (!(await hasKey(database, account, owner))) {
        await write(() => {
          db.prepare('DELETE FROM field_state WHERE account = ?').run(account)
          db.prepare('UPDATE account SET key_check = ? WHERE id = ?').run(owner.keyCheck, account)
        })
      }
      const table = fieldTable(database, account)
      await write((number) => {
        db.prepare("UPDATE account SET last_sender = '', former_path = NULL WHERE id = ?").run(account)
        const at = Date.now()
        for (const { customerId, digests } of confirmed) {
          const entries = Object.entries(digests).map(
            ([field, digest]) => [field, { digest, number, at, until: 0 }] as const,
          )
          table.put(customerId, { ...table.get(customerId), ...Object.fromEntries(entries) })
        }
      })
    },
    forget,
    async counts() {
      let [customers, fields, lastConfirmedAt] = [0, 0, 0]
      const account = find() ?? 0
      const next = db.prepare(
        'SELECT customer, fields FROM field_state WHERE account = ? AND customer > ? ORDER BY customer LIMIT 1000',
      )
      for (let last = ''; ;) {
        const page = read(() => next.all(account, last))
        for (const { fields: text } of page) {
          customers++
          for (const entry of Object.values(entriesOf(String(text)))) {
            if (!isKnown(entry)) continue
            fields++
            lastConfirmedAt = Math.max(lastConfirmedAt, entry.at)
          }
        }
        const end = String(page.at(-1)?.['customer'] ?? '')
        if (end <= last) return { customers, fields, lastConfirmedAt }
        last = end
      }
    },
    async exists() {
      // Also takes over what version 0.1 knew.
      const account = await accountNumber(database, owner)
      const tables = ['field_state', 'export_run', 'export_customer', 'export_skipped']
      return read(() =>
        tables.some(
          (table) =>
            db.prepare(`SELECT 1 FROM ${table} WHERE account = ? LIMIT 1`).get(account) !== undefined,
        ),
      )
    },
    async refuseUnusable(isNew = false) {
      const account = await accountNumber(database, owner)
      const former = read(() => db.prepare('SELECT former_path FROM account WHERE id = ?').get(account))?.[
        'former_path'
      ]
      if (typeof former === 'string' && !isNew) throw unusableState(former)
      if (await hasKey(database, account, owner)) return
      throw new BulkUpdateError(
        'E_STATE_OTHER',
        `what the store ${path} knows of account ${owner.account} was made with another secret key`,
        'Use the key it was made with. If the key was changed, take what was sent last as applied: rapyd-bulk state baseline <last file>. Nothing was sent.',
      )
    },
    async accept() {
      const account = await accountNumber(database, owner)
      const note = db.prepare(
        'UPDATE account SET accepted_at = ?, former_path = NULL, is_behind = 0 WHERE id = ?',
      )
      await write(() => note.run(Date.now(), account))
    },
    async noteBehind() {
      const account = await accountNumber(database, owner)
      await write(() => db.prepare('UPDATE account SET is_behind = 1 WHERE id = ?').run(account))
    },
    async forgetIfBehind() {
      const found = read(() => db.prepare('SELECT is_behind FROM account WHERE id = ?').get(find() ?? 0))
      if (found?.['is_behind'] === 1) await forget()
    },
    async acceptedAt() {
      const found = read(() => db.prepare('SELECT accepted_at FROM account WHERE id = ?').get(find() ?? 0))
      return Number(found?.['accepted_at'] ?? 0)
    },
    async lastSender() {
      const account = find() ?? 0
      return String(
        read(() => db.prepare('SELECT last_sender FROM account WHERE id = ?').get(account))?.[
          'last_sender'
        ] ?? '',
      )
    },
  }
}

function sentBefore(
  { db, read }: StoreDatabase,
  { host, account }: AccountId,
  customers: readonly string[],
): readonly (readonly SentFields[])[] {
  const query = `SELECT id, digests FROM outcome JOIN run ON number = run WHERE customer = ? AND digests IS NOT NULL
    AND host = ? AND account = ? ORDER BY number DESC`
  return read(() => {
    const next = db.prepare(query)
    return customers.map((customerId) =>
      next
        .all(customerId, host, account)
        .map((found) => ({ run: String(found['id']), digests: digestsIn(String(found['digests'])) })),
    )
  })
}

function digestsIn(text: string): Digests {
  const found = parseJson(text)
  const entries = Object.entries(isJsonObject(found) ? found : {})
  return Object.fromEntries(
    entries.flatMap(([field, digest]) => (typeof digest === 'string' ? [[field, digest]] : [])),
  )
}

function unusableState(path: string): BulkUpdateError {
  return new BulkUpdateError(
    'E_STATE_LOST',
    `what version 0.1 knew of this account cannot be taken over: the state in ${path} is damaged, or older than its runs`,
    'Take what was sent last as applied with rapyd-bulk state baseline <last file>, or send everything once with --new-state. Nothing was sent.',
  )
}

const nothing: KnownFields = { digests: {}, isUnknown: () => false, doubtAt: 0 }

function isKnown({ digest }: FieldEntry): boolean {
  return digest !== unknown && digest !== forgotten
}

function knownFields(table: FieldTable, customerId: string): KnownFields {
  const entries = table.get(customerId)
  const intents = table.intents(customerId)
  /** What was confirmed after an intent was recorded has been held against that intent. */
  const isOpen = (field: string): boolean =>
    intents.some(({ fields, number }) => fields.includes(field) && number > (entries[field]?.number ?? 0))
  const isUnknown = (field: string): boolean => entries[field]?.digest === unknown || isOpen(field)
  const known = Object.entries(entries).filter(([field, entry]) => isKnown(entry) && !isOpen(field))
  const times = [...unknownTimes(entries), ...intents.map(({ at }) => at)]
  return {
    digests: Object.fromEntries(known.map(([field, { digest }]) => [field, digest])),
    isUnknown,
    doubtAt: Math.max(0, ...times),
  }
}

function unknownTimes(entries: FieldEntries): readonly number[] {
  return Object.values(entries).flatMap(({ digest, at }) => (digest === unknown ? [at] : []))
}

/**
 * Returns true if something was known of the customer. What is in doubt stays so: the commit numbers stay, because newer ones
 * would hide open intents.
 */
function forgetCustomer(table: FieldTable, customerId: string): boolean {
  const entries = table.get(customerId)
  const at = Date.now()
  const left = Object.entries(entries).map(
    ([field, entry]) =>
      [field, { ...entry, digest: entry.digest === unknown ? unknown : forgotten, at }] as const,
  )
  table.put(customerId, Object.fromEntries(left))
  return Object.values(entries).some(isKnown)
}

/** One customer, or all of the account in pages. */
function* customerPages(
  { db, read }: StoreDatabase,
  account: number,
  customerId?: string,
): Generator<readonly string[]> {
  const where = customerId === undefined ? 'customer > ?' : 'customer = ?'
  const next = db.prepare(
    `SELECT customer FROM field_state WHERE account = ? AND ${where} ORDER BY customer LIMIT 1000`,
  )
  for (let last = customerId ?? ''; ;) {
    const page = read(() => next.all(account, last)).map(({ customer }) => String(customer))
    if (page.length > 0) yield page
    const end = page.at(-1) ?? ''
    if (customerId !== undefined || end <= last) return
    last = end
  }
}

/** Which customers each export has held, which of them have vanished, and which of its runs were skipped. */
type Exports = Pick<FieldState, 'see' | 'endExport' | 'vanished' | 'exports' | 'noteSkipped' | 'skipped'>

function createExports(database: StoreDatabase, owner: AccountId): Exports {
  const { db, read, write } = database
  const find = (): number => findAccount(database, owner) ?? 0
  return {
    async see(exportName, run, customers) {
      const account = await accountNumber(database, owner)
      const see = db.prepare(
        `INSERT INTO export_customer VALUES (?, ?, ?, ?, NULL)
         ON CONFLICT (account, export, customer) DO UPDATE SET run = excluded.run, gone = NULL`,
      )
      await write(() => {
        for (const customer of customers) see.run(account, exportName, customer, run)
      })
    },
    async endExport({ run, export: name, at, rows }) {
      const account = await accountNumber(database, owner)
      return write(() => {
        db.prepare(
          'UPDATE export_customer SET gone = ? WHERE account = ? AND export = ? AND run <> ? AND gone IS NULL',
        ).run(run, account, name, run)
        const count = db.prepare(
          'SELECT count(*) AS customers FROM export_customer WHERE account = ? AND export = ? AND gone = ?',
        )
        const vanished = Number(count.get(account, name, run)?.['customers'])
        db.prepare('INSERT OR REPLACE INTO export_run VALUES (?, ?, ?, ?, ?, ?)').run(
          account,
          run,
          name,
          at,
          rows,
          vanished,
        )
        return vanished
      })
    },
    async *vanished(exportName, run) {
      const next = db.prepare(
        `SELECT customer FROM export_customer WHERE account = ? AND export = ? AND gone = ? AND customer > ?
         ORDER BY customer LIMIT 1000`,
      )
      for (let last = ''; ;) {
        const page = read(() => next.all(find(), exportName, run, last)).map(({ customer }) =>
          String(customer),
        )
        const end = page.at(-1) ?? ''
        if (end <= last) return
        yield page
        last = end
      }
    },
    async exports() {
      const query = `SELECT run, export, max(at) AS at, rows, vanished FROM export_run WHERE account = ?
        GROUP BY export ORDER BY at DESC`
      return read(() => db.prepare(query).all(find())).map((found) => ({
        run: String(found['run']),
        export: String(found['export']),
        at: Number(found['at']),
        rows: Number(found['rows']),
        vanished: Number(found['vanished']),
      }))
    },
    async noteSkipped(exportName) {
      const account = await accountNumber(database, owner)
      await write(() =>
        db
          .prepare('INSERT OR REPLACE INTO export_skipped VALUES (?, ?, ?)')
          .run(account, Date.now(), exportName),
      )
    },
    async skipped() {
      const query = 'SELECT at, export FROM export_skipped WHERE account = ? ORDER BY at DESC LIMIT 10'
      return read(() => db.prepare(query).all(find())).map(({ at, export: name }) => ({
        at: Number(at),
        export: String(name),
      }))
    },
  }
}
