/**
 * The journal of one run, in SQLite: the truth that every report is made from. Intents and outcomes are durable when
 * their promise resolves; they go to disk in groups, with one fdatasync a group.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Outcome, OutcomeKind } from '../domain/outcome.ts'
import type { Place } from '../domain/place.ts'
import type { Journal } from '../pipeline/ports.ts'
import { createRowSet } from '../domain/row-set.ts'
import type { RowSet } from '../domain/row-set.ts'
import { createGroupCommit } from './group-commit.ts'
import { errorCodePath, kindOf, packOutcome, unpackOutcome } from './outcome-record.ts'
import { local, openDatabase } from './open-database.ts'

export interface RunJournal extends Journal {
  /** What the run belongs to and what was counted before it: small texts by name. */
  get(key: string): string | undefined
  set(key: string, value: string): void
  /** Outcomes in row order, in batches. */
  outcomes(): Generator<readonly Outcome[]>
  /** How many rows have which outcome. */
  counts(): ReadonlyMap<OutcomeKind, number>
  /** How many rows that need attention have which error code. */
  errorCounts(): ReadonlyMap<string, number>
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
   * The place of the last of the rows from the first on that all have an outcome: whoever looks for open rows can begin
   * there. Nothing where the first row is open.
   */
  lastOfSettled(): Place | undefined
  /** Customers of rows that ended `failed` or `unknown`: their lanes stay closed. */
  closedLanes(): ReadonlySet<string>
  close(): void
}

type Entry = { readonly intent: number } | { readonly outcome: Outcome }

/** Opens or makes the journal at `path`. `group`: how many entries are committed without waiting for more. */
export function openJournal(path: string, group: number): RunJournal {
  const db = openDatabase(path)
  const intend = db.prepare('INSERT INTO intent (at, rows) VALUES (?, ?)')
  const settle = db.prepare('INSERT INTO outcome VALUES (?, ?, ?)')
  /** Of this session. The attempts of a row follow each other, so whoever finds it here has waited for it. */
  const intended = createRowSet()
  const commits = createGroupCommit<Entry>((entries) => {
    local('write', () => {
      db.exec('BEGIN IMMEDIATE')
      const intents: number[] = []
      for (const entry of entries) {
        if ('intent' in entry) intents.push(entry.intent)
        else settle.run(entry.outcome.row, entry.outcome.outcome, packOutcome(entry.outcome))
      }
      if (intents.length > 0) intend.run(Date.now(), intents.join(','))
      db.exec('COMMIT')
    })
    for (const entry of entries) if ('outcome' in entry) settled.add(entry.outcome.row)
  }, group)

  const settled = readSettled(db)
  const doubts = readDoubts(db, settled)

  return {
    intend({ row }) {
      if (intended.has(row)) return Promise.resolve()
      intended.add(row)
      return commits.add({ intent: row })
    },
    withdraw({ row }) {
      if (!intended.has(row)) return Promise.resolve()
      intended.delete(row)
      return commits.add({ intent: -row })
    },
    settle: (outcome) => commits.add({ outcome }),
    get(key) {
      const value = db.prepare('SELECT value FROM run WHERE key = ?').get(key)?.['value']
      return typeof value === 'string' ? value : undefined
    },
    set(key, value) {
      local('write', () => db.prepare('INSERT OR REPLACE INTO run VALUES (?, ?)').run(key, value))
    },
    *outcomes() {
      const read = db.prepare('SELECT row, kind, record FROM outcome WHERE row > ? ORDER BY row LIMIT 500')
      for (let last = 0; ;) {
        const batch = read.all(last).map(({ row, kind, record }) => unpackOutcome(row, kind, record))
        const end = batch.at(-1)
        if (end === undefined) return
        yield batch
        last = end.row
      }
    },
    counts() {
      const counts = new Map<OutcomeKind, number>()
      for (const { kind, rows } of db
        .prepare('SELECT kind, count(*) AS rows FROM outcome GROUP BY kind')
        .iterate())
        counts.set(kindOf(kind), Number(rows))
      return counts
    },
    errorCounts() {
      const read = db.prepare(
        `SELECT json_extract(record, '${errorCodePath}') AS code, count(*) AS rows FROM outcome
         WHERE kind NOT IN ('updated', 'unchanged') GROUP BY code`,
      )
      return new Map(read.all().map(({ code, rows }) => [String(code), Number(rows)]))
    },
    settledRows: settled,
    inDoubt: doubts,
    isInDoubt: (row) => (doubts.has(row) || intended.has(row)) && !settled.has(row),
    lastOfSettled() {
      let last = 0
      while (settled.has(last + 1)) last++
      const found = db.prepare('SELECT row, kind, record FROM outcome WHERE row = ?').get(last)
      return found === undefined ? undefined : unpackOutcome(found['row'], found['kind'], found['record'])
    },
    closedLanes() {
      const read = db.prepare("SELECT row, kind, record FROM outcome WHERE kind IN ('failed', 'unknown')")
      const lanes = new Set<string>()
      for (const { row, kind, record } of read.iterate())
        lanes.add(unpackOutcome(row, kind, record).customerId)
      return lanes
    },
    close() {
      commits.flush()
      db.close()
    },
  }
}

/** In long texts of numbers: a result for every row would take ten times as long. */
function readSettled(db: DatabaseSync): RowSet {
  const settled = createRowSet()
  const read = db.prepare(
    'SELECT max(row) AS last, group_concat(row) AS rows FROM (SELECT row FROM outcome WHERE row > ? ORDER BY row LIMIT 50000)',
  )
  for (let last = 0; ;) {
    const found = read.get(last)
    if (typeof found?.['rows'] !== 'string') return settled
    for (const row of found['rows'].split(',')) settled.add(Number(row))
    last = Number(found['last'])
  }
}

function readDoubts(db: DatabaseSync, settled: RowSet): Map<number, number> {
  const doubts = new Map<number, number>()
  for (const { at, rows } of db.prepare('SELECT at, rows FROM intent ORDER BY id').iterate()) {
    for (const row of String(rows).split(',').map(Number)) {
      if (row < 0) doubts.delete(-row)
      else if (!settled.has(row) && !doubts.has(row)) doubts.set(row, Number(at))
    }
  }
  return doubts
}
