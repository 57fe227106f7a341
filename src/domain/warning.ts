/**
 * What is doubtful about a row and yet sent: rules that Rapyd does not document. The codes are stable; the texts never
 * hold cell contents.
 */
import type { PatchedRow } from './patch.ts'

export const warningTips = {
  W_DOUBTFUL_CLEAR:
    'Fill the cells, or run with --blank keep, if clearing is not meant. If it is, try it on a few customers with --limit first.',
  W_UNUSUAL_ID: 'Compare the ids with those that Rapyd shows; a customer that does not exist is refused.',
  // What `validate` alone looks for
  W_DATE_ORDER:
    'Some dates of this column can only be read with the month first. Name their form in a mapping file: transform: { date: MM/DD/YYYY }.',
  W_ENCODING:
    'Export the file again as UTF-8, from the system that has the text whole; what was lost cannot be brought back here.',
  W_HEADER_LOOKALIKE: 'Type the name of the column anew, in plain letters.',
  W_LOST_ZERO: 'Export again with the column formatted as text, or put the zero back.',
  W_PLACEHOLDER: 'Leave the cell empty if it means nothing; as it stands, the text itself is sent.',
  W_SHARED_EMAIL: 'Check whether the customers are one, or whether a column was filled down.',
  W_SHIFTED: 'Look at the row: cells seem to have been lost or put in. Put each into its own column.',
  W_SHORTENED_NUMBER:
    'Export again with the column formatted as text: the digits that the spreadsheet left out are lost.',
  W_SPREADSHEET_DATE: 'Export again with the column formatted as text, if it was not a date.',
  W_UNLIKELY_DATE: 'Check the year.',
} as const satisfies Record<`W_${string}`, string>

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
