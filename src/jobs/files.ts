/** The files that `validate` writes if it is asked to: the invalid rows (`out`), and a fixed copy (`fix`). */
import { join } from 'node:path'
import { makeLevels } from '../config/own-files.ts'
import type { Outcome } from '../model/outcome.ts'
import type { MalformedRow, Row } from '../model/row.ts'
import { BulkUpdateError, systemCode } from '../model/errors.ts'
import { errorLine, errorsHeader } from '../report/errors.ts'
import { openOutputFile, removeOutputFile } from '../report/output-file.ts'
import { errorsFormatOf } from '../engine/report.ts'
import type { Defect } from '../validation/checks.ts'
import { createFixedCopy } from '../validation/fixed-copy.ts'
import type { FixedFile } from '../validation/fixed-copy.ts'
import type { MappedInput } from '../validation/row-reader.ts'

export interface FileOptions {
  /** Directory for `errors.csv` or `errors.ndjson`. It is made if it does not exist. */
  readonly out?: string | undefined
  /** Path of a copy in which cells with a certain fix are fixed. */
  readonly fix?: string | undefined
  /** Whether `fix` may be a file that is there. Default false. */
  readonly force?: boolean | undefined
}

export interface WrittenFiles {
  /** Undefined if every row is good. */
  readonly errorsFile?: string
  readonly mended?: FixedFile
}

export interface ValidateFiles {
  readonly invalid: (outcome: Outcome) => void
  readonly defective: (row: Row | MalformedRow, defects: readonly Defect[]) => void
  flush(): Promise<void>
  finish(): Promise<WrittenFiles>
  discard(): void
}

/** Throws USAGE and LOCAL if a file cannot be written, and INPUT if the header cannot be matched. */
export function openValidateFiles(
  { out, fix, force = false }: FileOptions,
  input: MappedInput,
): ValidateFiles {
  const mended = fix === undefined ? undefined : createFixedCopy(fix, force, input)
  const errors = out === undefined ? undefined : createErrorsCopy(out, input)
  return {
    invalid: (outcome) => errors?.invalid(outcome),
    defective: (row, defects) => mended?.defective(row, defects),
    async flush() {
      await errors?.flush()
      await mended?.flush()
    },
    async finish() {
      const errorsFile = await errors?.finish()
      const copy = await mended?.finish()
      return {
        ...(errorsFile === undefined ? {} : { errorsFile }),
        ...(copy === undefined ? {} : { mended: copy }),
      }
    },
    discard() {
      errors?.discard()
      mended?.discard()
    },
  }
}

const next = 'run the same command again.'

/** The invalid rows, as `update` writes them to `errors`. Throws LOCAL if the directory or the file cannot be made. */
function createErrorsCopy(directory: string, { file, head }: MappedInput) {
  const format = errorsFormatOf(head)
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
  const path = join(directory, `errors.${head.format}`)
  const output = openOutputFile(path, next)
  let waiting: Outcome[] = []
  let rows = 0

  async function flush(): Promise<void> {
    for (const outcome of waiting) {
      if (rows++ === 0) output.write(errorsHeader(format))
      const raw = await file.read(outcome.offset, outcome.length)
      output.write(errorLine(raw.toString('utf8'), outcome, format))
    }
    waiting = []
  }

  return {
    invalid: (outcome: Outcome) => waiting.push(outcome),
    flush,
    /** The path of the file. Returns undefined if every row is good; an earlier file is then removed. */
    async finish(): Promise<string | undefined> {
      await flush()
      if (rows > 0) {
        output.commit()
        return path
      }
      output.discard()
      removeOutputFile(path, next)
      return undefined
    },
    discard: () => output.discard(),
  }
}
