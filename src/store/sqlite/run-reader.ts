/** Reads a run: what it is, and its rows in pages, so that no transaction stays open and no other process waits. */
import { setImmediate } from 'node:timers/promises'
import { createRowSet } from '../../model/collections.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { JsonObject } from '../../model/json.ts'
import type { OutcomeKind } from '../../model/outcome.ts'
import type { BeforeCustomer, RunKind, RunReader, StoredRun } from '../../model/store.ts'
import { damagedStore } from '../errors.ts'
import type { StoreDatabase, StoreRow } from './database.ts'
import { kindOf, readIntent, readOutcome } from './outcome-record.ts'
import type { StoredIntent } from './outcome-record.ts'
import { isOwned } from './owner.ts'

const pageRows = 500
/** Rows that have their last outcome: see `isPartial`. */
const isFinal = "NOT (operation = 'delete_discount' AND kind = 'not_attempted')"

export const selectRun = `SELECT * FROM run JOIN run_progress ON run_progress.run = run.number`

/** `found` is a row of `selectRun`. */
export function storedRun(
  { db, path, read }: StoreDatabase,
  found: StoreRow,
): StoredRun & { readonly number: number } {
  const text = (name: string): string => String(found[name])
  const count = (name: string): number => Number(found[name])
  const number = count('number')
  const notes = new Map(
    read(() => db.prepare('SELECT name, value FROM run_note WHERE run = ?').all(number)).map(
      ({ name, value }) => [String(name), String(value)],
    ),
  )
  const parent = found['parent_id']
  const isRunning = isOwned(path, number, count('epoch'), count('lease_until'))
  return {
    number,
    id: text('id'),
    kind: runKind(text('kind')),
    parentId: typeof parent === 'string' ? parent : undefined,
    host: text('host'),
    account: text('account'),
    directory: text('directory'),
    facts: factsOf(text('facts')),
    state: text('state') === 'finished' ? 'finished' : 'open',
    isRunning,
    owner: isRunning ? text('owner') : '',
    settled: count('settled'),
    startedAt: count('started_at'),
    finishedAt: count('finished_at'),
    changedAt: count('changed_at'),
    note: (name) => notes.get(name),
  }
}

function runKind(text: string): RunKind {
  const kind = (['update', 'redo', 'apply', 'rollback', 'probe'] as const).find((known) => known === text)
  if (kind === undefined) throw damagedStore('it holds a run of a kind that there is not')
  return kind
}

function factsOf(text: string): Readonly<Record<string, string>> {
  const found = parseJson(text)
  const entries = Object.entries(isJsonObject(found) ? found : {})
  return Object.fromEntries(
    entries.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}

export function runReader(database: StoreDatabase, found: StoreRow): RunReader {
  const stored = storedRun(database, found)
  return { stored, ...rowsOf(database, stored.number) }
}

/** What can be read of a run by its number. */
export function rowsOf(database: StoreDatabase, run: number): Omit<RunReader, 'stored'> {
  const { db, read } = database
  return {
    async *outcomes() {
      const next = read(() =>
        db.prepare(`SELECT * FROM outcome WHERE run = ? AND row > ? ORDER BY row LIMIT ${pageRows}`),
      )
      for await (const page of pagesOf((last) => read(() => next.all(run, last)), 'row'))
        yield page.map(readOutcome)
    },
    async counts() {
      const query = `SELECT kind, count(*) AS rows FROM outcome WHERE run = ? AND ${isFinal} GROUP BY kind`
      const found = read(() => db.prepare(query).all(run))
      return new Map<OutcomeKind, number>(found.map(({ kind, rows }) => [kindOf(kind), Number(rows)]))
    },
    async progress() {
      const settledRows = createRowSet()
      const next = read(() =>
        db.prepare(
          `SELECT row FROM outcome WHERE run = ? AND row > ? AND ${isFinal} ORDER BY row LIMIT 20000`,
        ),
      )
      for await (const page of pagesOf((last) => read(() => next.all(run, last)), 'row'))
        for (const { row } of page) settledRows.add(Number(row))
      const inDoubt = new Map([...openIntents(database, run).values()].map(({ row, at }) => [row, at]))
      return { settledRows, inDoubt }
    },
    hasBeforeImages: async () =>
      read(() => db.prepare('SELECT 1 FROM before_image WHERE run = ? LIMIT 1').get(run)) !== undefined,
    beforeImages: () => beforeImagesOf(database, run),
    async *keptInput() {
      const next = read(() =>
        db.prepare(
          'SELECT number, bytes FROM input_chunk WHERE run = ? AND number > ? ORDER BY number LIMIT 4',
        ),
      )
      for await (const page of pagesOf((last) => read(() => next.all(run, last)), 'number'))
        for (const { bytes } of page) if (bytes instanceof Uint8Array) yield bytes
    },
  }
}

/** One page after another, each from the last `key` on. Keys are positive numbers. Signals and timers run in between. */
export async function* pagesOf(
  next: (last: number) => readonly StoreRow[],
  key: string,
): AsyncGenerator<readonly StoreRow[]> {
  for (let last = 0; ;) {
    const page = next(last)
    const end = Number(page.at(-1)?.[key] ?? 0)
    // A page that does not move forward ends the loop too: a damaged table may hold a cycle.
    if (end <= last) return
    yield page
    last = end
    await setImmediate()
  }
}

/** The open intents of a run, by row. */
export function openIntents({ db, read }: StoreDatabase, run: number): ReadonlyMap<number, StoredIntent> {
  const found = read(() => db.prepare('SELECT * FROM intent WHERE run = ? ORDER BY row').all(run))
  return new Map(found.map(readIntent).map((intent) => [intent.row, intent]))
}

/** `row` of the result is that of the customer's first write. */
async function* beforeImagesOf({ db, read }: StoreDatabase, run: number): AsyncGenerator<BeforeCustomer> {
  const next = read(() =>
    db.prepare(
      `SELECT row, customer, image FROM before_image WHERE run = ? AND row > ? ORDER BY row LIMIT ${pageRows}`,
    ),
  )
  const writesOf = read(() =>
    db.prepare('SELECT row, body FROM before_write WHERE run = ? AND customer = ? ORDER BY row'),
  )
  for await (const page of pagesOf((last) => read(() => next.all(run, last)), 'row')) {
    for (const { customer, image } of page) {
      const customerId = String(customer)
      const writes = read(() => writesOf.all(run, customerId)).flatMap(({ row, body }) => {
        const patch = jsonObject(body)
        return patch === undefined ? [] : [{ row: Number(row), patch }]
      })
      yield { customerId, image: jsonObject(image), writes }
    }
  }
}

function jsonObject(text: unknown): JsonObject | undefined {
  const value = typeof text === 'string' ? parseJson(text) : undefined
  return isJsonObject(value) ? value : undefined
}
