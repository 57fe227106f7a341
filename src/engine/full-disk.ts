/** What a full disk leaves to be done: how many rows have an outcome, and how much room the others take. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { BulkUpdateError } from '../model/errors.ts'
import { formatCount } from '../report/format.ts'
import { isFull } from '../store/disk-error.ts'

/** Bytes. A row was measured to take 214 in the journal and 171 in `results`; messages and ids can be longer. */
const leastPerOpenRow = 320
const perReportedRow = 256
/** What SQLite writes ahead, as long as rows are open: 4 MiB for each database, twice that at times. */
const writtenAhead = 8 * 1024 * 1024
/** The page, the summary and the log. */
const beside = 1024 * 1024

export interface StoppedRun {
  readonly directory: string
  readonly rows: number
  readonly journal: { readonly settledRows: { readonly size: number } }
}

/** The error with that where its cause is a full disk; any other as it is. */
export function withRoomNeeded(error: BulkUpdateError, run: StoppedRun): BulkUpdateError {
  if (error.kind !== 'LOCAL' || !isFull(error.cause)) return error
  const done = run.journal.settledRows.size
  const megabytes = formatCount(Math.ceil(roomFor(run, done) / 1_000_000))
  return new BulkUpdateError(
    error.kind,
    error.code,
    `${error.message}; ${formatCount(done)} of ${formatCount(run.rows)} rows are done`,
    `About ${megabytes} MB are needed. ${error.remedy}`,
    { cause: error.cause },
  )
}

/** Rows to come take as much as those that are done have taken, backup included. */
function roomFor({ directory, rows }: StoppedRun, done: number): number {
  const report = rows * perReportedRow + beside
  if (done === rows) return report
  const perRow = Math.max(leastPerOpenRow, (sizeOfDatabases(directory) - writtenAhead) / Math.max(done, 1))
  return report + (rows - done) * perRow + writtenAhead
}

function sizeOfDatabases(directory: string): number {
  const databases = readdirSync(directory).filter((name) => /\.db(?:-wal)?$/.test(name))
  return databases.reduce(
    (bytes, name) => bytes + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}
