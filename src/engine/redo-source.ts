/**
 * Which rows a redo has and what each asks for: a filter over the original input, or the rows of a fixed file. They are the retryable
 * rows of a finished run, which neither the run nor a redo of it has updated.
 */
import { scanReading } from '../validation/scan.ts'
import { guardOf } from '../validation/guards.ts'
import type { ScannedInput, InputParts } from '../validation/input-parts.ts'
import {
  isOutcome,
  withoutCall,
  needsAttention,
  takenFields,
  type MalformedRow,
  type PatchedRow,
  type Row,
  type Outcome,
  type OutcomeKind,
} from '../model/row.ts'
import { errorOf } from './errors.ts'
import type { Head } from '../input/header.ts'
import type { ReadRow, Source } from '../model/ports.ts'
import { isCustomerId } from '../rapyd/customer-fields.ts'
import { onlyNotTaken } from '../rapyd/taken.ts'
import { eachOutcome } from './all-outcomes.ts'
import { mappingDigest } from './identity.ts'
import { customersPutBack, findChildRuns, openSavedRun, type SavedRun } from './saved-run.ts'

/** `parent` is finished, and `scanRows` reads its rows. `isMended`: the input is the `errors` file of the parent, fixed. */
export async function readRedo(
  parent: SavedRun,
  isMended: boolean,
  parts: InputParts,
  scanRows: (parts: InputParts) => Promise<ScannedInput>,
) {
  const left = await findRetryableRows(parent)
  const isReread = mappingDigest(parts.options, parts.mapping) !== parent.binding.mapping
  const base = await scanRows({ ...parts, examiners: [], onCalls: undefined, remembered: undefined })
  const lineage = isMended ? await readLineage(base, parts.head) : undefined
  const parentRow = (row: number): number => (lineage === undefined ? row : (lineage.parents[row - 1] ?? 0))
  const customers = new Set([
    ...left.rows.values().map(({ customerId }) => customerId),
    ...(lineage?.customers ?? []),
  ])
  const updates = await lastUpdates(parent, customers)
  const merged = isMended ? await mergedInto(parent) : new Set<number>()
  const skipped = new Set<number>()
  const ownRows = new Set(left.rows.values().map(({ customerId }) => customerId))
  /** A fixed id also names another customer, but rarely one with a retryable row of its own. */
  const isOfAnotherFile = (was: string | undefined, is: string): boolean =>
    was !== undefined && isCustomerId(was) && was !== is && ownRows.has(is)
  const readRow: ReadRow = (row) => {
    const read = base.readRow(row)
    const number = parentRow(row.row)
    if (row.kind === 'malformed') return read
    if (lineage?.repeated.has(row.row) === true)
      return notOf(row, read, 'this row of the run stands in the file twice')
    if (!left.rows.has(number)) return notRetryable(row, read, left.settled.get(number))
    if (merged.has(number)) return notOf(row, read, othersMerged)
    if (isOfAnotherFile(left.rows.get(number)?.customerId, read.customerId))
      return notOf(row, read, anotherFile)
    if (isOutcome(read)) return read
    const later = updates.get(read.customerId) ?? 0
    if (later <= number) return onlyOpen(read, left.rows.get(number)?.notTaken ?? '')
    skipped.add(row.row)
    const message = `row ${later} of this customer was updated later; not sent again`
    return withoutCall(read, read.customerId, 'unchanged', { message })
  }
  const openRows: ScannedInput['openRows'] = (start) =>
    lineage === undefined ? onlyRetryable(base.openRows(start), left, isReread) : base.openRows(start)
  const reading = { openRows, readRow }
  const scan = await scanReading(parts, reading, openRows())
  const parentDoubts = new Map<number, number>()
  const note = (row: number, number: number): void => {
    const known = left.rows.get(number)
    if (known?.outcome === 'unknown') parentDoubts.set(row, known.finishedAt)
  }
  if (lineage === undefined) for (const row of left.rows.keys()) note(row, row)
  else lineage.parents.forEach((number, index) => note(index + 1, number))
  return {
    ...reading,
    scan,
    refusal: guardOf(scan, parts.options),
    /** Rows that ended `unknown` in the parent, with the time of their last attempt (milliseconds since 1970). */
    parentDoubts,
    /** The parent's row of every row of a fixed file, from its first; undefined if the numbers are the same. */
    lineage: lineage?.parents,
    /** The number of the last row that `--limit` lets through. */
    limit: lineage === undefined ? limitRow(left, parts.options.limit, isReread) : undefined,
    /** Rows that are not sent because a later row of their customer was. */
    skipped: skipped.size,
    /** Rows are read in another way than by the parent, so those that were invalid may be valid. */
    isReread,
  }
}

/** If the row was taken in part, only the rest is sent. */
function onlyOpen(read: PatchedRow, notTaken: string): PatchedRow | Outcome {
  if (notTaken === '') return read
  const open = onlyNotTaken(read, notTaken)
  if (Object.keys(open.patch).length > 0) return open
  return withoutCall(read, read.customerId, 'unchanged', {
    message: 'Rapyd has taken all that the row holds',
  })
}

const anotherFile =
  'this row of the run is about another customer, who has a row of its own there; is the file the errors of another run, such as a redo?'
const othersMerged =
  'other rows of the customer were merged into this one, and the file does not hold them; send it from the original input, without --from'

/** Rows that were invalid in the run need a fixed file, unless they are read in another way. */
async function* onlyRetryable(
  source: Source,
  { rows: left }: RetryableRows,
  isReread: boolean,
): AsyncGenerator<readonly (Row | MalformedRow)[]> {
  for await (const rows of source) {
    const kept = rows.filter(({ row }) => isSent(left.get(row), isReread))
    if (kept.length > 0) yield kept
  }
}

function isSent(row: RetryableRow | undefined, isReread: boolean): boolean {
  return row !== undefined && (isReread || row.outcome !== 'invalid')
}

function limitRow({ rows }: RetryableRows, limit: number | undefined, isReread: boolean): number | undefined {
  if (limit === undefined) return undefined
  const numbers = [...rows].flatMap(([row, left]) => (isSent(left, isReread) ? [row] : []))
  return numbers.toSorted((one, other) => one - other)[limit - 1]
}

const rowColumn = 'rapyd_bulk_row'

async function readLineage(base: ScannedInput, head: Head) {
  const column =
    head.format === 'csv' ? head.header.findLastIndex((name) => name.trim().toLowerCase() === rowColumn) : 0
  if (column === -1) throw errorOf('E_REDO_COLUMN', 'no_row_numbers', { what: 'column', name: rowColumn })
  const parents: number[] = []
  const seen = new Set<number>()
  /** Rows of the file whose row of the parent occurs earlier in the file. */
  const repeated = new Set<number>()
  const customers = new Set<string>()
  for await (const rows of base.openRows()) {
    for (const row of rows) {
      const parent = row.kind === 'malformed' ? 0 : numberIn(row, column)
      if (parent > 0 && seen.has(parent)) repeated.add(row.row)
      seen.add(parent)
      parents.push(parent)
      customers.add(base.readRow(row).customerId)
    }
  }
  // In NDJSON every record has keys of its own.
  if (head.format === 'ndjson' && parents.every((parent) => parent === 0))
    throw errorOf('E_REDO_COLUMN', 'no_row_numbers', { what: 'key', name: rowColumn })
  return { parents, repeated, customers }
}

/** 0 if there is no row number. */
function numberIn(row: Row, column: number): number {
  const value = row.kind === 'csv' ? row.cells[column] : row.record[rowColumn]
  const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0
}

/** A row that another redo has settled is `unchanged`. A row that the parent has updated is `invalid`, because it needs no fix. */
function notRetryable(row: Row, read: ReturnType<ReadRow>, redo: string | undefined): Outcome {
  if (redo === undefined) return notOf(row, read, `${rowColumn} is no row that the run left not updated`)
  return withoutCall(row, read.customerId, 'unchanged', { message: `settled by ${redo}; not sent again` })
}

function notOf(row: Row, { customerId }: ReturnType<ReadRow>, message: string): Outcome {
  return withoutCall(row, customerId, 'invalid', { errorCode: 'E_REDO_ROW', errorField: rowColumn, message })
}

interface RetryableRow {
  readonly outcome: OutcomeKind
  readonly customerId: string
  /** When its last attempt ended, milliseconds since 1970; 0 if there was none. */
  readonly finishedAt: number
  /** What Rapyd did not take of a row that it took in part; empty if nothing of the row was applied. */
  readonly notTaken: string
}

interface RetryableRows {
  /** Rows of the run that are still not updated, by number. */
  readonly rows: ReadonlyMap<number, RetryableRow>
  /** Rows that a later redo has settled, with its id. */
  readonly settled: ReadonlyMap<number, string>
}

/** Ignores unfinished redos, because the current run may be one. Rolled-back rows count as never sent. */
export async function findRetryableRows(run: SavedRun): Promise<RetryableRows> {
  const rows = new Map<number, RetryableRow>()
  for await (const { row, outcome, customerId, finishedAt, notTaken } of eachOutcome(run.reader.outcomes()))
    if (needsAttention(outcome)) rows.set(row, { outcome, customerId, finishedAt, notTaken })
  const settled = new Map<number, string>()
  for (const redo of await findChildRuns(run, 'redo')) {
    if (!redo.isFinished) continue
    const parentRow = parentRowsOf(redo)
    const putBack = await customersPutBack(redo)
    const below = await findRetryableRows(redo)
    for await (const { row, outcome, customerId } of eachOutcome(redo.reader.outcomes())) {
      const parent = parentRow(row)
      const before = rows.get(parent)
      if (before === undefined || putBack.has(customerId)) continue
      const still = below.rows.get(row)
      if (!needsAttention(outcome) || below.settled.has(row)) {
        rows.delete(parent)
        settled.set(parent, redo.runId)
      } else if (still !== undefined && wasSent(still)) {
        // Without an entry, the redo has taken nothing of what was left.
        rows.set(parent, { ...still, notTaken: still.notTaken || before.notTaken })
      }
    }
  }
  return { rows, settled }
}

function wasSent({ outcome, notTaken }: RetryableRow): boolean {
  return outcome === 'rejected' || outcome === 'unknown' || notTaken !== ''
}

/** The last row of each of these customers that the run, or a redo of it, has updated. */
async function lastUpdates(
  run: SavedRun,
  customers: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>()
  const note = (customerId: string, row: number): void => {
    if (row > (last.get(customerId) ?? 0)) last.set(customerId, row)
  }
  for await (const outcome of eachOutcome(run.reader.outcomes()))
    if (customers.has(outcome.customerId) && takenFields(outcome).length > 0)
      note(outcome.customerId, outcome.row)
  for (const redo of await findChildRuns(run, 'redo')) {
    if (!redo.isFinished) continue
    const parentRow = parentRowsOf(redo)
    const left = customers.difference(await customersPutBack(redo))
    for (const [customerId, row] of await lastUpdates(redo, left)) note(customerId, parentRow(row))
  }
  return last
}

/**
 * Rows of the run that others were merged into, by `--duplicates merge`. No `errors` file holds the merged rows, so a fixed row
 * would leave their fields out.
 */
async function mergedInto(run: SavedRun): Promise<ReadonlySet<number>> {
  const rows = new Set<number>()
  if (run.record.options.duplicates !== 'merge') return rows
  const above = await mergedAbove(run)
  const parentRow = parentRowsOf(run)
  for await (const { row, mergedInto: into } of eachOutcome(run.reader.outcomes())) {
    if (into !== undefined && into > 0) rows.add(into)
    if (above.has(parentRow(row))) rows.add(row)
  }
  return rows
}

async function mergedAbove({ store, record, runsDir }: SavedRun): Promise<ReadonlySet<number>> {
  if (record.redo === undefined) return new Set()
  return mergedInto(await openSavedRun(store, record.redo.parent, runsDir))
}

/** Returns the parent's row of a row of a redo; 0 if it has none. */
function parentRowsOf(redo: SavedRun): (row: number) => number {
  if (redo.record.redo?.isMended !== true) return (row) => row
  const parents = (redo.reader.stored.note('lineage') ?? '').split(',').map(Number)
  return (row) => parents[row - 1] ?? 0
}
