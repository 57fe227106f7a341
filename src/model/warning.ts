/**
 * What is doubtful about a row and yet sent: rules that Rapyd does not document. The codes are stable; the texts never
 * hold cell contents.
 */
import type { PatchedRow } from './patch.ts'
import tips from './warning-tips.json' with { type: 'json' }

/** A copy, as that of the errors. */
export const warningTips = { ...tips }

export type WarningCode = keyof typeof warningTips

/** Told once for each doubt of a row. `field` is a path of the patch, or `customer`. */
export type TellWarning = (code: WarningCode, field: string, message: string) => void

/** What is doubtful about rows, as far as it is asked. */
export interface Doubts {
  /** About an id that may not be of the usual form. */
  unusualId(customerId: string, tell: TellWarning): void
  /** About the fields that a row clears. */
  clears(row: PatchedRow, tell: TellWarning): void
}
