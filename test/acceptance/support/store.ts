/** The files of a store, as they are found by whoever looks into them or damages them. */
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Where the commands of a folder keep their store. */
export function storeIn(folder: string): string {
  return join(folder, '.state', 'rapyd-bulk', 'store.db')
}

/** Its files: the database, its log, and what is next to them. */
function filesOf(store: string): readonly string[] {
  return readdirSync(dirname(store))
    .filter((name) => name.startsWith(basename(store)))
    .map((name) => join(dirname(store), name))
}

export function removeStore(store: string): void {
  for (const path of filesOf(store)) rmSync(path)
}

/** Copies the store without its mark, as a backup of the database alone would. Returns the function that puts the copy back. */
export function copyStore(store: string, ends: readonly string[] = ['', '-wal', '-shm']): () => void {
  const copy = join(dirname(store), 'copy')
  const names = new Set(ends.map((end) => basename(store) + end))
  for (const path of filesOf(store)) if (names.has(basename(path))) cpSync(path, join(copy, basename(path)))
  return () => {
    for (const name of names) rmSync(join(dirname(store), name), { force: true })
    cpSync(copy, dirname(store), { recursive: true })
  }
}

/** Changes rows of the store as no process of ours would. */
export function changeStore(store: string, query: string, ...values: readonly (string | number)[]): number {
  const db = new DatabaseSync(store)
  try {
    return Number(db.prepare(query).run(...values).changes)
  } finally {
    db.close()
  }
}

/** How many rows a table has. */
export function rowsIn(store: string, table: string): number {
  const db = new DatabaseSync(store)
  try {
    return Number(db.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'])
  } finally {
    db.close()
  }
}

/** Makes runs look as if they had last changed in 1970, at this second. `name`: what their ids begin with. */
export function ageRun(store: string, name: string, second = 1): void {
  const changed = changeStore(
    store,
    'UPDATE run_progress SET changed_at = ? WHERE run IN (SELECT number FROM run WHERE substr(id, 1, length(?)) = ?)',
    second * 1_000,
    name,
    name,
  )
  if (changed === 0) throw new Error(`no run ${name}`)
}
