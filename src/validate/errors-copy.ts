/** `--out`: the rows that are invalid, as `update` would leave them in `errors`: mend them and feed them back. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Outcome } from '../domain/outcome.ts'
import { BulkUpdateError, systemCode } from '../errors.ts'
import type { InputFile } from '../input/bytes.ts'
import type { Head } from '../input/header.ts'
import { errorLine, errorsHeader } from '../report/errors.ts'
import { openOutputFile, removeOutputFile } from '../report/output-file.ts'
import { errorsFormatOf } from '../run/report.ts'

const next = 'run the same command again.'

export interface ErrorsCopy {
  invalid(outcome: Outcome): void
  flush(): Promise<void>
  /** The path of the file; nothing where every row is good, and then an earlier one is removed. */
  finish(): Promise<string | undefined>
  discard(): void
}

/** @throws BulkUpdateError LOCAL where the directory cannot be made or the file not be written */
export function createErrorsCopy(directory: string, file: InputFile, head: Head): ErrorsCopy {
  const format = errorsFormatOf(head)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new BulkUpdateError(
      'LOCAL',
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
    invalid: (outcome) => waiting.push(outcome),
    flush,
    async finish() {
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
