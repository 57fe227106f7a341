/** The scan alone: no socket, no credentials, nothing written. */
import type { BulkUpdateError } from './errors.ts'
import { readHead } from './input/header.ts'
import { rowsOf } from './input/rows.ts'
import { loadMapping } from './mapping/mapping-file.ts'
import { parseErrorLimit, parsePercent } from './options.ts'
import type { UpdateOptions } from './options.ts'
import { guard } from './pipeline/guards.ts'
import { scan } from './pipeline/scan.ts'
import type { Scan } from './pipeline/scan.ts'
import { createReadRow, rulesOf } from './prepare.ts'
import { openPassingInput } from './run-input.ts'
import type { Outcome } from './domain/outcome.ts'

export interface ValidateResult extends Scan {
  /** What would keep `update` from sending anything. */
  readonly refusal: BulkUpdateError | undefined
}

/** `onInvalid` gets each invalid row. Throws INPUT errors where the file cannot be trusted at all, and E_MAPPING. */
export async function validate(
  options: UpdateOptions,
  onInvalid: (outcome: Outcome) => void,
  signal: AbortSignal,
): Promise<ValidateResult> {
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openPassingInput(options.input, signal)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const readRow = createReadRow(head, options.ignoreColumns ?? [], rulesOf(options), mapping)
    const found = await scan(rowsOf(file, head), readRow, onInvalid, signal)
    const refusal = guard(found, {
      maxClearsPercent: parsePercent('max-clears', options.maxClears ?? '50%'),
      maxErrors: parseErrorLimit(options.maxErrors ?? '10%'),
      strict: options.strict ?? false,
    })
    return { ...found, refusal }
  } finally {
    await file.close()
  }
}
