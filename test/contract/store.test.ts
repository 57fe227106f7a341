/** The contract of a store, held to every kind of store. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openSqliteStore } from '../../src/store/sqlite/store.ts'
import { fieldStateContract } from './store/field-state.ts'
import type { StoreKind } from './store/rig.ts'
import { rowContract } from './store/rows.ts'
import { runContract } from './store/runs.ts'

export function contractOf(name: string, kind: StoreKind): void {
  runContract(name, kind)
  rowContract(name, kind)
  fieldStateContract(name, kind)
}

const pathIn = (folder: string) => join(folder, 'store.db')

contractOf('SQLite', {
  open: (folder) => openSqliteStore(pathIn(folder)),
  async endLease(folder, id) {
    const db = new DatabaseSync(pathIn(folder))
    const end = `UPDATE run_progress SET renewed_at = 1, lease_until = 1
      WHERE run = (SELECT number FROM run WHERE id = ?)`
    db.prepare(end).run(id)
    db.close()
  },
})
