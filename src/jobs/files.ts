/** The files that `validate` writes if it is asked to: the invalid rows (`out`), and a fixed copy (`fix`). */
import { makeLevels } from '../config/own-files.ts'
import type { MalformedRow, Place, Row, Outcome } from '../model/row.ts'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { openErrorsFile } from '../report/results.ts'
import { errorsFormatOf } from '../engine/report.ts'
import type { Defect } from '../validation/findings.ts'
import { createFixedCopy } from '../validation/fixed-copy.ts'
import type { MappedInput } from '../validation/row-reader.ts'

export interface FileOptions {
  /** Directory for `errors.csv` or `errors.ndjson`. It is made if it does not exist. */
  readonly out?: string | undefined
  /** Path of a copy in which cells with a certain fix are fixed. */
  readonly fix?: string | undefined
  /** Whether `fix` may be a file that is there. Default false. */
  readonly force?: boolean | undefined
}

/** Throws USAGE and LOCAL if a file cannot be written, and INPUT if the header cannot be matched. */
export function openValidateFiles({ out, fix, force = false }: FileOptions, input: MappedInput) {
  const mended = fix === undefined ? undefined : createFixedCopy(fix, force, input)
  const errors = out === undefined ? undefined : openErrorsCopy(out, input)
  const waiting: Outcome[] = []

  async function flush(): Promise<void> {
    for (const outcome of waiting.splice(0)) await errors?.add(outcome)
    await mended?.flush()
  }

  return {
    invalid(outcome: Outcome): void {
      if (errors !== undefined) waiting.push(outcome)
    },
    defective: (row: Row | MalformedRow, defects: readonly Defect[]) => mended?.defective(row, defects),
    flush,
    /** The path of the invalid rows is undefined if every row is good. */
    async finish() {
      await flush()
      const errorsFile = errors?.commit()
      const copy = await mended?.finish()
      return {
        ...(errorsFile === undefined ? {} : { errorsFile }),
        ...(copy === undefined ? {} : { mended: copy }),
      }
    },
    [Symbol.dispose](): void {
      errors?.[Symbol.dispose]()
      mended?.discard()
    },
  }
}

/** The invalid rows, as `update` writes them to `errors`. Throws LOCAL if the directory or the file cannot be made. */
function openErrorsCopy(directory: string, { file, head }: MappedInput) {
  try {
    makeLevels(directory)
  } catch (error) {
    throw new BulkUpdateError(
      'E_OUT',
      `the directory ${directory} cannot be made (${systemCode(error)})`,
      'Name another directory with --out.',
      { cause: error },
    )
  }
  const read = ({ offset, length }: Place): Promise<Buffer> => file.read(offset, length)
  return openErrorsFile(directory, { format: errorsFormatOf(head), read }, 'run the same command again.')
}
