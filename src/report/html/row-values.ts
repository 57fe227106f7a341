/** What the cells of a row hold, for a page that was asked to show it. Personal data: nothing else of the page has any. */
import { printable } from '../../model/text.ts'

export interface RowValues {
  /** Of the columns; none where a row is shown as it stands. */
  readonly names: readonly string[]
  /** The cells of a record, or its whole text where it has none that could be told apart. */
  readonly of: (record: string) => readonly string[]
}

/** A longer text says no more on a page. */
const longest = 300

/** `cellsOf` cuts a record into its cells, or says that it cannot. `names` are those of the columns; none for NDJSON. */
export function createRowValues(
  names: readonly string[],
  cellsOf: (record: string) => readonly string[] | undefined,
): RowValues {
  return { names: names.map(shown), of: (record) => (cellsOf(record) ?? [record]).map(shown) }
}

function shown(text: string): string {
  const cut = text.trim()
  return printable(cut.length > longest ? `${cut.slice(0, longest)}…` : cut)
}
