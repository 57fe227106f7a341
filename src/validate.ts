/** The scan with a doctor beside it: what is in the file and everything that is wrong with it. No socket, no credentials, nothing written. */
import { checkInput } from './check-input.ts'
import type { ColumnReport } from './doctor/columns.ts'
import type { Defect } from './doctor/examine.ts'
import type { Diagnosis } from './doctor/findings.ts'
import type { ErrorCode } from './domain/error-codes.ts'
import type { WarningCode } from './domain/warning.ts'
import type { BulkUpdateError } from './errors.ts'
import { openExamination } from './examination.ts'
import { readHead } from './input/header.ts'
import { loadMapping } from './mapping/mapping-file.ts'
import { parseRate } from './options.ts'
import type { UpdateOptions } from './options.ts'
import { refuseWarning } from './pipeline/guards.ts'
import type { Source } from './pipeline/ports.ts'
import type { OnInvalid, Scan } from './pipeline/scan.ts'
import { createPace } from './report/pace.ts'
import { openPassingInput } from './run-input.ts'

export interface ValidateResult extends Omit<Scan, 'findings' | 'warnings'> {
  /** Every column of the file, or key of NDJSON. */
  readonly columns: readonly ColumnReport[]
  /** What is wrong, most frequent first. A row with several defects counts in each. */
  readonly findings: readonly Diagnosis<ErrorCode>[]
  /** What is doubtful: `update` sends it. */
  readonly warnings: readonly Diagnosis<WarningCode>[]
  /** What would keep `update` from sending anything; with `strict` also what only `validate` looks for. */
  readonly refusal: BulkUpdateError | undefined
  /** How long `update` takes at the default rate and reserve, in milliseconds. */
  readonly etaMs: number
}

export interface ValidateWatch {
  /** Gets each defect and each doubt of each row, in file order. */
  readonly onDefect?: (defect: Defect) => void
  /** Called between batches of rows: whoever gathers defects writes them here. */
  readonly afterBatch?: () => Promise<void>
}

/** `onInvalid` gets each invalid row, in file order. Throws INPUT errors where the file cannot be trusted at all, and E_MAPPING. */
export async function validate(
  options: UpdateOptions,
  onInvalid: OnInvalid,
  signal: AbortSignal,
  { onDefect, afterBatch }: ValidateWatch = {},
): Promise<ValidateResult> {
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openPassingInput(options.input, signal)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const examination = openExamination({ head, options, mapping, onDefect })
    const parts = { file, head, options, mapping, onInvalid, signal, examiner: examination }
    const { found, refusal } = await checkInput(parts, (source) => inSteps(source, afterBatch))
    const { columns, findings, warnings } = examination.result()
    const [doubt] = options.strict === true ? warnings : []
    return {
      ...found,
      columns,
      findings,
      warnings,
      refusal: refusal ?? (doubt === undefined ? undefined : refuseWarning(doubt, found.rows)),
      etaMs: createPace(parseRate('200/1m,1000/5m', '10%')).etaMs(found.calls) ?? 0,
    }
  } finally {
    await file.close()
  }
}

/** A batch is done with when the next one is asked for. */
async function* inSteps(source: Source, afterBatch: (() => Promise<void>) | undefined): Source {
  for await (const rows of source) {
    yield rows
    await afterBatch?.()
  }
}
