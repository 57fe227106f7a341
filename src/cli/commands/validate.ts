/** `validate`: what is in the file, what is wrong with it, and what the blanks would do. Exit 0, 1 or 3. */
import { tipOf } from '../../domain/error-codes.ts'
import { printableLines } from '../../domain/printable.ts'
import { warningTips } from '../../domain/warning.ts'
import { exitCodes } from '../../errors.ts'
import { standardInput } from '../../input/spool.ts'
import { validate as validateFile } from '../../validate.ts'
import type { ValidateResult } from '../../validate.ts'
import { errorText } from '../error-text.ts'
import { inputOptions } from '../input-options.ts'
import type { InputArguments } from '../input-options.ts'
import type { InvalidRow } from '../invalid-row.ts'
import { validateText } from '../validate-text.ts'

/** Rows that are kept to be named one by one; the findings count them all. */
const mostKept = 100

export async function validate(args: InputArguments): Promise<number> {
  const invalid: InvalidRow[] = []
  const result = await validateFile(
    inputOptions(args),
    (outcome, columnOf) => {
      if (invalid.length < mostKept) invalid.push({ outcome, column: columnOf() })
    },
    new AbortController().signal,
  )
  process.stdout.write(
    args.json === true
      ? `${JSON.stringify(jsonOf(result, invalid))}\n`
      : printableLines(validateText(args.input === '-' ? standardInput : args.input, result, invalid)),
  )
  if (result.refusal !== undefined) {
    process.stderr.write(errorText(result.refusal))
    return exitCodes.INPUT
  }
  return result.invalid > 0 ? exitCodes.ROWS : exitCodes.OK
}

function jsonOf({ set, cleared, refusal, ...counts }: ValidateResult, invalid: readonly InvalidRow[]) {
  return {
    ...counts,
    findings: counts.findings.map((finding) => ({ ...finding, tip: tipOf(finding.code, finding.message) })),
    warnings: counts.warnings.map((warning) => ({ ...warning, tip: warningTips[warning.code] })),
    set: Object.fromEntries(set),
    cleared: Object.fromEntries(cleared),
    refused: refusal?.code ?? null,
    invalid_rows: invalid.map(({ outcome: { row, line, errorCode, errorField }, column }) => ({
      row,
      line,
      column: column ?? null,
      code: errorCode,
      field: errorField,
    })),
  }
}
