/**
 * The ports between the parts of the program. Their terms:
 *
 * row       one record of the input          patch    the fields it changes on one customer
 * call      one row's update                 attempt  one HTTP request of a call
 * permit    permission of the limiter to send one request
 * window    "at most n requests in t"
 * intent    a durable note, made before the first request, that a row may be sent from now on
 * in doubt  a row with an intent and without an outcome
 * settle    to find a row's outcome and store it
 */
import type { OnWarning } from './errors.ts'
import type { MalformedRow, PatchedRow, Row, SourceColumn, UpdateRequest, Outcome } from './row.ts'

/** Rows in input order, in small batches. A malformed row is a row, not an error. */
export type Source = AsyncIterable<readonly (Row | MalformedRow)[]>

/** Receives each text that a `replace` of the mapping gets, as `found` among its keys and values, `alike` or `other`. */
export type OnReplace = (field: string, comparison: 'found' | 'alike' | 'other') => void

/** Reads one row: its patch, or the outcome of a row that has no call. Pure. */
export type ReadRow = (row: Row | MalformedRow, onReplace?: OnReplace) => PatchedRow | Outcome

/** Finds the column of a problem's `field`. Returns undefined for fields that no column has, such as constants. */
export type Locate = (row: Row | MalformedRow, field: string) => SourceColumn | undefined

/** Examines each row of a scan with what it is read as, then each warning of the row. */
export interface Examiner {
  row(row: Row | MalformedRow, read: PatchedRow | Outcome): void
  readonly warned?: OnWarning
}

/** Decides, without I/O, what one row asks for. */
export type Prepare = (row: Row | MalformedRow) => UpdateRequest | Outcome

/**
 * Carries out one request. Resolves with the row's outcome, or with undefined if the run was stopped before the row was
 * taken up. Rejects only to stop the run.
 */
export type Send = (request: UpdateRequest, signal: AbortSignal) => Promise<Outcome | undefined>

/** One request to the API, before it is signed. */
export interface ApiRequest {
  readonly method: 'get' | 'post' | 'delete'
  /** From `/v1` on, with the query, exactly as signed and sent. */
  readonly path: string
  /** Empty for a GET and a DELETE. */
  readonly body: string
  readonly idempotencyKey?: string
}

export interface SignedRequest extends Omit<ApiRequest, 'idempotencyKey'> {
  readonly headers: Readonly<Record<string, string>>
}

/** One answer, read to its end. */
export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** From the first byte sent to the last byte read, in milliseconds. */
  readonly tookMs: number
}

/** Time, as a port so that tests run on virtual time. `now` is monotonic, `wall` is the system's clock, both in milliseconds. */
export interface Clock {
  now(): number
  wall(): number
  /** Resolves after `ms`, or at once when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
