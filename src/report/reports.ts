/** Writes a run's files in one pass over its outcomes. They are projections of the journal: made again, they are the same. */
import { join } from 'node:path'
import { needsAttention } from '../model/outcome.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Place } from '../model/row.ts'
import { errorLine, errorsHeader } from './errors.ts'
import type { ErrorsFormat } from './errors.ts'
import { openOutputFile, removeOutputFile } from './output-file.ts'
import type { OutputFile } from './output-file.ts'
import { resultsHeader, resultsOf } from './results.ts'
import type { ResultsFormat } from './results.ts'
import { createTotals } from './totals.ts'
import type { Totals } from './totals.ts'

export interface ReportOptions {
  readonly directory: string
  /** In row order, every row of the run once. */
  readonly outcomes: AsyncIterable<readonly Outcome[]>
  readonly resultsFormat: ResultsFormat
  /** Nothing where the input is gone: then `errors` stays as it is. */
  readonly errors: ErrorsParts | undefined
  /** Sees every outcome in the same pass, with the text of its record where the row needs attention and the input is there. */
  readonly listener: { add(outcome: Outcome, record?: string): void }
}

export interface ErrorsParts {
  readonly format: ErrorsFormat
  /** The bytes of a record in the input. */
  readonly read: (place: Place) => Promise<Buffer>
}

/** Writes `results` and `errors`; an `errors` file of an earlier session goes when no row needs it. */
export async function writeRows(options: ReportOptions): Promise<Totals> {
  const { directory, resultsFormat, errors, listener } = options
  const results = openOutputFile(join(directory, `results.${resultsFormat}`))
  const totals = createTotals()
  let bad: OutputFile | undefined
  try {
    results.write(resultsHeader(resultsFormat))
    for await (const batch of options.outcomes) {
      results.write(resultsOf(batch, resultsFormat))
      for (const outcome of batch) {
        totals.add(outcome)
        if (errors === undefined || !needsAttention(outcome.outcome)) {
          listener.add(outcome)
          continue
        }
        const record = (await errors.read(outcome)).toString('utf8')
        listener.add(outcome, record)
        if (bad === undefined) {
          bad = openOutputFile(pathOf(directory, errors))
          bad.write(errorsHeader(errors.format))
        }
        bad.write(errorLine(record, outcome, errors.format))
      }
    }
  } catch (error) {
    results.discard()
    bad?.discard()
    throw error
  }
  results.commit()
  if (bad !== undefined) bad.commit()
  else if (errors !== undefined) removeOutputFile(pathOf(directory, errors))
  return totals.totals()
}

function pathOf(directory: string, { format }: ErrorsParts): string {
  return join(directory, `errors.${format.format}`)
}
