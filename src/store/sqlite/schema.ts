/** The tables of the store. A change of them is a further step in `migrations.json`; a step that was released never changes. */
import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import steps from './migrations.json' with { type: 'json' }

/** Tells our databases from those of other programs (https://sqlite.org/pragma.html#pragma_application_id). */
export const applicationId = 0x52425542

/**
 * Lines of SQL for each step. `run_progress` changes with every group of rows, so it is apart from `run`. An outcome or a cancellation
 * deletes its intent, so `intent` is small. Numbers of intents and fields are numbers of commits, so they are in order.
 */
const migrations: readonly (readonly string[])[] = steps

export const storeVersion = migrations.length

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Call inside a transaction. */
export function migrate(db: DatabaseSync): void {
  for (const step of migrations.slice(versionOf(db))) db.exec(step.join('\n'))
  db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${storeVersion}`)
  db.prepare('INSERT OR IGNORE INTO store VALUES (1, ?, 0)').run(randomUUID())
}

/** What is kept of one run: the tables, and their keys within it. */
export const runTables: Readonly<Record<string, string>> = {
  outcome: 'row, operation',
  intent: 'account, customer, row, operation',
  before_image: 'row',
  before_write: 'customer, row',
  input_chunk: 'number',
  run_note: 'name',
  run_progress: 'run',
}
