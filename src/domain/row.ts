/**
 * A row is one record of the input, numbered from 1. It knows where it stands in the file, so that
 * a report can name its line and copy its bytes without parsing anything again.
 */
import type { JsonObject } from './json.ts'
import type { Problem } from './problem.ts'

export interface Place {
  /** Number of the record, from 1; the header is not a row. */
  readonly row: number
  /** Physical line on which the record starts, from 1. */
  readonly line: number
  /** First byte of the record in the (decoded, uncompressed) input. */
  readonly offset: number
  /** Bytes of the record without its line end. */
  readonly length: number
}

/** A CSV row: as many cells as the header has columns, in the header's order. */
export interface CsvRow extends Place {
  readonly kind: 'csv'
  readonly cells: readonly string[]
}

/** An NDJSON row: one object. */
export interface NdjsonRow extends Place {
  readonly kind: 'ndjson'
  readonly record: JsonObject
}

export type Row = CsvRow | NdjsonRow

/** A record that cannot be read as a row. It is a row all the same: it has a number, a line and an outcome. */
export interface MalformedRow extends Place {
  readonly kind: 'malformed'
  readonly problem: Problem
}
