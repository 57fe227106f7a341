/**
 * The way back of a run: what each customer held before its first call of the run, and what each row was about to write.
 * Durable when the promise resolves, so before the row's intent. It holds personal data and lies in the run directory.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { JsonObject } from '../domain/json.ts'
import { isJsonObject } from '../domain/json.ts'
import { createGroupCommit } from './group-commit.ts'
import { local } from './open-database.ts'
import { ownFile } from './own-file.ts'

export interface BeforeImages {
  /** Whether the customer's image is kept, by this or an earlier session. */
  has(customerId: string): boolean
  /**
   * Keeps what the row writes, and the image of its customer where there is none yet: one that is there is never replaced.
   * `image` is nothing for a customer that Rapyd does not know, or that has one.
   */
  keep(write: RowWrite, image: JsonObject | undefined): Promise<void>
  close(): void
}

export interface RowWrite {
  readonly row: number
  readonly customerId: string
  /** The JSON text that is sent. */
  readonly body: string
}

const fileName = 'before.db'

export function openBeforeImages(directory: string, group: number): BeforeImages {
  const path = join(directory, fileName)
  const db = local(path, 'open', () => {
    ownFile(path)
    return new DatabaseSync(path)
  })
  local(path, 'write', () =>
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS image (customer TEXT PRIMARY KEY, image TEXT) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS written (row INTEGER PRIMARY KEY, customer TEXT NOT NULL, body TEXT NOT NULL) STRICT;`),
  )
  const has = db.prepare('SELECT 1 FROM image WHERE customer = ?')
  const addImage = db.prepare('INSERT OR IGNORE INTO image VALUES (?, ?)')
  const addWrite = db.prepare('INSERT OR REPLACE INTO written VALUES (?, ?, ?)')
  const commits = createGroupCommit<{ readonly write: RowWrite; readonly image: JsonObject | undefined }>(
    (entries) =>
      local(path, 'write', () => {
        db.exec('BEGIN IMMEDIATE')
        for (const { write, image } of entries) {
          addImage.run(write.customerId, image === undefined ? null : JSON.stringify(image))
          addWrite.run(write.row, write.customerId, write.body)
        }
        db.exec('COMMIT')
      }),
    group,
  )
  return {
    has: (customerId) => has.get(customerId) !== undefined,
    keep: (write, image) => commits.add({ write, image }),
    close() {
      commits.flush()
      db.close()
    },
  }
}

/** A customer of a finished run, with what its rows wrote, in their order. */
export interface BeforeCustomer {
  readonly customerId: string
  /** Nothing where Rapyd did not know it. */
  readonly image: JsonObject | undefined
  readonly writes: readonly { readonly row: number; readonly patch: JsonObject }[]
}

export function hasBeforeImages(directory: string): boolean {
  return existsSync(join(directory, fileName))
}

/** In the order of the customers' first rows. */
export function* readBeforeImages(directory: string): Generator<BeforeCustomer> {
  const path = join(directory, fileName)
  const db = local(path, 'open', () => new DatabaseSync(path, { readOnly: true }))
  try {
    const customers = db.prepare(
      'SELECT customer, min(row) AS first FROM written GROUP BY customer ORDER BY first',
    )
    const imageOf = db.prepare('SELECT image FROM image WHERE customer = ?')
    db.exec('CREATE TEMP TABLE IF NOT EXISTS place (customer TEXT, row INTEGER)')
    db.exec('INSERT INTO temp.place SELECT customer, row FROM written')
    db.exec('CREATE INDEX temp.by_customer ON place (customer, row)')
    const writesOf = db.prepare(
      'SELECT written.row, body FROM temp.place JOIN written ON written.row = place.row WHERE place.customer = ? ORDER BY written.row',
    )
    for (const { customer } of customers.iterate()) {
      const customerId = String(customer)
      const writes = writesOf.all(customerId).flatMap(({ row, body }) => {
        const patch = parsed(body)
        return patch === undefined ? [] : [{ row: Number(row), patch }]
      })
      yield { customerId, image: parsed(imageOf.get(customerId)?.['image']), writes }
    }
  } finally {
    db.close()
  }
}

function parsed(text: unknown): JsonObject | undefined {
  const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
  return isJsonObject(value) ? value : undefined
}
