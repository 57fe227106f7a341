/** `validate`: what a file holds and what is wrong with it. */
import { programOptions } from '../../config/job-options.ts'
import { exitCodes, findTip, warningEntries, BulkUpdateError } from '../../model/errors.ts'
import { standardInput } from '../../input/spool.ts'
import { validate as validateFile } from '../../jobs/validate.ts'
import type { ValidateResult } from '../../jobs/validate.ts'
import type { Arguments } from '../command-table.ts'
import { scanLines } from '../../report/summary-text.ts'
import { describeUnmatched } from '../display.ts'
import { print, printJson, printSlowly, say, sayError } from '../terminal.ts'
import { createDefectLines, filesText, validateText } from '../validate-text.ts'
import type { InvalidRow } from '../validate-text.ts'

/** Invalid rows that are kept for the list. The findings count all. */
const mostKept = 100

/** Exit code 0; 1 if rows are invalid; 3 if the whole file is refused. */
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
  if (args.json === true) printJson(validateJson(result, invalid))
  else {
    const files = filesText(result)
    // With --format-errors, standard output has only the defects
    if (lines === undefined) print(validateText(name, result, invalid) + files)
    else for (const line of files.split('\n').slice(0, -1)) say(line)
  }
  for (const note of [describeUnmatched(result.unmatched), ...scanLines(result)])
    if (note !== undefined && args.quiet !== true) say(note)
  if (result.refusal !== undefined) {
    sayError(result.refusal)
    return exitCodes.INPUT
  }
  return result.invalid > 0 ? exitCodes.ROWS : exitCodes.OK
}

/** Writes defects batch by batch, so that memory does not grow with them. */
async function defectWriter({ formatErrors: format, json, input }: Arguments<'validate'>) {
  if (format === undefined) return undefined
  if (json === true) {
    throw new BulkUpdateError(
      'E_OPTION_CONFLICT',
      '--json and --format-errors both want standard output',
      'Keep one of the two.',
    )
  }
  const { header, toLine } = await createDefectLines(format, input)
  let text = header
  return {
    onDefect: (defect: Parameters<typeof toLine>[0]) => {
      text += toLine(defect)
    },
    async afterBatch() {
      const written = printSlowly(text)
      text = ''
      await written
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
      Object.assign({}, warning, { tip: warningEntries[warning.code].tip }),
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
