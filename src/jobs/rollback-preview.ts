/** `rollback --dry-run`: reads the customers of a run and says what a rollback would do. Writes nothing. */
import { countEach } from '../model/collections.ts'
import { fieldOf } from '../model/row.ts'
import { asInterruption, signalOf } from '../engine/program-options.ts'
import type { Stoppable } from '../engine/program-options.ts'
import { toUndoPatch } from '../rapyd/undo-values.ts'
import type { ReadingWatch } from '../engine/reading-client.ts'
import type { RollbackBuckets } from '../report/summary.ts'
import { findRollback, refuseRollback, rollbackRows } from '../engine/rollback-source.ts'
import type { RollbackOptions, RollbackRow } from '../engine/rollback-source.ts'
import { readCustomersOf } from '../engine/reading-client.ts'
import { openSavedRun } from '../engine/saved-run.ts'
import { acceptRun } from '../engine/signed-manifest.ts'
import type { Store } from '../model/store.ts'
import { withExistingStore } from '../store/open-store.ts'
import { busyRun } from '../store/sqlite/owner.ts'
import { openReadings } from '../store/readings.ts'
import type { Readings } from '../store/readings.ts'

export interface RollbackPreview extends RollbackBuckets {
  readonly parent: string
  /** Customers that the run wrote to. */
  readonly customers: number
  /** Customers with fields that would be kept, and these fields; the first 1,000. */
  readonly changed: readonly { readonly customer: string; readonly fields: readonly string[] }[]
  /** Customers that Rapyd does not know any more, or that could not be read. */
  readonly missing: number
  readonly unreadable: number
  readonly requests: number
}

/** Customers that are named at most. */
const mostNamed = 1_000

/** Rejects like `rollback`. */
export function previewRollback(
  options: RollbackOptions & ReadingWatch & Stoppable,
): Promise<RollbackPreview> {
  return withExistingStore(options, (store) => previewIn(store, options))
}

async function previewIn(
  store: Store,
  options: RollbackOptions & ReadingWatch & Stoppable,
): Promise<RollbackPreview> {
  const { run, ...own } = options
  const signal = signalOf(options)
  const parent = await openSavedRun(store, run, options.runsDir)
  using readings = openReadings('', 0)
  try {
    const { owner, settled } = parent.reader.stored
    if (parent.isRunning) throw busyRun(parent.runId, owner, settled)
    await acceptRun(store, parent.reader.stored, own, options)
    await refuseRollback(parent)
    const isLeft = (await findRollback(parent, signal)) !== undefined
    const rows = (): AsyncIterable<RollbackRow> | [] => (isLeft ? rollbackRows(parent, signal) : [])
    const fields = new Set<string>()
    for await (const row of rows()) {
      readings.want([row.customer])
      if ('put_back' in row) for (const path of Object.keys(row.put_back)) fields.add(fieldOf(path))
    }
    const requests = await readCustomersOf(parent, { options: own, watch: options, fields }, readings, signal)
    return { parent: parent.runId, ...(await previewOf(rows(), readings)), requests }
  } catch (error) {
    throw asInterruption(error, signal)
  }
}

async function previewOf(
  rows: AsyncIterable<RollbackRow> | [],
  readings: Readings,
): Promise<Omit<RollbackPreview, 'parent' | 'requests'>> {
  const counts = {
    restored: new Map<string, number>(),
    kept: new Map<string, number>(),
    impossible: new Map<string, number>(),
  }
  const changed: { customer: string; fields: readonly string[] }[] = []
  const lost = { missing: new Set<string>(), unreadable: new Set<string>() }
  for await (const row of rows) {
    const { customer } = row
    if ('impossible' in row) {
      countEach(counts.impossible, row.impossible)
      continue
    }
    const known = readings.known(customer) ?? 'unreadable'
    if (typeof known === 'string') {
      lost[known].add(customer)
      continue
    }
    const { kept, already } = toUndoPatch(row.put_back, known)
    countEach(
      counts.restored,
      Object.keys(row.put_back).filter((path) => !kept.includes(path) && !already.includes(path)),
    )
    countEach(counts.kept, kept)
    if (kept.length > 0 && changed.length < mostNamed) changed.push({ customer, fields: kept })
  }
  return {
    customers: readings.customers,
    restored: Object.fromEntries(counts.restored),
    kept: Object.fromEntries(counts.kept),
    not_possible: Object.fromEntries(counts.impossible),
    changed,
    missing: lost.missing.size,
    unreadable: lost.unreadable.size,
  }
}
