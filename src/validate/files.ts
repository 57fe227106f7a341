/** The files that `validate` writes where it is told to: the invalid rows (`out`), and a mended copy (`fix`). */
import { createErrorsCopy } from './errors-copy.ts'
import type { Outcome } from '../domain/outcome.ts'
import type { Problem } from '../domain/problem.ts'
import type { MalformedRow, Row } from '../domain/row.ts'
import type { InputFile } from '../input/bytes.ts'
import type { Head } from '../input/header.ts'
import type { Mapping } from '../mapping/mapping.ts'
import { fixOf } from '../mapping/fixes.ts'
import { createMendedCopy } from './mended-copy.ts'
import type { MendedFile } from './mended-copy.ts'
import type { UpdateOptions } from '../options.ts'
import { createLocate, createReadRow, rulesOf } from '../prepare.ts'

export interface FileOptions {
  /** Directory for `errors.csv` or `errors.ndjson`; made where it is not there. */
  readonly out?: string | undefined
  /** Path of a copy in which cells are mended where the remedy is certain. */
  readonly fix?: string | undefined
  /** Whether `fix` may be a file that is there. Default false. */
  readonly force?: boolean | undefined
}

export interface WrittenFiles {
  /** Nothing where every row is good. */
  readonly errorsFile?: string
  readonly mended?: MendedFile
}

export interface ValidateFiles {
  readonly invalid: (outcome: Outcome) => void
  readonly refused: (row: Row | MalformedRow, problems: readonly Problem[]) => void
  flush(): Promise<void>
  finish(): Promise<WrittenFiles>
  discard(): void
}

export interface FileParts extends FileOptions {
  readonly file: InputFile
  readonly head: Head
  readonly options: UpdateOptions
  readonly mapping: Mapping
}

/** Throws USAGE and LOCAL where a file cannot be written, and INPUT where the header cannot be matched. */
export function openValidateFiles(parts: FileParts): ValidateFiles {
  const { out, fix, file, head } = parts
  const mended = fix === undefined ? undefined : openMended(fix, parts)
  const errors = out === undefined ? undefined : createErrorsCopy(out, file, head)
  return {
    invalid: (outcome) => errors?.invalid(outcome),
    refused: (row, problems) => mended?.refused(row, problems),
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

function openMended(fix: string, { file, head, options, mapping, force = false }: FileParts) {
  const ignored = options.ignoreColumns ?? []
  let problems: readonly Problem[] = []
  const readRow = createReadRow(head, ignored, rulesOf(options), mapping, (found) => {
    problems = found
  })
  return createMendedCopy(fix, force, options.input, {
    file,
    head,
    locate: createLocate(head, ignored, mapping),
    fixOf,
    problemsOf(row) {
      problems = []
      readRow(row)
      return problems
    },
  })
}
