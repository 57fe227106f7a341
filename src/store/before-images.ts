/**
 * The way back of a run: what each customer held before its first call of the run, and what each row was about to write.
 * Durable when the promise resolves, so before the row's intent. It holds personal data and lies in the run directory.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isJsonObject } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import { createGroupCommit } from './group-commit.ts'
import { local } from './open-database.ts'
import { addressOf } from './saved-journal.ts'
import { inTransaction, openOwnDatabase } from './database.ts'

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

/** In the run directory. */
const imagesFile = 'before.db'

export function openBeforeImages(directory: string, group: number): BeforeImages {
  const path = join(directory, imagesFile)
  const db = local(path, 'open', () => openOwnDatabase(path))
  local(path, 'write', () =>
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS image (customer TEXT PRIMARY KEY, image TEXT) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS written (customer TEXT, row INTEGER, body TEXT NOT NULL, PRIMARY KEY (customer, row)) STRICT, WITHOUT ROWID;`),
  )
  const has = db.prepare('SELECT 1 FROM image WHERE customer = ?')
  const addImage = db.prepare('INSERT OR IGNORE INTO image VALUES (?, ?)')
  const addWrite = db.prepare('INSERT OR REPLACE INTO written VALUES (?, ?, ?)')
  const commits = createGroupCommit<{ readonly write: RowWrite; readonly image: JsonObject | undefined }>(
    (entries) =>
      local(path, 'write', () =>
        inTransaction(db, () => {
          for (const { write, image } of entries) {
            addImage.run(write.customerId, image === undefined ? null : JSON.stringify(image))
            addWrite.run(write.customerId, write.row, write.body)
          }
        }),
      ),
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

/** A customer of the run, with what its rows were about to write, in their order. */
export interface BeforeCustomer {
  readonly customerId: string
  /** Undefined if Rapyd did not know it. */
  readonly image: JsonObject | undefined
  readonly writes: readonly RowPatch[]
}

export interface RowPatch {
  readonly row: number
  readonly patch: JsonObject
}

export function hasBeforeImages(directory: string): boolean {
  return existsSync(join(directory, imagesFile))
}

/** In the order of the customers' first rows. Nothing in the directory is changed. */
export function* readBeforeImages(directory: string): Generator<BeforeCustomer> {
  const path = join(directory, imagesFile)
  const db = local(path, 'open', () => new DatabaseSync(addressOf(path), { readOnly: true }))
  try {
    const customers = db.prepare(
      `SELECT written.customer AS customer, image, min(row) AS first FROM written
       LEFT JOIN image ON image.customer = written.customer GROUP BY written.customer ORDER BY first`,
    )
    const writesOf = db.prepare('SELECT row, body FROM written WHERE customer = ? ORDER BY row')
    for (const { customer, image } of customers.iterate()) {
      const customerId = String(customer)
      const writes = writesOf.all(customerId).flatMap(({ row, body }) => {
        const patch = parsed(body)
        return patch === undefined ? [] : [{ row: Number(row), patch }]
      })
      yield { customerId, image: parsed(image), writes }
    }
  } finally {
    db.close()
  }
}

function parsed(text: unknown): JsonObject | undefined {
  const value: unknown = typeof text === 'string' ? JSON.parse(text) : undefined
  return isJsonObject(value) ? value : undefined
}
