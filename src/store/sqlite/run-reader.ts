/** Reads a run: what it is, and its rows in pages, so that no transaction stays open and no other process waits. */
import { createRowSet } from '../../model/collections.ts'
import { isJsonObject, parseJson, type JsonObject } from '../../model/json.ts'
import type { OutcomeKind, Outcome } from '../../model/row.ts'
import { recordNote, type RunKind, type RunReader, type StoredRun } from '../../model/store.ts'
import { shownKey } from '../../model/text.ts'
import { damagedStore } from '../errors.ts'
import type { StoreRow, StoreDatabase } from '../own-database.ts'
import {
  checksumOf,
  endingColumns,
  kindOf,
  readEnding,
  readIntent,
  readOutcome,
  textsIn,
  type Ending,
  type StoredIntent,
} from './outcome-record.ts'
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
  const rows = all('SELECT * FROM run_note WHERE run = ?', number)
  const notes = new Map(rows.map((note) => [String(note['name']), note]))
  const parent = found['parent_id']
  const isFinished = text('state') === 'finished'
  if (isFinished !== count('finished_at') > 0 || (!isFinished && text('state') !== 'open'))
    throw damagedStore(path, 'it holds a run that is neither open nor finished')
  const isRunning = isOwned(path, number, count('epoch'), count('lease_until'))
  return {
    number,
    id: text('id'),
    kind: runKind(text('kind'), path),
    parentId: typeof parent === 'string' ? parent : undefined,
    host: text('host'),
    account: text('account'),
    directory: text('directory'),
    facts: textsIn(text('facts')),
    state: isFinished ? 'finished' : 'open',
    isRunning,
    owner: isRunning ? text('owner') : '',
    settled: count('settled'),
    startedAt: count('started_at'),
    finishedAt: count('finished_at'),
    changedAt: count('changed_at'),
    note: (name) => readNote(notes.get(name), path),
  }
}

function runKind(text: string, path: string): RunKind {
  const kind = (['update', 'redo', 'apply', 'rollback', 'probe'] as const).find((known) => known === text)
  if (kind === undefined) throw damagedStore(path, 'it holds a run of a kind that there is not')
  return kind
}

export function runReader(database: StoreDatabase, found: StoreRow): RunReader {
  const stored = storedRun(database, found)
  return { stored, ...rowsOf(database, stored.number) }
}

interface StoredRows extends Omit<RunReader, 'stored'> {
  /** How its rows ended, in row order, with the same checks as `outcomes`. */
  endings(): AsyncIterable<readonly (Outcome | Ending)[]>
}

/** What can be read of a run by its number. */
export function rowsOf(database: StoreDatabase, run: number): StoredRows {
  const { all, first, pages, path } = database

  function counted(): { readonly rows: number; readonly sum: number } {
    const found = first('SELECT settled, checksum FROM run_progress WHERE run = ?', run)
    return { rows: Number(found?.['settled']), sum: Number(found?.['checksum']) }
  }

  /** Reads the outcomes in pages. Throws LOCAL, E_STORE_DAMAGED, if they are not those that the run has counted. */
  async function* outcomePages(columns: string): AsyncGenerator<readonly StoreRow[]> {
    const before = counted()
    let [rows, sum] = [0, 0]
    const query = `SELECT ${columns}, ${isFinal} AS is_final FROM outcome WHERE run = ?`
    for await (const page of pages(query, [run], { row: 0 })) {
      for (const { checksum, is_final: final } of page) {
        sum = addChecksum(sum, Number(checksum))
        rows += Number(final)
      }
      yield page
    }
    const after = counted()
    // Another process may have added some meanwhile.
    const isStill = after.rows === before.rows && after.sum === before.sum
    if (isStill && (rows !== after.rows || sum !== after.sum))
      throw damagedStore(path, 'it does not hold the outcomes that a run has counted')
  }

  return {
    async *outcomes() {
      for await (const page of outcomePages('*')) yield page.map((found) => readOutcome(found, path))
    },
    async *endings() {
      const whole = 'SELECT * FROM outcome WHERE run = ? AND row = ?'
      for await (const page of outcomePages(endingColumns))
        yield page.map((found) => readEnding(found, path, () => first(whole, run, Number(found['row']))))
    },
    async counts() {
      const query = `SELECT kind, count(*) AS rows FROM outcome WHERE run = ? AND ${isFinal} GROUP BY kind`
      const found = all(query, run)
      return new Map<OutcomeKind, number>(found.map(({ kind, rows }) => [kindOf(kind, path), Number(rows)]))
    },
    async progress() {
      const settledRows = createRowSet()
      const query = `SELECT row FROM outcome WHERE run = ? AND ${isFinal}`
      for await (const page of pages(query, [run], { row: 0 }))
        for (const { row } of page) settledRows.add(Number(row))
      const inDoubt = new Map([...readOpenIntents(database, run).values()].map(({ row, at }) => [row, at]))
      return { settledRows, inDoubt }
    },
    hasBeforeImages: async () => first('SELECT 1 FROM before_image WHERE run = ? LIMIT 1', run) !== undefined,
    async *beforeImages() {
      for await (const page of pages('SELECT * FROM before_image WHERE run = ?', [run], { row: 0 }))
        for (const found of page) {
          const customerId = String(found['customer'])
          const query = 'SELECT * FROM before_write WHERE run = ? AND customer = ? ORDER BY row'
          const writes = all(query, run, customerId).flatMap((write) => {
            const patch = readBefore(write, 'body', path)
            return patch === undefined ? [] : [{ row: Number(write['row']), patch }]
          })
          yield { customerId, image: readBefore(found, 'image', path), writes }
        }
    },
    async *keptInput() {
      const chunks = pages('SELECT number, bytes FROM input_chunk WHERE run = ?', [run], { number: 0 }, 4)
      for await (const page of chunks)
        for (const { bytes } of page) if (bytes instanceof Uint8Array) yield bytes
    },
  }
}

/** The sum that a run keeps of the checksums of its outcomes. `change` may be negative. */
export function addChecksum(sum: number, change: number): number {
  return (sum + change + 2 ** 48) % 2 ** 48
}

/** The open intents of a run, by row. */
export function readOpenIntents(
  { all, path }: StoreDatabase,
  run: number,
): ReadonlyMap<number, StoredIntent> {
  const found = all('SELECT * FROM intent WHERE run = ? ORDER BY row', run)
  return new Map(found.map((each) => readIntent(each, path)).map((intent) => [intent.row, intent]))
}

/** Throws as `readBefore`. How a run was begun is signed, so that an edited one is named as such. */
export function readNote(found: StoreRow | undefined, path: string): string | undefined {
  if (found === undefined) return undefined
  const { name, value, checksum } = found
  if (checksum !== null && name !== recordNote && checksumOf([name, value]) !== checksum)
    throw damagedStore(path, `what it notes of a run (${shownKey(String(name))}) is not as it was written`)
  return String(value)
}

/** Throws LOCAL, E_STORE_DAMAGED, if it is not as it was written. Earlier versions have written no checksum. */
export function readBefore(
  { row, customer, checksum, ...found }: StoreRow,
  column: 'image' | 'body',
  path: string,
): JsonObject | undefined {
  const text = found[column]
  if (checksum !== null && checksumOf([row, customer, text]) !== checksum)
    throw damagedStore(path, `what row ${Number(row)} has changed is not as it was written`)
  const value = typeof text === 'string' ? parseJson(text) : undefined
  return isJsonObject(value) ? value : undefined
}
