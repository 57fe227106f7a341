/** The journal of a run, opened to look at it: nothing is created and nothing changed, whether its run is running, died or ended. */
import { lstatSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { BulkUpdateError } from '../model/errors.ts'
import type { RowSet } from '../model/collections.ts'
import { readDoubts, readerOf, readSettled } from './journal-reader.ts'
import type { JournalReader } from './journal-reader.ts'
import { lostSince, readMark } from './mark.ts'
import { journalVersion, progressOf } from './open-database.ts'

export interface SavedJournal extends JournalReader {
  /** The rows that have an outcome. Read when it is first asked for: that takes a while in a long run. */
  readonly settledRows: RowSet
  /** Rows with an intent and without an outcome, with the time of the intent (milliseconds since 1970). */
  readonly inDoubt: ReadonlyMap<number, number>
  isInDoubt(row: number): boolean
  close(): void
}

/**
 * Opens the journal in a run directory as it stands now; what is written later is not seen.
 *
 * @throws BulkUpdateError LOCAL, E_JOURNAL_READ: it is not there, is no journal of this version, or cannot be read
 */
export function readJournal(directory: string): SavedJournal {
  const path = join(directory, 'journal.db')
  let db: DatabaseSync | undefined
  try {
    const mark = readMark(path)
    db = new DatabaseSync(addressOf(path), { readOnly: true })
    // One view of everything, even while the run is running.
    db.exec('PRAGMA busy_timeout = 5000; BEGIN')
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version !== 0 && version !== journalVersion)
      throw new Error(`journal version ${version}, this is ${journalVersion}`)
    const state = progressOf(db)
    const lost = lostSince(mark, state)
    // A run that is just beginning may have made its first mark in between.
    const isNew = typeof mark === 'string' && state !== undefined && typeof readMark(path) !== 'string'
    if (lost !== undefined && !isNew) throw new Error(`it has lost what was written last: ${lost}`)
    if (version === 0) throw new Error(`journal version ${version}, this is ${journalVersion}`)
    return viewOf(db)
  } catch (error) {
    db?.close()
    throw new BulkUpdateError(
      'E_JOURNAL_READ',
      `${path} cannot be read: ${error instanceof Error ? error.message : 'unknown'}`,
      'Look at the path and the disk. `rapyd-bulk runs` lists the runs that can be read.',
      { cause: error },
    )
  }
}

/** What `read` finds in the journal of a run; undefined if it cannot be read: opening it for the run reports what is wrong with it. */
export function inJournal<Found>(
  directory: string,
  read: (journal: SavedJournal) => Found,
): Found | undefined {
  let journal: SavedJournal | undefined
  try {
    journal = readJournal(directory)
    return read(journal)
  } catch {
    return undefined
  } finally {
    journal?.close()
  }
}

/** Whether the run in a directory has reached its end. */
export function isFinishedIn(directory: string): boolean {
  return inJournal(directory, (journal) => journal.get('state')) === 'finished'
}

function viewOf(db: DatabaseSync): SavedJournal {
  const reader = readerOf(db)
  reader.get('state')
  let settled: RowSet | undefined
  let doubts: ReadonlyMap<number, number> | undefined
  const settledRows = (): RowSet => (settled ??= readSettled(db))
  const inDoubt = (): ReadonlyMap<number, number> => (doubts ??= readDoubts(db, settledRows()))
  return {
    ...reader,
    get settledRows() {
      return settledRows()
    },
    get inDoubt() {
      return inDoubt()
    },
    isInDoubt: (row) => inDoubt().has(row),
    close: () => db.close(),
  }
}

/**
 * Of a database to look at. Beside one that was closed there is no write-ahead log. SQLite would make an empty one to look at it, unless it is
 * told that no process writes.
 */
export function addressOf(path: string): URL {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) throw new Error('there is no such file')
  const address = pathToFileURL(path)
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false })
  if (log === undefined || log.size === 0) address.searchParams.set('immutable', '1')
  return address
}
