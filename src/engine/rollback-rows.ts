/**
 * The rows of a rollback, made from the journal of a run and its before-images. Each is a line of NDJSON, the input of the
 * rollback's own run; it holds personal data and lies in that run's directory.
 */
import { createRowSet } from '../model/collections.ts'
import type { RowSet } from '../model/collections.ts'
import { isJsonObject, isList } from '../model/json.ts'
import type { JsonObject } from '../model/json.ts'
import { fieldOf } from '../model/row.ts'
import { inTurns } from './in-turns.ts'
import { findUndoValues } from '../rapyd/undo-values.ts'
import type { UndoValues } from '../rapyd/undo-values.ts'
import type { SavedRun } from './saved-run.ts'
import { readBeforeImages } from '../store/before-images.ts'
import type { BeforeCustomer } from '../store/before-images.ts'

/** `row` is the last row of the run that wrote to the customer. */
export type RollbackRow = { readonly customer: string; readonly row: number } & (
  | { readonly put_back: UndoValues }
  | { readonly impossible: readonly string[]; readonly why: 'no_way' | 'no_image' }
)

/**
 * In the order of the customers' first rows; of each, what is sure, then what Rapyd may refuse, then what is impossible. Throws the
 * signal's reason once it is aborted.
 */
export async function* rollbackRows(
  { directory, journal }: Pick<SavedRun, 'directory' | 'journal'>,
  signal: AbortSignal,
): AsyncGenerator<RollbackRow> {
  const updated = createRowSet()
  const doubtful = createRowSet()
  for await (const batch of inTurns(journal.outcomes(), signal, 1)) {
    for (const { row, outcome } of batch) {
      if (outcome === 'updated') updated.add(row)
      else if (outcome === 'unknown') doubtful.add(row)
    }
  }
  for (const row of journal.inDoubt.keys()) doubtful.add(row)
  for await (const customer of inTurns(readBeforeImages(directory), signal))
    yield* rowsOf(customer, updated, doubtful)
}

/** A row as it stands in the file, with its line end. */
export function rollbackLine(row: RollbackRow): string {
  return `${JSON.stringify(row)}\n`
}

function* rowsOf(
  { customerId: customer, image, writes }: BeforeCustomer,
  updated: RowSet,
  doubtful: RowSet,
): Generator<RollbackRow> {
  const made = writes.filter(({ row }) => updated.has(row) || doubtful.has(row))
  const last = made.at(-1)
  if (last === undefined) return
  const { row } = last
  if (image === undefined) {
    const fields = new Set(made.flatMap(({ patch }) => Object.keys(patch)))
    yield { customer, row, impossible: [...fields], why: 'no_image' }
    return
  }
  const {
    sure,
    mayBeRefused: doubts,
    impossible,
  } = findUndoValues(
    image,
    made.map((write) => ({ patch: write.patch, isConfirmed: updated.has(write.row) })),
  )
  if (Object.keys(sure).length > 0) yield { customer, row, put_back: sure }
  for (const field of new Set(Object.keys(doubts).map(fieldOf))) {
    const own = Object.entries(doubts).filter(([path]) => fieldOf(path) === field)
    yield { customer, row, put_back: Object.fromEntries(own) }
  }
  if (impossible.length > 0) yield { customer, row, impossible, why: 'no_way' }
}

/** Of a record of that file; nothing where it is none. */
export function rollbackRowOf(record: JsonObject): RollbackRow | undefined {
  const { customer, row, put_back: putBack, impossible, why } = record
  if (typeof customer !== 'string' || typeof row !== 'number') return undefined
  if (isList(impossible) && impossible.every((path) => typeof path === 'string'))
    return { customer, row, impossible, why: why === 'no_image' ? why : 'no_way' }
  if (!isJsonObject(putBack)) return undefined
  const restorables = Object.entries(putBack).flatMap(([path, found]) => {
    if (!isJsonObject(found)) return []
    const { left, before, onlyIfReplaced } = found
    if (!isList(left) || before === undefined) return []
    return [[path, { left, before, ...(onlyIfReplaced === true ? { onlyIfReplaced } : {}) }] as const]
  })
  return { customer, row, put_back: Object.fromEntries(restorables) }
}
