/** The nights of a sync: which customers each export has held, which of them have vanished, and which nights were skipped. */
import { DatabaseSync } from 'node:sqlite'
import { inTransaction } from './database.ts'
import { stateError } from './disk-error.ts'
import { addressOf } from './saved-journal.ts'
import { hasSyncState, syncPath, written } from './sync-database.ts'

export interface Night {
  readonly run: string
  readonly export: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly rows: number
  readonly vanished: number
}

export interface SyncRuns {
  /** Notes customers of a run's input, in one transaction. */
  see(exportName: string, run: string, customers: readonly string[]): void
  /** Marks who was there before this run and is no more; gives how many. May be called again for the same run. */
  markVanished(exportName: string, run: string): number
  /** Those that `markVanished` marked for the run, by id, in batches. */
  vanished(exportName: string, run: string): Generator<readonly string[]>
  endSyncRun(night: Night): void
  /** The last night of each export. */
  nights(): readonly Night[]
  noteSkipped(exportName: string, at: number): void
  /** Newest first, ten at most. */
  skipped(): readonly { readonly export: string; readonly at: number }[]
}

export function readSyncRuns(db: DatabaseSync, directory: string): SyncRuns {
  const see = db.prepare(
    'INSERT INTO seen VALUES (?, ?, ?, NULL) ON CONFLICT (export, customer) DO UPDATE SET run = excluded.run, gone = NULL',
  )
  const mark = db.prepare('UPDATE seen SET gone = ? WHERE export = ? AND run <> ? AND gone IS NULL')
  const count = db.prepare('SELECT count(*) AS customers FROM seen WHERE export = ? AND gone = ?')
  return {
    see(exportName, run, customers) {
      written(directory, () =>
        inTransaction(db, () => {
          for (const customer of customers) see.run(exportName, customer, run)
        }),
      )
    },
    markVanished(exportName, run) {
      return written(directory, () => {
        mark.run(run, exportName, run)
        return Number(count.get(exportName, run)?.['customers'])
      })
    },
    *vanished(exportName, run) {
      const read = db.prepare(
        'SELECT customer FROM seen WHERE export = ? AND gone = ? AND customer > ? ORDER BY customer LIMIT 1000',
      )
      for (let last = ''; ;) {
        const batch = read.all(exportName, run, last).map(({ customer }) => String(customer))
        if (batch.length === 0) return
        yield batch
        last = batch.at(-1) ?? ''
      }
    },
    endSyncRun({ run, export: name, at, rows, vanished }) {
      const put = db.prepare('INSERT OR REPLACE INTO night VALUES (?, ?, ?, ?, ?)')
      written(directory, () => put.run(run, name, at, rows, vanished))
    },
    nights() {
      return db
        .prepare(
          'SELECT run, export, max(at) AS at, rows, vanished FROM night GROUP BY export ORDER BY at DESC',
        )
        .all()
        .map((night) => ({
          run: String(night['run']),
          export: String(night['export']),
          at: Number(night['at']),
          rows: Number(night['rows']),
          vanished: Number(night['vanished']),
        }))
    },
    noteSkipped(exportName, at) {
      const put = db.prepare('INSERT OR REPLACE INTO skipped VALUES (?, ?)')
      written(directory, () => put.run(at, exportName))
    },
    skipped() {
      return db
        .prepare('SELECT at, export FROM skipped ORDER BY at DESC LIMIT 10')
        .all()
        .map(({ at, export: name }) => ({ at: Number(at), export: String(name) }))
    },
  }
}

/** Those of a state that is opened to look at them: without its keys, and nothing is created or changed. Returns undefined if there is no state. Throws USAGE or LOCAL where it cannot be read. */
export function readSavedSyncRuns(
  directory: string,
): (Pick<SyncRuns, 'vanished'> & { close(): void }) | undefined {
  if (!hasSyncState(directory)) return undefined
  let db: DatabaseSync | undefined
  try {
    const opened = new DatabaseSync(addressOf(syncPath(directory)), { readOnly: true })
    db = opened
    return { ...readSyncRuns(opened, directory), close: () => opened.close() }
  } catch (error) {
    db?.close()
    throw stateError(directory, 'cannot be read', error)
  }
}
