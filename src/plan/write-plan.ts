/** Writes a plan from the input and what was read: one pass counts and digests, because the head stands first, and one writes. */
import type { PatchedRow } from '../domain/patch.ts'
import type { Outcome } from '../domain/outcome.ts'
import { isOutcome } from '../pipeline/send.ts'
import { createPlanCounter } from './plan-counts.ts'
import { createHeadDigest } from './plan-head.ts'
import type { PlanFacts, PlanHead } from './plan-head.ts'
import { plannedRow } from './plan-row.ts'
import type { PlanRow } from './plan-row.ts'
import { afterPatch } from '../rapyd/held.ts'
import type { CheckedInput } from '../guard/check-input.ts'
import { openOutputFile } from '../report/output-file.ts'
import type { Readings } from '../store/readings.ts'

export interface WritePlanParts extends Pick<CheckedInput, 'openRows' | 'readRow' | 'found'> {
  readonly readings: Readings
  readonly plan: PlanFacts
  readonly path: string
  /** Gets each row that changes something. */
  readonly onChange: (row: PlanRow) => void
}

/** Throws LOCAL where the file cannot be written. */
export async function writePlan(parts: WritePlanParts): Promise<PlanHead> {
  const counter = createPlanCounter()
  const digest = createHeadDigest()
  for await (const row of plannedRows(parts)) {
    counter.add(row)
    digest.add(lineOf(row))
  }
  const head = digest.head(parts.plan, counter.counts())
  const file = openOutputFile(parts.path, 'run the same command again: what was read is kept.')
  try {
    file.write(lineOf(head))
    for await (const row of plannedRows(parts)) {
      if (row.change === 'update') parts.onChange(row)
      file.write(lineOf(row))
    }
  } catch (error) {
    file.discard()
    throw error
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
  const { row, line, customerId: customer, patch } = read
  const known = readings.known(customer)
  if (known === undefined) throw new Error('a customer of the file that was not read')
  if (typeof known === 'string') return { row, line, customer, change: known }
  const planned = plannedRow(read, known)
  if (isFollowed && planned.change === 'update') readings.leave(customer, afterPatch(known, patch))
  return planned
}

function withoutCall({ row, line, customerId: customer, outcome, errorCode, errorField }: Outcome): PlanRow {
  return outcome === 'unchanged'
    ? { row, line, customer, change: 'unchanged' }
    : { row, line, customer, change: 'invalid', code: errorCode, field: errorField }
}
