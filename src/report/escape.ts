/** Texts of others in the formats that we write: CSV, HTML, XML, and JSON inside a script element. */
import { stringify } from 'csv-stringify/sync'
import { printable, unicodeEscape } from '../model/text.ts'

type Cell = string | number | null

/**
 * One line for each record, which ends with `\n`; `null` is an empty cell. Texts that a spreadsheet would run as a formula get
 * an apostrophe in front.
 */
export function csvText(records: readonly (readonly Cell[])[]): string {
  return stringify([...records], { escape_formulas: true })
}

/** A cell in quotes. `escape` is the character before a quote inside: another quote, or a backslash. */
export function quotedCell(text: string, escape: string): string {
  return `"${text.replaceAll(escape, escape + escape).replaceAll('"', escape === '"' ? '"' : `${escape}"`)}"`
}

/** The cells of one record as `csvText` writes them, without a line end. */
export function csvCells(cells: readonly Cell[], delimiter: string, escape: string): string {
  return stringify([[...cells]], { delimiter, escape, eof: false, escape_formulas: true })
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** For element content and quoted attributes. Marks that change the direction of text become visible. */
export function html(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** `html` without the two characters that XML 1.0 cannot hold and `printable` keeps. */
export function xml(text: string): string {
  return html(text).replace(/[\ufffe\uffff]/g, '\ufffd')
}

/**
 * Makes JSON safe inside a script element: it holds no `</script>` and no `<!--`. These characters occur only inside JSON's
 * strings, where the escape means the same.
 */
export function jsonInScript(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, unicodeEscape)
}
