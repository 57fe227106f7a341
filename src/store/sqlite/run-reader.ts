/** Reads a run: what it is, and its rows in pages, so that no transaction stays open and no other process waits. */
import { createRowSet } from '../../model/collections.ts'
import { isJsonObject, parseJson } from '../../model/json.ts'
import type { JsonObject } from '../../model/json.ts'
import type { OutcomeKind } from '../../model/outcome.ts'
import type { RunKind, RunReader, StoredRun } from '../../model/store.ts'
import { damagedStore } from '../errors.ts'
import type { StoreRow } from '../own-database.ts'
import type { StoreDatabase } from './database.ts'
import { kindOf, readIntent, readOutcome } from './outcome-record.ts'
import type { StoredIntent } from './outcome-record.ts'
import { isOwned } from './owner.ts'

/** Rows that have their last outcome: see `isPartial`. */
const isFinal = "NOT (operation = 'delete_discount' AND kind = 'not_attempted')"

export const selectRun = `SELECT * FROM run JOIN run_progress ON run_progress.run = run.number`

/** `found` is a row of `selectRun`. */
export function storedRun(
  { path, all }: StoreDatabase,
  found: StoreRow,
): StoredRun & { readonly number: number } {
  const text = (name: string): string => String(found[name])
  const count = (name: string): number => Number(found[name])
  const number = count('number')
  const notes = new Map(
    all('SELECT name, value FROM run_note WHERE run = ?', number).map(({ name, value }) => [
      String(name),
      String(value),
    ]),
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
  const { all, first, pages } = database
  return {
    async *outcomes() {
      for await (const page of pages('SELECT * FROM outcome WHERE run = ?', [run], { row: 0 }))
        yield page.map(readOutcome)
    },
    async counts() {
      const query = `SELECT kind, count(*) AS rows FROM outcome WHERE run = ? AND ${isFinal} GROUP BY kind`
      const found = all(query, run)
      return new Map<OutcomeKind, number>(found.map(({ kind, rows }) => [kindOf(kind), Number(rows)]))
    },
    async progress() {
      const settledRows = createRowSet()
      const query = `SELECT row FROM outcome WHERE run = ? AND ${isFinal}`
      for await (const page of pages(query, [run], { row: 0 }))
        for (const { row } of page) settledRows.add(Number(row))
      const inDoubt = new Map([...openIntents(database, run).values()].map(({ row, at }) => [row, at]))
      return { settledRows, inDoubt }
    },
    hasBeforeImages: async () => first('SELECT 1 FROM before_image WHERE run = ? LIMIT 1', run) !== undefined,
    async *beforeImages() {
      const customers = 'SELECT row, customer, image FROM before_image WHERE run = ?'
      for await (const page of pages(customers, [run], { row: 0 }))
        for (const { customer, image } of page) {
          const query = 'SELECT row, body FROM before_write WHERE run = ? AND customer = ? ORDER BY row'
          const writes = all(query, run, String(customer)).flatMap(({ row, body }) => {
            const patch = jsonObject(body)
            return patch === undefined ? [] : [{ row: Number(row), patch }]
          })
          yield { customerId: String(customer), image: jsonObject(image), writes }
        }
    },
    async *keptInput() {
      const chunks = pages('SELECT number, bytes FROM input_chunk WHERE run = ?', [run], { number: 0 }, 4)
      for await (const page of chunks)
        for (const { bytes } of page) if (bytes instanceof Uint8Array) yield bytes
    },
  }
}

/** The open intents of a run, by row. */
export function openIntents({ all }: StoreDatabase, run: number): ReadonlyMap<number, StoredIntent> {
  const found = all('SELECT * FROM intent WHERE run = ? ORDER BY row', run)
  return new Map(found.map(readIntent).map((intent) => [intent.row, intent]))
}

function jsonObject(text: unknown): JsonObject | undefined {
  const value = typeof text === 'string' ? parseJson(text) : undefined
  return isJsonObject(value) ? value : undefined
}
