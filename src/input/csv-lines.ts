/**
 * Cuts CSV text into records. A record without a quote is split here, at its delimiters; one with quotes is only
 * measured, and csv-parse, which is the authority on quoting, reads its cells.
 */

export interface Dialect {
  readonly delimiter: string
  /** `\n` also ends lines that have `\r` before it; `\r` alone only where the file's first line ends so. */
  readonly newline: '\n' | '\r'
}

/** Where a record that holds quotes ends. */
export type Extent =
  /** `end` is the index behind the last character, before the line end. */
  | { readonly kind: 'whole'; readonly end: number; readonly lineBreaks: number }
  /** The quotes contradict each other; the record is given up at the end of that physical line. */
  | { readonly kind: 'broken'; readonly end: number; readonly lineBreaks: number }
  /** The text ends before the record does, in quotes or not; `lineBreaks` come before the cell that is open. */
  | { readonly kind: 'open'; readonly lineBreaks: number }

/** Measures the record that starts at `start`, following its quotes as RFC 4180 has them. */
export function measureRecord(text: string, start: number, dialect: Dialect, last: boolean): Extent {
  const { delimiter, newline } = dialect
  let at = start
  let lineBreaks = 0
  for (;;) {
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1)
      if (close < 0) return { kind: 'open', lineBreaks }
      // A quote at the very end of what has been read may be the first half of a doubled one.
      if (close + 2 >= text.length && !last) return { kind: 'open', lineBreaks }
      lineBreaks += count(text, newline, at, close)
      at = close + 1
      if (at >= text.length) return { kind: 'whole', end: at, lineBreaks }
      if (text.startsWith(delimiter, at)) {
        at += delimiter.length
        continue
      }
      const end = lineEnd(text, at, newline)
      if (end === at || (newline === '\n' && end === at + 1 && text[at] === '\r')) {
        return { kind: 'whole', end: at, lineBreaks }
      }
      return brokenAt(text, at, newline, last, lineBreaks)
    }
    const end = lineEnd(text, at, newline)
    const nextDelimiter = text.indexOf(delimiter, at)
    const cellEnd = nextDelimiter < 0 || nextDelimiter > end ? end : nextDelimiter
    const quote = text.indexOf('"', at)
    if (quote >= 0 && quote < cellEnd) return brokenAt(text, at, newline, last, lineBreaks)
    if (cellEnd === end) {
      if (end === text.length && !last) return { kind: 'open', lineBreaks }
      return { kind: 'whole', end: trimReturn(text, at, end, newline), lineBreaks }
    }
    at = nextDelimiter + delimiter.length
  }
}

/** Index of the next line end at or after `from`, or the text's length. */
export function lineEnd(text: string, from: number, newline: string): number {
  const end = text.indexOf(newline, from)
  return end < 0 ? text.length : end
}

/** Leaves out the `\r` of a `\r\n`. */
export function trimReturn(text: string, start: number, end: number, newline: string): number {
  return newline === '\n' && end > start && text[end - 1] === '\r' ? end - 1 : end
}

function brokenAt(text: string, at: number, newline: string, last: boolean, lineBreaks: number): Extent {
  const end = lineEnd(text, at, newline)
  if (end === text.length && !last) return { kind: 'open', lineBreaks }
  return { kind: 'broken', end: trimReturn(text, at, end, newline), lineBreaks }
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}

function count(text: string, character: string, from: number, to: number): number {
  let found = 0
  for (let at = text.indexOf(character, from); at >= 0 && at < to; at = text.indexOf(character, at + 1))
    found++
  return found
}
