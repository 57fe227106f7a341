/** What a finished run left not updated, and what its redos have made of that since. */
import { needsAttention } from '../model/outcome.ts'
import type { OutcomeKind } from '../model/outcome.ts'
import { customersPutBack, inChildren } from './child-runs.ts'
import { openSavedRun } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'
import { eachOutcome } from '../store/journal-reader.ts'

export interface LeftRow {
  readonly outcome: OutcomeKind
  readonly customerId: string
  /** When its last attempt ended, milliseconds since 1970; 0 where there was none. */
  readonly finishedAt: number
}

export interface Left {
  /** Rows of the run that are still not updated, by number. */
  readonly rows: ReadonlyMap<number, LeftRow>
  /** Rows that a later redo has settled, with its id. */
  readonly settled: ReadonlyMap<number, string>
}

/** Only finished redos count: an open one is the run that asks. What was put back since counts as never sent. */
export function findRetryableRows(run: SavedRun): Left {
  const rows = new Map<number, LeftRow>()
  for (const { row, outcome, customerId, finishedAt } of eachOutcome(run.journal))
    if (needsAttention(outcome)) rows.set(row, { outcome, customerId, finishedAt })
  const settled = new Map<number, string>()
  inChildren(run, 'redo', (redo) => {
    if (!redo.isFinished) return
    const parentRow = parentRowsOf(redo)
    const putBack = customersPutBack(redo)
    const below = findRetryableRows(redo)
    for (const { row, outcome, customerId } of eachOutcome(redo.journal)) {
      const parent = parentRow(row)
      if (!rows.has(parent) || putBack.has(customerId)) continue
      const still = below.rows.get(row)
      if (!needsAttention(outcome) || below.settled.has(row)) {
        rows.delete(parent)
        settled.set(parent, redo.runId)
      } else if (still?.outcome === 'rejected' || still?.outcome === 'unknown') rows.set(parent, still)
    }
  })
  return { rows, settled }
}

/** The last row of each of these customers that the run, or a redo of it, has updated. */
export function lastUpdates(run: SavedRun, customers: ReadonlySet<string>): ReadonlyMap<string, number> {
  const last = new Map<string, number>()
  const note = (customerId: string, row: number): void => {
    if (row > (last.get(customerId) ?? 0)) last.set(customerId, row)
  }
  for (const { row, outcome, customerId } of eachOutcome(run.journal))
    if (outcome === 'updated' && customers.has(customerId)) note(customerId, row)
  inChildren(run, 'redo', (redo) => {
    if (!redo.isFinished) return
    const parentRow = parentRowsOf(redo)
    const stand = customers.difference(customersPutBack(redo))
    for (const [customerId, row] of lastUpdates(redo, stand)) note(customerId, parentRow(row))
  })
  return last
}

/**
 * Rows of the run that others were merged into, by `--duplicates merge`: what those asked for stands in no `errors` file,
 * so that a fixed row would leave it out.
 */
export function mergedInto(run: SavedRun): ReadonlySet<number> {
  const rows = new Set<number>()
  if (run.record.options.duplicates !== 'merge') return rows
  const above = mergedAbove(run)
  const parentRow = parentRowsOf(run)
  /** Of a journal that does not say which rows were merged: any unchanged one may have been. */
  const mayBeMerged = new Set<string>()
  for (const { row, outcome, customerId, mergedInto: into } of eachOutcome(run.journal)) {
    if (into === undefined && outcome === 'unchanged') mayBeMerged.add(customerId)
    else if (into === undefined && mayBeMerged.has(customerId)) rows.add(row)
    else if (into !== undefined && into > 0) rows.add(into)
    if (above.has(parentRow(row))) rows.add(row)
  }
  return rows
}

function mergedAbove({ record, runsDir }: SavedRun): ReadonlySet<number> {
  if (record.redo === undefined) return new Set()
  const parent = openSavedRun(record.redo.parent, runsDir)
  try {
    return mergedInto(parent)
  } finally {
    parent.close()
  }
}

/** Which row of its parent a row of a redo is; 0 for rows that are none of it. */
function parentRowsOf(redo: SavedRun): (row: number) => number {
  if (redo.record.redo?.isMended !== true) return (row) => row
  const parents = (redo.journal.get('lineage') ?? '').split(',').map(Number)
  return (row) => parents[row - 1] ?? 0
}
