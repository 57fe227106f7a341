/**
 * The cutter that read CSV before csv-parse did: an independent reading of RFC 4180 that tests hold the reader to, row by row, with
 * places, bytes and cells.
 */
import type { CsvRow, MalformedRow, Place } from '../../src/model/row.ts'
import type { Dialect } from '../../src/input/csv.ts'

type Extent =
  | {
      readonly kind: 'whole'
      readonly end: number
      readonly lineBreaks: number
      readonly cells: readonly string[]
    }
  /** The quotes contradict each other; the record is given up at the end of that physical line. */
  | { readonly kind: 'broken'; readonly end: number; readonly lineBreaks: number }
  /** The text ends in quotes; `lineBreaks` come before the cell that is open. */
  | { readonly kind: 'open'; readonly lineBreaks: number }

export interface OracleRows {
  readonly rows: readonly (CsvRow | MalformedRow)[]
  /** The line of the quote that is never closed. */
  readonly openLine?: number
}

/** All records of a text whose first one is row 1 on line 1. */
export function oracleRows(text: string, dialect: Dialect): OracleRows {
  const { newline } = dialect
  const otherBreak = newline === '\n' ? '\r' : '\n'
  const rows: (CsvRow | MalformedRow)[] = []
  let [row, line, offset, at] = [1, 1, 0, 0]
  while (at < text.length) {
    // A byte order mark, as where files are joined, is not part of the record.
    const isMarked = text[at] === '\ufeff'
    while (text[at] === '\ufeff') {
      at++
      offset += 3
    }
    const extent = cutRecord(text, at, dialect)
    if (extent.kind === 'open') return { rows, openLine: line + extent.lineBreaks }
    const { end, lineBreaks } = extent
    const record = text.slice(at, end)
    const next = Math.min(lineEnd(text, end, newline) + 1, text.length)
    const length = Buffer.byteLength(record)
    if (record !== '' || isMarked) {
      const place = { row: row++, line, offset, length, lines: lineBreaks + 1 }
      if (extent.kind === 'broken')
        rows.push(
          malformed(
            place,
            'E_QUOTE',
            record.includes('\\"')
              ? 'a backslash before a quote, and no --escape'
              : 'a quote inside an unquoted cell, or text behind a closing quote',
          ),
        )
      else if (record.replaceAll(/"[^"]*"/g, '').includes(otherBreak))
        rows.push(malformed(place, 'E_QUOTE', 'a line break of another kind inside an unquoted cell'))
      else rows.push({ kind: 'csv', ...place, cells: extent.cells })
    }
    offset += length + (next - end)
    line += lineBreaks + 1
    at = next
  }
  return { rows }

  /** Follows the quotes of the record that starts at `start`, as RFC 4180 has them. */
  function cutRecord(whole: string, start: number, { delimiter: mark }: Dialect): Extent {
    const cells: string[] = []
    let from = start
    let lineBreaks = 0
    for (;;) {
      const end = lineEnd(whole, from, newline)
      if (whole[from] === '"') {
        const close = closingQuote(whole, from + 1)
        if (close < 0) return { kind: 'open', lineBreaks }
        const inside = whole.slice(from + 1, close)
        cells.push(inside.replaceAll('""', '"'))
        lineBreaks += inside.split(newline).length - 1
        from = close + 1
        if (from >= whole.length) return { kind: 'whole', end: from, lineBreaks, cells }
        if (!whole.startsWith(mark, from)) {
          const behind = lineEnd(whole, from, newline)
          return trimReturn(whole, from, behind, newline) === from
            ? { kind: 'whole', end: from, lineBreaks, cells }
            : brokenAt(whole, from, newline, lineBreaks)
        }
        from += mark.length
        continue
      }
      const nextDelimiter = whole.indexOf(mark, from)
      const isLast = nextDelimiter < 0 || nextDelimiter > end
      const cellEnd = isLast ? end : nextDelimiter
      if (whole.slice(from, cellEnd).includes('"')) return brokenAt(whole, from, newline, lineBreaks)
      if (isLast) {
        const trimmed = trimReturn(whole, from, end, newline)
        cells.push(whole.slice(from, trimmed))
        return { kind: 'whole', end: trimmed, lineBreaks, cells }
      }
      cells.push(whole.slice(from, nextDelimiter))
      from = nextDelimiter + mark.length
    }
  }
}

function lineEnd(text: string, from: number, newline: string): number {
  const end = text.indexOf(newline, from)
  return end < 0 ? text.length : end
}

/** Leaves out the `\r` of a `\r\n`. */
function trimReturn(text: string, start: number, end: number, newline: string): number {
  return newline === '\n' && end > start && text[end - 1] === '\r' ? end - 1 : end
}

function brokenAt(text: string, at: number, newline: string, lineBreaks: number): Extent {
  return { kind: 'broken', end: trimReturn(text, at, lineEnd(text, at, newline), newline), lineBreaks }
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from)
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2)
  return at
}

function malformed(
  place: Place & { readonly lines: number },
  code: 'E_QUOTE',
  message: string,
): MalformedRow {
  return { kind: 'malformed', ...place, problem: { code, field: '', message } }
}
