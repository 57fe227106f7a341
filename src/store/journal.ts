/**
 * The journal of one run, in SQLite: the truth that every report is made from. Intents and outcomes are durable when
 * their promise resolves; they go to disk in groups, with one fdatasync a group.
 */
import type { ConfirmedFields, Outcome } from '../model/outcome.ts'
import type { Place, UpdateRequest } from '../model/row.ts'
import type { Journal } from '../model/ports.ts'
import { createRowSet } from '../model/collections.ts'
import type { RowSet } from '../model/collections.ts'
import { inTransaction } from './database.ts'
import { createGroupCommit } from './group-commit.ts'
import { readDoubts, readerOf, readSettled, packOutcome, unpackOutcome } from './journal-reader.ts'
import type { JournalReader } from './journal-reader.ts'
import { local, openDatabase, progressOf } from './open-database.ts'
import { openMark } from './mark.ts'
import type { Mark } from './mark.ts'
import type { DatabaseSync } from 'node:sqlite'

export interface RunJournal extends Journal, JournalReader {
  /** As the port's; `confirmed` goes to disk with it. */
  settle(outcome: Outcome, confirmed?: ConfirmedFields): Promise<void>
  /** Durable when it returns. */
  set(key: string, value: string): void
  /** As `set`, but with the next commit: for what is worth no commit of its own. Never throws. */
  note(key: string, value: string): void
  /** The rows that have an outcome. Grows with the run. */
  readonly settledRows: RowSet
  /**
   * Rows with an intent and without an outcome when the journal was opened, with the time of the intent (milliseconds
   * since 1970).
   */
  readonly inDoubt: ReadonlyMap<number, number>
  /** Whether a row has an intent and no outcome now. */
  isInDoubt(row: number): boolean
  /**
   * The place of the last of the rows from the first on that all have an outcome: a search for open rows can begin
   * there. Undefined if the first row is open.
   */
  lastOfSettled(): Place | undefined
  close(): void
}

type JournalEntry =
  | { readonly intent: number; readonly request: UpdateRequest | undefined }
  | { readonly outcome: Outcome; readonly confirmed: ConfirmedFields | undefined }
  | { readonly key: string; readonly value: string }

/** Opens or makes the journal at `path`. `group`: how many entries are committed without waiting for more. */
export function openJournal(path: string, group: number): RunJournal {
  const db = openDatabase(path)
  const intend = db.prepare('INSERT INTO intent (at, rows) VALUES (?, ?)')
  const settle = db.prepare('INSERT INTO outcome VALUES (?, ?, ?)')
  const noteSent = db.prepare('INSERT OR REPLACE INTO sent VALUES (?, ?, ?, ?)')
  const confirm = db.prepare('INSERT OR REPLACE INTO confirmed VALUES (?, ?, ?, ?)')
  const put = db.prepare('INSERT OR REPLACE INTO run VALUES (?, ?)')
  const countCommit = db.prepare('UPDATE progress SET commits = commits + 1 RETURNING commits')
  const mark = markOf(path, db)
  /** Of this session. The attempts of a row follow each other, so its intent is durable if it is found here. */
  const intended = createRowSet()
  const commits = createGroupCommit<JournalEntry>((entries) => {
    local(path, 'write', () => {
      const count = inTransaction(db, () => {
        const intents: number[] = []
        for (const entry of entries) {
          if ('intent' in entry) {
            intents.push(entry.intent)
            const { request } = entry
            if (request?.sends !== undefined) {
              const { fields, at } = request.sends
              noteSent.run(request.row, request.customerId, at, fields.join(','))
            }
          } else if ('key' in entry) put.run(entry.key, entry.value)
          else {
            const { outcome, confirmed } = entry
            settle.run(outcome.row, outcome.outcome, packOutcome(outcome))
            if (confirmed !== undefined)
              confirm.run(outcome.row, confirmed.customerId, confirmed.at, JSON.stringify(confirmed.digests))
          }
        }
        if (intents.length > 0) intend.run(Date.now(), intents.join(','))
        return Number(countCommit.get()?.['commits'])
      })
      mark.write(count)
    })
    for (const entry of entries) if ('outcome' in entry) settled.add(entry.outcome.row)
  }, group)

  const settled = readSettled(db)
  const doubts = readDoubts(db, settled)

  return {
    ...readerOf(db),
    intend(request) {
      const { row } = request
      if (intended.has(row)) return undefined
      intended.add(row)
      return commits.add({ intent: row, request })
    },
    withdraw({ row }) {
      if (!intended.has(row)) return Promise.resolve()
      intended.delete(row)
      return commits.add({ intent: -row, request: undefined })
    },
    settle: (outcome, confirmed) => commits.add({ outcome, confirmed }),
    set: (key, value) => commits.addNow({ key, value }),
    // A failure rejects the promises that wait for the next commit.
    note: (key, value) => void commits.add({ key, value }).catch(() => {}),
    settledRows: settled,
    inDoubt: doubts,
    isInDoubt: (row) => (doubts.has(row) || intended.has(row)) && !settled.has(row),
    lastOfSettled() {
      let last = 0
      while (settled.has(last + 1)) last++
      const found = db.prepare('SELECT row, kind, record FROM outcome WHERE row = ?').get(last)
      return found === undefined ? undefined : unpackOutcome(found['row'], found['kind'], found['record'])
    },
    close() {
      commits.flush()
      db.close()
      mark.close()
    },
  }
}

function markOf(path: string, db: DatabaseSync): Mark {
  try {
    const state = progressOf(db)
    if (state === undefined) throw new Error('a journal without its progress')
    return local(path, 'write', () => openMark(path, state))
  } catch (error) {
    db.close()
    throw error
  }
}
