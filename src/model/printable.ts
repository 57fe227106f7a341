/**
 * Texts that others wrote (names of files, headers and keys, values of options) in our messages. What a terminal would obey
 * is shown instead: a header must not be able to clear the screen, or to write over the line that says what is wrong.
 */

/** Control characters (ESC and the one-byte CSI are two of them), line separators, and marks that turn the direction of text. */
const obeyed = /[\p{Cc}\u2028\u2029\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]|\p{Cs}/gu

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** On one line: ESC becomes `\x1b`, a line feed `\n`, a mark that turns the direction of text `\u202e`. */
export function printable(text: string): string {
  return text.replace(obeyed, shown)
}

/** The same for a text of several lines, whose line feeds stay. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n')
}

function shown(character: string): string {
  const code = character.charCodeAt(0)
  const hex = code.toString(16)
  return short[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`)
}
