/**
 * One record of the input on its way: the row as it is read, its patch, the request that applies it, and its outcome.
 * A row knows its place in the input, so a report can name its line and copy its bytes without parsing again.
 */
import type { ErrorCode, Problem } from './errors.ts'
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

export interface NdjsonRow extends ReadableRow {
  readonly kind: 'ndjson'
  readonly record: JsonObject
}

export type Row = CsvRow | NdjsonRow

/** A record that cannot be read. It is still a row: it has a number, a line and an outcome. */
export interface MalformedRow extends Place {
  readonly kind: 'malformed'
  /** Physical lines that it takes. Default 1. */
  readonly lines?: number
  readonly problem: Problem
}

/** The text of a CSV cell, or the value of an NDJSON key. */
export function valueIn(row: Row | MalformedRow, column: SourceColumn | undefined): JsonValue | undefined {
  if (column === undefined || row.kind === 'malformed') return undefined
  if (row.kind === 'csv') return column.number === undefined ? undefined : row.cells[column.number - 1]
  return Object.hasOwn(row.record, column.name) ? row.record[column.name] : undefined
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

export const outcomeKinds = [
  'updated',
  'unchanged',
  'invalid',
  'rejected',
  'failed',
  'unknown',
  'not_attempted',
] as const

export type OutcomeKind = (typeof outcomeKinds)[number]

export interface Outcome extends Place {
  readonly outcome: OutcomeKind
  /** The last call of the row; `update_customer` if it made none. */
  readonly operation: OperationName
  /** Empty if the row has no readable id. */
  readonly customerId: string
  readonly fields: string
  readonly cleared: string
  /** Fields that Rapyd did not take although it answered with success, joined with `;`. Empty if it took all, or refused the row. */
  readonly notTaken: string
  /** HTTP requests that tried to update it; reads are not counted. */
  readonly attempts: number
  /** Status of the last answer; 0 if there was none. */
  readonly httpStatus: number
  readonly errorCode: ErrorCode | ''
  readonly errorField: string
  /** A fixed text, without cell contents and without Rapyd's own wording (which may repeat a value). */
  readonly message: string
  /** Rapyd's own words about a refusal, shortened. They may repeat a value, so no log, summary or results file has them. */
  readonly apiMessage: string
  readonly operationId: string
  readonly idempotencyKey: string
  /** How long the last answer took, from the first byte sent to the last byte read, in milliseconds; 0 if there was none. */
  readonly latencyMs: number
  /** Why attempts were repeated, joined with `;`: `timeout;http_500`. */
  readonly retries: string
  /** Milliseconds since 1970; 0 if nothing was sent. */
  readonly finishedAt: number
  /** The row that this one was merged into; absent or 0 if it was not merged. */
  readonly mergedInto?: number
  /** All problems of an invalid row that was just read. The outcome names only the first. */
  readonly problems?: readonly Problem[]
}

/** True for a row whose discount is removed, and whose other fields are not sent yet: it is open. */
export function isPartial({ operation, outcome }: Outcome): boolean {
  return operation === 'delete_discount' && outcome === 'not_attempted'
}

/** The outcome of a row of which `done` was all that had been done: the worst of its operations. */
export function withEarlier(done: Outcome | undefined, last: Outcome): Outcome {
  if (done === undefined) return last
  const { fields, cleared, notTaken } = done
  const whole = { ...last, fields, cleared, attempts: done.attempts + last.attempts }
  if (last.outcome === 'unchanged') return { ...whole, outcome: 'updated', message: '' }
  return last.outcome === 'updated' ? whole : { ...whole, notTaken: last.notTaken || notTaken }
}

/** True for rows that the user has to look at. */
export function needsAttention(kind: OutcomeKind): boolean {
  return kind !== 'updated' && kind !== 'unchanged'
}

/** Those of a row's paths (default: all that it sends) that Rapyd has applied: all of them, or those that it took. */
export function takenFields(
  { outcome, fields, notTaken }: Outcome,
  paths: string = fields,
): readonly string[] {
  if (outcome !== 'updated' && notTaken === '') return []
  const refused = new Set(splitNames(notTaken))
  return splitNames(paths).filter((path) => !refused.has(path))
}

export function noOutcomes(): Record<OutcomeKind, number> {
  return { updated: 0, unchanged: 0, invalid: 0, rejected: 0, failed: 0, unknown: 0, not_attempted: 0 }
}

const withoutAnswer = {
  operation: 'update_customer',
  fields: '',
  cleared: '',
  notTaken: '',
  attempts: 0,
  httpStatus: 0,
  errorCode: '',
  errorField: '',
  message: '',
  apiMessage: '',
  operationId: '',
  idempotencyKey: '',
  latencyMs: 0,
  retries: '',
  finishedAt: 0,
} as const

/** An outcome that is known without a call. */
export function withoutCall(
  { row, line, offset, length }: Place,
  customerId: string,
  outcome: OutcomeKind,
  reason: Partial<Pick<Outcome, 'errorCode' | 'errorField' | 'message' | 'mergedInto' | 'problems'>>,
): Outcome {
  return { ...withoutAnswer, row, line, offset, length, customerId, outcome, ...reason }
}

export function isOutcome(prepared: PatchedRow | UpdateRequest | Outcome): prepared is Outcome {
  return 'outcome' in prepared
}

/** Keyed digests of values that Rapyd confirmed, by top-level field of the patch. */
export type Digests = Readonly<Record<string, string>>

/** What the outcome of a row says about the customer's fields. */
export interface FieldEffects {
  readonly confirmed?: Digests
  /** Fields of which nothing is known any more. */
  readonly unknown?: readonly string[]
  /** Until then, an attempt of a row that was settled early may still arrive (milliseconds since 1970). Default: none may. */
  readonly until?: number
}

/** True if the path is `name`, or inside it. */
export function isWithin(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}.`) || path.startsWith(`${name}[`)
}

/** True if the paths are equal, or one contains the other: `metadata` and `metadata.tier`. */
export function overlaps(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one)
}
