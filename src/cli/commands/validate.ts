/** `validate`: what is in the file, what is wrong with it, and what the blanks would do. Exit 0, 1 or 3. */
import { errorTips } from '../../domain/error-codes.ts'
import { exitCodes } from '../../errors.ts'
import { standardInput } from '../../input/spool.ts'
import { validate as validateFile } from '../../validate.ts'
import type { ValidateResult } from '../../validate.ts'
import { inputOptions } from '../input-options.ts'
import type { InputArguments } from '../input-options.ts'

/** Rows that are listed one by one; the findings count them all. */
const mostListed = 20

export async function validate(args: InputArguments): Promise<number> {
  const listed: string[] = []
  const result = await validateFile(
    inputOptions(args),
    ({ row, line, errorCode, errorField, message }) => {
      if (listed.length < mostListed)
        listed.push(`  row ${row}, line ${line}: ${errorCode} ${errorField}: ${message}`)
    },
    new AbortController().signal,
  )
  process.stdout.write(
    args.json === true
      ? `${JSON.stringify(jsonOf(result))}\n`
      : textOf(args.input === '-' ? standardInput : args.input, result, listed),
  )
  if (result.refusal !== undefined) {
    process.stderr.write(
      `rapyd-bulk: ${result.refusal.message} [${result.refusal.code}]\n${result.refusal.remedy}\n`,
    )
    return exitCodes.INPUT
  }
  return result.invalid > 0 ? exitCodes.ROWS : exitCodes.OK
}

function jsonOf({ set, cleared, refusal, ...counts }: ValidateResult): object {
  const findings = counts.findings.map((finding) => ({ ...finding, tip: errorTips[finding.code] }))
  return {
    ...counts,
    findings,
    set: Object.fromEntries(set),
    cleared: Object.fromEntries(cleared),
    refused: refusal?.code ?? null,
  }
}

function textOf(input: string, result: ValidateResult, listed: readonly string[]): string {
  const lines = [
    `${input}: ${result.rows} rows, ${result.calls} to send, ${result.unchanged} without a change, ${result.invalid} invalid`,
  ]
  lines.push('', 'Field                         set   cleared')
  for (const [field, count] of result.set) {
    const clears = result.cleared.get(field) ?? 0
    lines.push(`${field.padEnd(26)} ${String(count - clears).padStart(6)}  ${String(clears).padStart(8)}`)
  }
  if (result.findings.length > 0) lines.push('', 'Findings:')
  for (const { code, field, rows, firstRow, firstLine } of result.findings) {
    lines.push(
      `  ${rows} × ${code} ${field} (first: row ${firstRow}, line ${firstLine})`,
      `    ${errorTips[code]}`,
    )
  }
  if (listed.length > 0)
    lines.push('', result.invalid > listed.length ? `The first ${listed.length} rows:` : 'Rows:', ...listed)
  return `${lines.join('\n')}\n`
}
