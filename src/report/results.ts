/** `results` and `errors`: what became of every row, written in one pass over the outcomes of a run. */
import { join } from 'node:path'
import { needsAttention, type Outcome } from '../model/row.ts'
import { errorLine, errorsHeader, type ErrorsFormat } from './errors.ts'
import { csvText } from './escape.ts'
import { isoTime } from './format.ts'
import { openOutputFile, removeOutputFile } from './output-file.ts'

export type ResultsFormat = 'csv' | 'ndjson'

export interface ResultsOptions {
  readonly directory: string
  /** In row order, every row of the run once. */
  readonly outcomes: AsyncIterable<readonly Outcome[]>
  readonly resultsFormat: ResultsFormat
  /** Undefined if the input is gone: then `errors` stays as it is. */
  readonly errors: ErrorsSource | undefined
  /** Gets every outcome in the same pass, with the text of its record if the row needs attention and the input is there. */
  readonly listener: { add(outcome: Outcome, record?: string): void }
}

/** The input: its format, and the bytes of its records. */
export interface ErrorsSource {
  readonly head: ErrorsFormat
  readonly file: { read(offset: number, length: number): Promise<Buffer> }
}

/** Writes `results` and `errors`. Removes an `errors` file of an earlier session if no row needs it. */
export async function writeResults(options: ResultsOptions): Promise<void> {
  const { directory, resultsFormat, errors, listener } = options
  using results = openOutputFile(join(directory, `results.${resultsFormat}`))
  using errorsFile = errors && openErrorsFile(directory, errors)
  results.write(resultsHeader(resultsFormat))
  for await (const batch of options.outcomes) {
    results.write(resultsText(batch, resultsFormat))
    for (const outcome of batch)
      listener.add(outcome, needsAttention(outcome.outcome) ? await errorsFile?.add(outcome) : undefined)
  }
  results.commit()
  errorsFile?.commit()
}

/** `errors` in a directory. Throws like `openOutputFile`, which also says what `next` is. */
export function openErrorsFile(directory: string, { head, file: input }: ErrorsSource, next?: string) {
  const path = join(directory, `errors.${head.format}`)
  const file = openOutputFile(path, next)
  let rows = 0
  return {
    /** Resolves with the text of the row's record. */
    async add(outcome: Outcome): Promise<string> {
      if (rows++ === 0) file.write(errorsHeader(head))
      const record = (await input.read(outcome.offset, outcome.length)).toString('utf8')
      file.write(errorLine(record, outcome, head))
      return record
    },
    /** Returns the path. Without a row it removes an earlier file, and returns undefined. */
    commit(): string | undefined {
      if (rows === 0) {
        file.discard()
        return removeOutputFile(path, next)
      }
      file.commit()
      return path
    },
    [Symbol.dispose]: () => file.discard(),
  }
}

/** The columns, in their order. A value is null if there is none. */
const columns: Readonly<Record<string, (outcome: Outcome) => string | number | null>> = {
  row: ({ row }) => row,
  line: ({ line }) => line,
  customer_id: ({ customerId }) => customerId,
  outcome: ({ outcome }) => outcome,
  fields: ({ fields }) => fields,
  cleared: ({ cleared }) => cleared,
  not_taken: ({ notTaken }) => notTaken,
  attempts: ({ attempts }) => attempts,
  http_status: ({ httpStatus }) => (httpStatus === 0 ? null : httpStatus),
  error_code: ({ errorCode }) => errorCode,
  error_field: ({ errorField }) => errorField,
  message: ({ message }) => message,
  operation_id: ({ operationId }) => operationId,
  idempotency_key: ({ idempotencyKey }) => idempotencyKey,
  finished_at: ({ finishedAt }) => (finishedAt === 0 ? null : isoTime(finishedAt)),
}

/** The first line of the file; NDJSON has none. */
export function resultsHeader(format: ResultsFormat): string {
  return format === 'csv' ? `${Object.keys(columns).join(',')}\n` : ''
}

/**
 * The lines of a batch, without personal data. CSV: comma, `\n`; a missing value is an empty cell. NDJSON has the same keys: a
 * missing text is `""`, a missing `http_status` or `finished_at` is `null`.
 */
export function resultsText(outcomes: readonly Outcome[], format: ResultsFormat): string {
  const rows = outcomes.map((outcome) =>
    Object.entries(columns).map(([name, read]) => [name, read(outcome)] as const),
  )
  return format === 'csv'
    ? csvText(rows.map((row) => row.map(([, value]) => value)))
    : rows.map((row) => `${JSON.stringify(Object.fromEntries(row))}\n`).join('')
}
