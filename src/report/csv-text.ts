/** Records of the CSV files that we write: quoted where CSV needs it, with an apostrophe before what a spreadsheet would run as a formula. */
import { stringify } from 'csv-stringify/sync'

type Cell = string | number | null

/** A record is one line, which ends with `\n`; `null` is an empty cell. */
export function csvText(records: readonly (readonly Cell[])[]): string {
  return stringify([...records], { escape_formulas: true })
}

/** Cells of one record, without a line end. */
export function csvCells(cells: readonly Cell[], delimiter: string): string {
  return stringify([[...cells]], { delimiter, eof: false, escape_formulas: true })
}
