/** `validate --json`: everything that the text says, for programs. */
import { tipOf } from '../domain/error-codes.ts'
import { warningTips } from '../domain/warning.ts'
import type { ValidateResult } from '../validate/validate.ts'
import type { InvalidRow } from './invalid-row.ts'

export function validateJson(result: ValidateResult, invalid: readonly InvalidRow[]) {
  const { set, cleared, refusal, ...counts } = result
  return {
    ...counts,
    findings: counts.findings.map((finding) =>
      Object.assign({}, finding, { tip: tipOf(finding.code, finding.message) }),
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
