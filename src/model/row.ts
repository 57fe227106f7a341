/**
 * One record of the input on its way: the row as it is read, the patch that it asks for, and the request that applies it.
 * A row knows its place in the input, so a report can name its line and copy its bytes without parsing again.
 */
import type { Problem } from './errors.ts'
import type { JsonObject, JsonValue } from './json.ts'

/** Where a row is in the input. */
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

/** Where in the input a value is: a column of a CSV file, with its number from 1, or a key of an NDJSON row. */
export interface SourceColumn {
  readonly name: string
  readonly number?: number
}

/** A record that can be read. */
interface ReadableRow extends Place {
  /** The earlier rows of the same customer, merged into one patch: only with `--duplicates merge`. */
  readonly earlier?: PatchedRow
  /** Physical lines that it takes. Default 1. */
  readonly lines?: number
}

/** A CSV row: as many cells as the header has columns, in the header's order. */
export interface CsvRow extends ReadableRow {
  readonly kind: 'csv'
  readonly cells: readonly string[]
}

/** An NDJSON row: one object. */
export interface NdjsonRow extends ReadableRow {
  readonly kind: 'ndjson'
  readonly record: JsonObject
}

export type Row = CsvRow | NdjsonRow

/** A record that cannot be read. It is a row all the same: it has a number, a line and an outcome. */
export interface MalformedRow extends Place {
  readonly kind: 'malformed'
  /** Physical lines that it takes. Default 1. */
  readonly lines?: number
  readonly problem: Problem
}

/** Adds the lines of a row to the message of its problem if they are several. */
export function withLines(
  message: string,
  { line, lines = 1 }: Pick<MalformedRow, 'line' | 'lines'>,
): string {
  return lines === 1 ? message : `${message} (${lines} lines: ${line} to ${line + lines - 1})`
}

/** The message without the lines that `withLines` adds, so that all rows of a kind have the same one. */
export function messageOfKind(message: string): string {
  return message.replace(/ \(\d+ lines: \d+ to \d+\)$/, '')
}

/**
 * Marks a row without columns in an errors file: its text is in the first cell, after this mark.
 * No customer id and no formula begins like this.
 */
export const rawRowMark = 'rapyd_bulk_raw: '

/** The fields that one row changes on one customer. `''` clears a field. `addresses` has holes for those that the row leaves out. */
export type Patch = Record<string, JsonValue>

/** What the mapping makes of a good row. */
export interface PatchedRow extends Place {
  readonly customerId: string
  readonly patch: Patch
  /** Paths that the row sets or clears, in the order of the columns: `name`, `addresses[0].city`. */
  readonly fields: readonly string[]
  /** Those of `fields` that a blank clears. */
  readonly cleared: readonly string[]
}

/** The top-level field of a path: `metadata` of `metadata.tier`. */
export function fieldOf(path: string): string {
  return path.split(/[.[]/, 1)[0] ?? path
}

/** The row with only the fields that `isKept` names. */
export function onlyFields(row: PatchedRow, isKept: (field: string) => boolean): PatchedRow {
  const { patch, fields, cleared } = row
  return {
    ...row,
    patch: Object.fromEntries(Object.entries(patch).filter(([field]) => isKept(field))),
    fields: fields.filter((path) => isKept(fieldOf(path))),
    cleared: cleared.filter((path) => isKept(fieldOf(path))),
  }
}

/** The calls that change a customer. A row may need both: then the discount is removed first. */
export type OperationName = 'update_customer' | 'delete_discount'

/** What a row asks for, or one operation of it: everything that stays the same on every attempt. */
export interface UpdateRequest extends Place {
  readonly operation: OperationName
  readonly customerId: string
  /** `/v1/customers/<id>` */
  readonly path: string
  /** The minified JSON text of the patch. Update Customer signs and sends it on every attempt. */
  readonly body: string
  readonly idempotencyKey: string
  /** Paths that the patch sets or clears, joined with `;`, as `results` shows them. */
  readonly fields: string
  /** Those of `fields` that the patch clears, joined with `;`. */
  readonly cleared: string
  /** False for patches that hold `coupon` or `addresses`: sending them twice may do more than once would. */
  readonly repeatable: boolean
  /** Top-level fields of the body. */
  readonly sends: readonly string[]
  /** The customer was read just before, and has no discount that could be removed. */
  readonly hasNoDiscount?: true
  /** If the body also holds what was read of the customer. */
  readonly reading?: BodyReading
}

export interface BodyReading {
  /** The JSON text of what the row itself changes. */
  readonly patch: string
  /** When the customer was read (the clock's milliseconds). -Infinity: it has to be read before the body is sent. */
  readonly at: number
}

/** The names in a list that is joined with `;`. */
export function splitNames(joined: string): readonly string[] {
  return joined === '' ? [] : joined.split(';')
}
