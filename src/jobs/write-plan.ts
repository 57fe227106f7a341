/** Writes a plan from the input and the readings. The head is first, so one pass counts and digests, and one writes. */
import { isOutcome } from '../model/row.ts'
import { countEach } from '../model/collections.ts'
import type { PatchedRow, Outcome } from '../model/row.ts'
import { createHeadDigest, placeOf, plannedRow } from '../engine/plan-format.ts'
import type { PlanCounts, PlanFacts, PlanHead, PlanChange, PlanRow } from '../engine/plan-format.ts'
import { afterPatch } from '../rapyd/snapshot.ts'
import type { CheckedInput } from '../validation/scan.ts'
import { openOutputFile } from '../report/output-file.ts'
import type { Readings } from '../store/readings.ts'

export interface WritePlanParts extends Pick<CheckedInput, 'openRows' | 'readRow' | 'found'> {
  readonly readings: Readings
  readonly plan: PlanFacts
  readonly path: string
  readonly sign: (text: string) => string
  /** Gets each row that changes something. */
  readonly onChange: (row: PlanRow) => void
}

/** Throws LOCAL if the file cannot be written. */
export async function writePlan(parts: WritePlanParts): Promise<PlanHead> {
  const counter = createPlanCounter()
  const digest = createHeadDigest()
  for await (const row of plannedRows(parts)) {
    counter.add(row)
    digest.add(lineOf(row))
  }
  const unsigned = digest.head(parts.plan, counter.counts())
  const head = { ...unsigned, signature: parts.sign(unsigned.sha256) }
  using file = openOutputFile(parts.path, 'run the same command again: what was read is kept.')
  file.write(lineOf(head))
  for await (const row of plannedRows(parts)) {
    if (row.change === 'update') parts.onChange(row)
    file.write(lineOf(row))
  }
  file.commit()
  return head
}

function lineOf(value: PlanRow | PlanHead): string {
  return `${JSON.stringify(value)}\n`
}

async function* plannedRows({ openRows, readRow, readings, found }: WritePlanParts): AsyncGenerator<PlanRow> {
  readings.forgetLeft()
  for await (const rows of openRows()) {
    for (const row of rows) {
      const read = readRow(row)
      if (isOutcome(read)) yield withoutCall(read)
      else yield plannedOf(read, readings, found.duplicateRows > 0)
    }
  }
}

/** `isFollowed`: rows of one customer may follow each other. */
function plannedOf(read: PatchedRow, readings: Readings, isFollowed: boolean): PlanRow {
  const { customerId, patch } = read
  const known = readings.known(customerId)
  if (known === undefined) throw new Error('a customer of the file that was not read')
  if (typeof known === 'string') return { ...placeOf(read), change: known }
  const planned = plannedRow(read, known)
  if (isFollowed && planned.change === 'update') readings.leave(customerId, afterPatch(known, patch))
  return planned
}

function withoutCall(read: Outcome): PlanRow {
  const { errorCode: code, errorField: field, message } = read
  return code === ''
    ? { ...placeOf(read), change: 'unchanged', message }
    : { ...placeOf(read), change: 'invalid', code, field, message }
}

/** The totals of a plan, counted row by row. */
function createPlanCounter() {
  let rows = 0
  const changes: Record<PlanChange, number> = {
    update: 0,
    unchanged: 0,
    missing: 0,
    unreadable: 0,
    invalid: 0,
  }
  const fields = new Map<string, number>()
  const clears = new Map<string, number>()
  return {
    add(row: PlanRow): void {
      rows++
      changes[row.change]++
      if (row.change !== 'update') return
      countEach(fields, Object.keys(row.fields))
      countEach(clears, row.clears)
    },
    counts: (): PlanCounts => ({
      rows,
      changes,
      fields: Object.fromEntries(fields),
      clears: Object.fromEntries(clears),
    }),
  }
}
