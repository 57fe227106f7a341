/** What a run wrote, row by row, as far as Rapyd has confirmed it: from what it kept for a way back, or else from its input. */
import { isOutcome } from '../model/outcome.ts'
import { createRowSet } from '../model/collections.ts'
import type { RowSet } from '../model/collections.ts'
import type { JsonObject } from '../model/json.ts'
import type { Outcome } from '../model/outcome.ts'
import { fieldOf, onlyFields } from '../model/row.ts'
import { checkOf, openPlanOf } from './planned-reading.ts'
import { removeHoles } from '../rapyd/requests.ts'
import { inputPartsOf, openSameInput, readHeadOf } from './saved-input.ts'
import { inputNotKept } from './saved-run.ts'
import type { SavedRun } from './saved-run.ts'
import { hasBeforeImages, readBeforeImages } from '../store/before-images.ts'
import { eachOutcome } from '../store/journal-reader.ts'

export interface RunWrite {
  readonly customerId: string
  readonly patch: JsonObject
}

/** Rows of one customer come in their order. Throws INPUT where the input is gone or has changed, and nothing else tells. */
export async function* confirmedWrites(run: SavedRun): AsyncGenerator<RunWrite> {
  const updated = createRowSet()
  for (const { row, outcome } of eachOutcome(run.journal)) if (outcome === 'updated') updated.add(row)
  if (hasBeforeImages(run.directory)) {
    for (const { customerId, writes } of readBeforeImages(run.directory))
      for (const { row, patch } of writes) if (updated.has(row)) yield { customerId, patch }
  } else yield* writesOfInput(run, updated)
}

async function* writesOfInput(run: SavedRun, updated: RowSet): AsyncGenerator<RunWrite> {
  const { record, runId, isFinished } = run
  if (record.options.input === '-' && isFinished)
    throw inputNotKept(runId, 'Only runs with --backup keep what they wrote.')
  const file = await openSameInput(run)
  const plan = record.planned === undefined ? undefined : await openPlanOf(record.planned)
  try {
    const { openRows, readRow } = await checkOf(plan)(
      await inputPartsOf(run, file, await readHeadOf(run, file)),
    )
    const sent = sentFields(run)
    for await (const rows of openRows()) {
      for (const row of rows) {
        if (!updated.has(row.row)) continue
        const read = readRow(row)
        const fields = sent(row.row)
        if (isOutcome(read)) continue
        const { patch } = onlyFields(read, (field) => fields.has(field))
        yield { customerId: read.customerId, patch: removeHoles(patch) }
      }
    }
    await file.checkUnchanged()
  } finally {
    await plan?.close()
    await file.close()
  }
}

/** The fields that a row sent, which may be fewer than it has. Asked in the order of rows. */
function sentFields({ journal }: SavedRun): (row: number) => ReadonlySet<string> {
  const outcomes = eachOutcome(journal)
  let next: Outcome | undefined = outcomes.next().value
  return (row) => {
    while (next !== undefined && next.row < row) next = outcomes.next().value
    return new Set(next?.row === row ? next.fields.split(';').map(fieldOf) : [])
  }
}
