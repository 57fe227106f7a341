/** The scan alone: no socket, no credentials, nothing written. */
import { checkInput } from './check-input.ts'
import type { BulkUpdateError } from './errors.ts'
import { readHead } from './input/header.ts'
import { loadMapping } from './mapping/mapping-file.ts'
import type { UpdateOptions } from './options.ts'
import type { OnInvalid, Scan } from './pipeline/scan.ts'
import { openPassingInput } from './run-input.ts'

export interface ValidateResult extends Scan {
  /** What would keep `update` from sending anything. */
  readonly refusal: BulkUpdateError | undefined
}

/** `onInvalid` gets each invalid row, in file order. Throws INPUT errors where the file cannot be trusted at all, and E_MAPPING. */
export async function validate(
  options: UpdateOptions,
  onInvalid: OnInvalid,
  signal: AbortSignal,
): Promise<ValidateResult> {
  const mapping = options.map === undefined ? undefined : await loadMapping(options.map)
  const file = await openPassingInput(options.input, signal)
  try {
    const head = await readHead(file, { format: options.format, delimiter: options.delimiter })
    const { found, refusal } = await checkInput({ file, head, options, mapping, onInvalid, signal })
    return { ...found, refusal }
  } finally {
    await file.close()
  }
}
