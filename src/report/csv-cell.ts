/**
 * One cell of a CSV file that we write. csv-stringify does the quoting; because it costs microseconds a cell, it is only
 * asked for texts that may need it, and once for each of them.
 */
import { stringify } from 'csv-stringify/sync'

/** Most texts that need quoting are fixed messages: few are kept, so that memory stays bounded. */
const keptTexts = 1_000

/** Starts with nothing that a spreadsheet takes for a formula, and holds nothing that ends a cell. */
const plain = /^[A-Za-z0-9_][^"\r\n]*$/

/**
 * Makes the writer of cells for one delimiter (one character). Quotes where CSV needs it, and puts an apostrophe before
 * text that a spreadsheet would run as a formula.
 */
export function createCellWriter(delimiter: string): (text: string) => string {
  const options = { delimiter, escape_formulas: true, eof: false }
  const written = new Map<string, string>()

  return (text) => {
    if (text === '' || (plain.test(text) && !text.includes(delimiter))) return text
    const known = written.get(text)
    if (known !== undefined) return known
    const cell = stringify([[text]], options)
    if (written.size >= keptTexts) written.clear()
    written.set(text, cell)
    return cell
  }
}
