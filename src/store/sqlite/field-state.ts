/** What is known of an account's customers: digests of the fields that Rapyd confirmed, and which exports held which customers. */
import type { AccountId, FieldState, KnownFields, SentFields } from '../../model/store.ts'
import { errorOf } from '../errors.ts'
import type { StoreRow, StoreDatabase } from '../own-database.ts'
import {
  accountNumber,
  damagedEntries,
  findAccount,
  hasKey,
  entriesOf,
  fieldTable,
  forgotten,
  mapFields,
  unknown,
  type FieldEntry,
  type FieldTable,
} from './field-effects.ts'
import { textsIn } from './outcome-record.ts'

/** No row has it. Intents of runs without field state have 0. */
const noAccount = -1

export function createFieldState(database: StoreDatabase, owner: AccountId): FieldState {
  const { path, all, first, pages, run, write } = database
  const find = (): number => findAccount(database, owner) ?? noAccount
  /** Also takes over what version 0.1 knew. */
  const open = (): Promise<number> => accountNumber(database, owner)
  const columnOf = (account: number, column: string): StoreRow[string] | undefined =>
    first(`SELECT ${column} AS found FROM account WHERE id = ?`, account)?.['found']

  async function forget(customerId?: string): Promise<number> {
    const account = find()
    const table = fieldTable(database, account)
    const query = 'SELECT customer FROM field_state WHERE account = ?'
    const found =
      customerId === undefined
        ? pages(query, [account], { customer: '' })
        : [all(`${query} AND customer = ?`, account, customerId)]
    let known = 0
    for await (const page of found) {
      await write(() => {
        for (const { customer } of page) if (forgetCustomer(table, String(customer))) known++
      })
    }
    return known
  }

  return {
    ...createExports(database, owner),
    async get(customers) {
      const table = fieldTable(database, find())
      return customers.map((customerId) => knownFields(table, customerId))
    },
    sentBefore: (customers) => Promise.resolve(sentBefore(database, owner, customers)),
    async confirm(confirmed) {
      const account = await open()
      if (!(await hasKey(database, account, owner))) {
        await write(() => {
          run('DELETE FROM field_state WHERE account = ?', account)
          run('UPDATE account SET key_check = ? WHERE id = ?', owner.keyCheck, account)
        })
      }
      const table = fieldTable(database, account)
      await write((number) => {
        run("UPDATE account SET last_sender = '', former_path = NULL WHERE id = ?", account)
        const at = Date.now()
        for (const { customerId, digests } of confirmed) {
          const before = table.get(customerId)
          const untilOf = (field: string): number => before[field]?.until ?? 0
          const entries = mapFields(digests, (digest, field) => ({
            digest,
            number,
            at,
            until: untilOf(field),
          }))
          table.put(customerId, { ...before, ...entries })
        }
      })
    },
    forget,
    async counts() {
      let [customers, fields, lastConfirmedAt] = [0, 0, 0]
      const query = 'SELECT customer, fields FROM field_state WHERE account = ?'
      for await (const page of pages(query, [find()], { customer: '' })) {
        customers += page.length
        for (const entry of page.flatMap(({ fields: text }) => Object.values(entriesOf(String(text))))) {
          if (!isKnown(entry)) continue
          fields++
          lastConfirmedAt = Math.max(lastConfirmedAt, entry.at)
        }
      }
      return { customers, fields, lastConfirmedAt }
    },
    async exists() {
      const account = await open()
      return ['field_state', 'export_run', 'export_customer', 'export_skipped'].some(
        (table) => first(`SELECT 1 FROM ${table} WHERE account = ? LIMIT 1`, account) !== undefined,
      )
    },
    async refuseUnusable(isNew = false) {
      const account = await open()
      const former = columnOf(account, 'former_path')
      if (typeof former === 'string' && !isNew)
        throw errorOf('E_STATE_LOST', 'former_state', { path: former })
      if (!(await hasKey(database, account, owner)))
        throw errorOf('E_STATE_OTHER', 'other_key', { path, account: owner.account })
    },
    async accept() {
      const account = await open()
      const query = 'UPDATE account SET accepted_at = ?, former_path = NULL, is_behind = 0 WHERE id = ?'
      await write(() => run(query, Date.now(), account))
    },
    async noteBehind() {
      const account = await open()
      await write(() => run('UPDATE account SET is_behind = 1 WHERE id = ?', account))
    },
    async forgetIfBehind() {
      if (columnOf(find(), 'is_behind') === 1) await forget()
    },
    acceptedAt: async () => Number(columnOf(find(), 'accepted_at') ?? 0),
    lastSender: async () => String(columnOf(find(), 'last_sender') ?? ''),
  }
}

function sentBefore(
  { all }: StoreDatabase,
  { host, account, keyCheck }: AccountId,
  customers: readonly string[],
): readonly (readonly SentFields[])[] {
  const query = `SELECT id, digests FROM outcome JOIN run ON number = run WHERE customer = ? AND digests IS NOT NULL
    AND host = ? AND account = ? ORDER BY number DESC`
  return customers.map((customerId) =>
    all(query, customerId, host, account).map((found) => {
      const { key = keyCheck, ...digests } = textsIn(String(found['digests']))
      return { run: String(found['id']), digests, isOtherKey: key !== keyCheck }
    }),
  )
}

function isKnown({ digest }: FieldEntry): boolean {
  return digest !== unknown && digest !== forgotten
}

function knownFields(table: FieldTable, customerId: string): KnownFields {
  const entries = table.get(customerId)
  const intents = table.intents(customerId)
  /** A confirmation after an intent was recorded has already considered that intent. */
  const isOpen = (field: string): boolean =>
    intents.some(({ fields, number }) => fields.includes(field) && number > (entries[field]?.number ?? 0))
  const isUnknown = (field: string): boolean => entries[field]?.digest === unknown || isOpen(field)
  const known = Object.entries(entries).filter(([field, entry]) => isKnown(entry) && !isOpen(field))
  return {
    digests: Object.fromEntries(known.map(([field, { digest }]) => [field, digest])),
    isUnknown,
    isDamaged: entries === damagedEntries,
  }
}

/**
 * Returns true if something was known of the customer. What is in doubt stays so: the commit numbers stay, because newer ones
 * would hide open intents.
 */
function forgetCustomer(table: FieldTable, customerId: string): boolean {
  const entries = table.get(customerId)
  const at = Date.now()
  table.put(
    customerId,
    mapFields(entries, (entry) => ({
      ...entry,
      digest: entry.digest === unknown ? unknown : forgotten,
      at,
    })),
  )
  return Object.values(entries).some(isKnown)
}

/** Which customers each export has held, which of them have vanished, and which of its runs were skipped. */
type Exports = Pick<FieldState, 'see' | 'endExport' | 'vanished' | 'exports' | 'noteSkipped' | 'skipped'>

function createExports(database: StoreDatabase, owner: AccountId): Exports {
  const { all, first, pages, run, write } = database
  const find = (): number => findAccount(database, owner) ?? noAccount
  return {
    async see(exportName, runId, customers) {
      const account = await accountNumber(database, owner)
      const query = `INSERT INTO export_customer VALUES (?, ?, ?, ?, NULL)
         ON CONFLICT (account, export, customer) DO UPDATE SET run = excluded.run, gone = NULL`
      await write(() => {
        for (const customer of customers) run(query, account, exportName, customer, runId)
      })
    },
    async endExport({ run: runId, export: name, at, rows }) {
      const account = await accountNumber(database, owner)
      const ofExport = 'account = ? AND export = ?'
      return write(() => {
        const others = `${ofExport} AND run <> ? AND gone IS NULL`
        run(`UPDATE export_customer SET gone = ? WHERE ${others}`, runId, account, name, runId)
        const count = `SELECT count(*) AS found FROM export_customer WHERE ${ofExport} AND gone = ?`
        const vanished = Number(first(count, account, name, runId)?.['found'])
        const keep = 'INSERT OR REPLACE INTO export_run VALUES (?, ?, ?, ?, ?, ?)'
        run(keep, account, runId, name, at, rows, vanished)
        return vanished
      })
    },
    async *vanished(exportName, runId) {
      const query = 'SELECT customer FROM export_customer WHERE account = ? AND export = ? AND gone = ?'
      for await (const page of pages(query, [find(), exportName, runId], { customer: '' }))
        yield page.map(({ customer }) => String(customer))
    },
    async exports() {
      const query = `SELECT run, export, max(at) AS at, rows, vanished FROM export_run WHERE account = ?
        GROUP BY export ORDER BY at DESC`
      return all(query, find()).map((found) => ({
        run: String(found['run']),
        export: String(found['export']),
        at: Number(found['at']),
        rows: Number(found['rows']),
        vanished: Number(found['vanished']),
      }))
    },
    async noteSkipped(exportName) {
      const account = await accountNumber(database, owner)
      const query = 'INSERT OR REPLACE INTO export_skipped VALUES (?, ?, ?)'
      await write(() => run(query, account, Date.now(), exportName))
    },
    async skipped() {
      const query = 'SELECT at, export FROM export_skipped WHERE account = ? ORDER BY at DESC LIMIT 10'
      return all(query, find()).map(({ at, export: name }) => ({ at: Number(at), export: String(name) }))
    },
  }
}
