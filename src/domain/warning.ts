/**
 * What is doubtful about a row and yet sent: rules that Rapyd does not document. The codes are stable; the texts never
 * hold cell contents.
 */
import type { PatchedRow } from './patch.ts'

export const warningTips = {
  W_DOUBTFUL_CLEAR:
    'Fill the cells, or run with --blank keep, if clearing is not meant. If it is, try it on a few customers with --limit first.',
  W_UNUSUAL_ID: 'Compare the ids with those that Rapyd shows; a customer that does not exist is refused.',
} as const satisfies Record<`W_${string}`, string>

export type WarningCode = keyof typeof warningTips

/** Told once for each doubt of a row. `field` is a path of the patch, or `customer`. */
export type TellWarning = (code: WarningCode, field: string, message: string) => void

/** What is doubtful about rows, as far as it is asked. */
export interface Doubts {
  /** About an id that is not of the usual form. */
  unusualId(tell: TellWarning): void
  /** About the fields that a row clears. */
  clears(row: PatchedRow, tell: TellWarning): void
}
