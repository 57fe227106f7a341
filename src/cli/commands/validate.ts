/** `validate`: what is in the file, what is wrong with it, and what the blanks would do. Exit 0, 1 or 3. */
import { once } from 'node:events'
import { programOptions } from '../../config/job-options.ts'
import { printableLines } from '../../model/text.ts'
import { exitCodes, usage, findTip, warningTips } from '../../model/errors.ts'
import { standardInput } from '../../input/spool.ts'
import { validate as validateFile } from '../../jobs/validate.ts'
import type { ValidateResult } from '../../jobs/validate.ts'
import type { Arguments } from '../command-table.ts'
import type { InvalidRow } from '../validate-text.ts'
import { unmatchedLine } from '../notes.ts'
import { filesText, validateText } from '../validate-text.ts'

/** Rows that are kept to be named one by one; the findings count them all. */
const mostKept = 100

export async function validate(args: Arguments<'validate'>): Promise<number> {
  const name = args.input === '-' ? standardInput : args.input
  const lines = await defectWriter(args)
  const invalid: InvalidRow[] = []
  const { input, out, fix, force } = args
  const result = await validateFile({
    ...programOptions(args),
    input,
    ...lines,
    out,
    fix,
    force,
    onInvalid(outcome, columnOf) {
      if (invalid.length < mostKept) invalid.push({ outcome, column: columnOf() })
    },
  })
  if (args.json === true) process.stdout.write(`${JSON.stringify(validateJson(result, invalid))}\n`)
  else {
    if (lines === undefined) process.stdout.write(printableLines(validateText(name, result, invalid)))
    // Standard output holds the defects alone where they were asked for.
    const stream = lines === undefined ? process.stdout : process.stderr
    stream.write(printableLines(filesText(result)))
  }
  const note = unmatchedLine(result.unmatched)
  if (note !== undefined && args.quiet !== true) process.stderr.write(`${note}\n`)
  if (result.refusal !== undefined) {
    const { errorText } = await import('../error-text.ts')
    process.stderr.write(errorText(result.refusal))
    return exitCodes.INPUT
  }
  return result.invalid > 0 ? exitCodes.ROWS : exitCodes.OK
}

/** Writes defects as they come, batch by batch, so that a file of a million of them takes no memory. */
async function defectWriter({ formatErrors: format, json, input }: Arguments<'validate'>) {
  if (format === undefined) return undefined
  if (json === true) {
    throw usage(
      'E_OPTION_CONFLICT',
      '--json and --format-errors both want standard output',
      'Keep one of the two.',
    )
  }
  const { defectLines } = await import('../defect-lines.ts')
  const { header, lineOf } = defectLines(format, input)
  let text = header
  return {
    onDefect: (defect: Parameters<typeof lineOf>[0]) => {
      text += lineOf(defect)
    },
    async afterBatch() {
      const written = text === '' || process.stdout.write(text)
      text = ''
      if (!written && process.stdout.writable) await once(process.stdout, 'drain')
    },
  }
}

function validateJson(result: ValidateResult, invalid: readonly InvalidRow[]) {
  const { set, cleared, refusal, ...counts } = result
  return {
    ...counts,
    findings: counts.findings.map((finding) =>
      Object.assign({}, finding, { tip: findTip(finding.code, finding.message) }),
    ),
    warnings: counts.warnings.map((warning) =>
      Object.assign({}, warning, { tip: warningTips[warning.code] }),
    ),
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
