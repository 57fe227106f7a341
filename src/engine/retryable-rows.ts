/** The retryable rows of a finished run: rows that neither the run nor a redo of it has updated. */
import { needsAttention, takenFields } from '../model/outcome.ts'
import type { OutcomeKind } from '../model/outcome.ts'
import { eachOutcome } from './all-outcomes.ts'
import { customersPutBack, findChildRuns } from './child-runs.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'

export interface LeftRow {
  readonly outcome: OutcomeKind
  readonly customerId: string
  /** When its last attempt ended, milliseconds since 1970; 0 if there was none. */
  readonly finishedAt: number
  /** What Rapyd did not take of a row that it took in part; empty if nothing of the row was applied. */
  readonly notTaken: string
}

export interface Left {
  /** Rows of the run that are still not updated, by number. */
  readonly rows: ReadonlyMap<number, LeftRow>
  /** Rows that a later redo has settled, with its id. */
  readonly settled: ReadonlyMap<number, string>
}

/** Ignores unfinished redos, because the current run may be one. Rolled-back rows count as never sent. */
export async function findRetryableRows(run: SavedRun): Promise<Left> {
  const rows = new Map<number, LeftRow>()
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
        // Without an entry of its own, the redo has taken nothing of what was left.
        rows.set(parent, { ...still, notTaken: still.notTaken || before.notTaken })
      }
    }
  }
  return { rows, settled }
}

function wasSent({ outcome, notTaken }: LeftRow): boolean {
  return outcome === 'rejected' || outcome === 'unknown' || notTaken !== ''
}

/** The last row of each of these customers that the run, or a redo of it, has updated. */
export async function lastUpdates(
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
export async function mergedInto(run: SavedRun): Promise<ReadonlySet<number>> {
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
