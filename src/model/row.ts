/**
 * A row is one record of the input, numbered from 1. It knows where it stands in the file, so that
 * a report can name its line and copy its bytes without parsing anything again.
 */
import type { JsonObject } from './json.ts'
import type { PatchedRow } from './patch.ts'
import type { Place } from './place.ts'
import type { Problem } from './problem.ts'

export type { Place } from './place.ts'

/** A record that can be read. */
interface GoodRow extends Place {
  /** What earlier rows of the same customer ask for, where they become one call with this one: `--duplicates merge`. */
  readonly earlier?: PatchedRow
}

/** A CSV row: as many cells as the header has columns, in the header's order. */
export interface CsvRow extends GoodRow {
  readonly kind: 'csv'
  readonly cells: readonly string[]
}

/** An NDJSON row: one object. */
export interface NdjsonRow extends GoodRow {
  readonly kind: 'ndjson'
  readonly record: JsonObject
}

export type Row = CsvRow | NdjsonRow

/** A record that cannot be read as a row. It is a row all the same: it has a number, a line and an outcome. */
export interface MalformedRow extends Place {
  readonly kind: 'malformed'
  /** Physical lines that it takes. Default 1. */
  readonly lines?: number
  readonly problem: Problem
}

/** The problem of a malformed row, with the lines that the row takes if they are several. */
export function problemOf({ line, lines = 1, problem }: MalformedRow): Problem {
  if (lines === 1) return problem
  return { ...problem, message: `${problem.message} (${lines} lines: ${line} to ${line + lines - 1})` }
}

/** What a message says of every row of its kind: without the lines that `problemOf` adds. */
export function messageOfKind(message: string): string {
  return message.replace(/ \(\d+ lines: \d+ to \d+\)$/, '')
}
