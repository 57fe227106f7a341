/** Forgetting what is known of customers: their fields stay with the time of it, which nothing that was confirmed before passes. */
import type { DatabaseSync } from 'node:sqlite'
import { digestsOf } from './journal-reader.ts'
import { forgottenEntry, isKnown, readEntry } from './sync-entry.ts'

/** One customer or all, inside a transaction. Gives of how many something was known. */
export function forgetCustomers(db: DatabaseSync, at: number, customerId?: string): number {
  const put = db.prepare('UPDATE customer SET fields = ? WHERE id = ?')
  let known = 0
  for (const { id, fields } of customersIn(db, customerId)) {
    const held = Object.entries(digestsOf(fields))
    if (held.some(([, entry]) => isKnown(readEntry(entry)))) known++
    const left = held.map(([field, entry]) => [field, forgottenEntry(entry, at)])
    put.run(JSON.stringify(Object.fromEntries(left)), id)
  }
  return known
}

/** In batches: a table that is being read is not written to. */
function* customersIn(db: DatabaseSync, customerId?: string): Generator<Stored> {
  const [from, more] = customerId === undefined ? ['', 'id > ?'] : [customerId, 'id = ?']
  const read = db.prepare(`SELECT id, fields FROM customer WHERE ${more} ORDER BY id LIMIT 1000`)
  for (let after: string | undefined = from; after !== undefined;) {
    const found: readonly Stored[] = read
      .all(after)
      .map(({ id, fields }) => ({ id: String(id), fields: String(fields) }))
    yield* found
    after = customerId === undefined ? found.at(-1)?.id : undefined
  }
}

interface Stored {
  readonly id: string
  readonly fields: string
}
