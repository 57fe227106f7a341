/** The before-images of a run, opened to look at them: nothing in its directory is changed. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isJsonObject } from '../domain/json.ts'
import type { JsonObject } from '../domain/json.ts'
import { imagesFile } from './before-images.ts'
import { local } from './open-database.ts'
import { addressOf } from './saved-journal.ts'

/** A customer of the run, with what its rows were about to write, in their order. */
export interface BeforeCustomer {
  readonly customerId: string
  /** Nothing where Rapyd did not know it. */
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

/** In the order of the customers' first rows. */
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
