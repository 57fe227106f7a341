/**
 * Cuts CSV records that hold quotes. What csv-parse makes of a text is the authority on quoting: tests hold this to it, cell by
 * cell, because at five times its speed this is what a file of a million rows is read with.
 */

export interface Dialect {
  readonly delimiter: string
  /** `\n` also ends lines that have `\r` before it; `\r` alone only where the file's first line ends so. */
  readonly newline: '\n' | '\r'
}

/** A record that holds quotes. */
export type Extent =
  /** `end` is the index behind the last character, before the line end. */
  | {
      readonly kind: 'whole'
      readonly end: number
      readonly lineBreaks: number
      readonly cells: readonly string[]
    }
  /** The quotes contradict each other; the record is given up at the end of that physical line. */
  | { readonly kind: 'broken'; readonly end: number; readonly lineBreaks: number }
  /** The text ends before the record does, in quotes or not; `lineBreaks` come before the cell that is open. */
  | { readonly kind: 'open'; readonly lineBreaks: number }

/** Cuts the record that starts at `start`, following its quotes as RFC 4180 has them. */
export function cutRecord(text: string, start: number, dialect: Dialect, last: boolean): Extent {
  const { delimiter, newline } = dialect
  const cells: string[] = []
  let at = start
  let lineBreaks = 0
  // The next ones at or behind `at`: what lies ahead is looked for once, not for every cell.
  let end = lineEnd(text, at, newline)
  let quote = text.indexOf('"', at)
  for (;;) {
    if (quote === at) {
      const close = closingQuote(text, at + 1)
      if (close < 0) return { kind: 'open', lineBreaks }
      // A quote at the very end of what has been read may be the first half of a doubled one.
      if (close + 2 >= text.length && !last) return { kind: 'open', lineBreaks }
      const inside = text.slice(at + 1, close)
      cells.push(inside.includes('"') ? inside.replaceAll('""', '"') : inside)
      if (end < close) {
        lineBreaks += count(text, newline, at, close)
        end = lineEnd(text, close, newline)
      }
      at = close + 1
      if (at >= text.length) return { kind: 'whole', end: at, lineBreaks, cells }
      if (!text.startsWith(delimiter, at)) {
        return end === at || (newline === '\n' && end === at + 1 && text[at] === '\r')
          ? { kind: 'whole', end: at, lineBreaks, cells }
          : brokenAt(text, at, newline, last, lineBreaks)
      }
      at += delimiter.length
      quote = text.indexOf('"', at)
      continue
    }
    const nextDelimiter = text.indexOf(delimiter, at)
    const isLast = nextDelimiter < 0 || nextDelimiter > end
    if (quote >= 0 && quote < (isLast ? end : nextDelimiter))
      return brokenAt(text, at, newline, last, lineBreaks)
    if (isLast) {
      if (end === text.length && !last) return { kind: 'open', lineBreaks }
      const cellEnd = trimReturn(text, at, end, newline)
      cells.push(text.slice(at, cellEnd))
      return { kind: 'whole', end: cellEnd, lineBreaks, cells }
    }
    cells.push(text.slice(at, nextDelimiter))
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
