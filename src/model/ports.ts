/**
 * The words of the program and every port between its parts.
 *
 * row      one record of the input           patch    the fields it changes on one customer
 * call     one row's update                  attempt  one HTTP request of a call
 * lane     the rows of one customer, one after another
 * window   "at most so many requests in so long"
 * turn     a request's permission from the limiter to go on the wire
 * intent   the durable note, before its first request, that a row may be sent from now on
 * in doubt a row with an intent and without an outcome
 * settle   to find a row's outcome and write it down
 */
import type { Outcome } from './outcome.ts'
import type { PatchedRow } from './patch.ts'
import type { Problem } from './problem.ts'
import type { UpdateRequest } from './request.ts'
import type { MalformedRow, Row } from './row.ts'
import type { TellWarning } from './warning.ts'

/** Rows in input order, in small batches. A malformed row is a row, not an error. */
export type Source = AsyncIterable<readonly (Row | MalformedRow)[]>

/** Gets all problems of an invalid row, whose outcome names the first only. */
export type OnRefused = (problems: readonly Problem[]) => void

/** Reads one row: its patch, or the outcome of a row that has no call. Pure. */
export type ReadRow = (row: Row | MalformedRow, onRefused?: OnRefused) => PatchedRow | Outcome

/** Where in the input a value stands: a column of a CSV file, with its number from 1, or a key of an NDJSON row. */
export interface SourceColumn {
  readonly name: string
  readonly number?: number
}

/** Finds the column that a problem's `field` comes from; nothing for fields that no column holds, such as constants. */
export type Locate = (row: Row | MalformedRow, field: string) => SourceColumn | undefined

/** Looks at the rows of a scan beside it. For each row `begin`, then `refused` where it is invalid, `read`, and `warned` for each doubt. */
export interface Examiner {
  begin(row: Row | MalformedRow): void
  readonly refused: OnRefused
  read(read: PatchedRow | Outcome): void
  readonly warned: TellWarning
}

/** Decides, without I/O, what one row asks for. */
export type Prepare = (row: Row | MalformedRow) => UpdateRequest | Outcome

/**
 * Carries out one request. Resolves with every fate a row can have, or with nothing where the run was stopped before the
 * row was taken up; rejects only to stop the run.
 */
export type Deliver = (request: UpdateRequest, signal: AbortSignal) => Promise<Outcome | undefined>

/** Runs tasks of one key one after another, keys side by side, within a window. */
export interface Lanes {
  /** A task that rejects stops the run: `room` and `idle` reject with its error, once what ran beside it has ended. */
  add(key: string, task: () => Promise<void>): void
  /** True while no more tasks should be added. */
  readonly full: boolean
  /** Resolves when there is room for a task. */
  room(): Promise<void>
  /** Resolves when every task has ended. */
  idle(): Promise<void>
}

/** Intents and outcomes, durable in groups. Each resolves once what they were given is on disk. */
export interface Journal {
  /** Gives nothing where the row has an intent of this session. */
  intend(request: UpdateRequest): Promise<void> | undefined
  /** Takes an intent back: no request of that row can have been applied. */
  withdraw(request: UpdateRequest): Promise<void>
  settle(outcome: Outcome): Promise<void>
}

/** At most `limit` requests in `perMs` milliseconds. */
export interface Window {
  readonly limit: number
  readonly perMs: number
}

/** Servers round their clocks: a request exactly at the edge of a window could still fall inside. Milliseconds. */
export const windowEdgeMs = 5

/** What is left of an account's windows. Whoever sends for the account takes from the same quota. */
export interface Quota {
  /**
   * Takes the room of one request and gives 0, or gives the milliseconds after which it is worth asking again: infinity
   * where nothing but the end of a request can make room.
   */
  take(): number
  /** A request that took room has ended. It counts until a whole window later. */
  end(): void
  /** Nobody takes room for so many milliseconds from now. A longer pause is not shortened. */
  pause(ms: number): void
  /** Milliseconds until everybody's pause ends; 0 when there is none. */
  readonly pausedForMs: number
  close(): void
}

/** One request to the API, before it is signed. */
export interface ApiRequest {
  readonly method: 'get' | 'post'
  /** From `/v1` on, with the query, exactly as signed and sent. */
  readonly path: string
  /** Empty for a GET. */
  readonly body: string
  readonly idempotencyKey?: string
}

export interface SignedRequest extends Omit<ApiRequest, 'idempotencyKey'> {
  readonly headers: Readonly<Record<string, string>>
}

/** One answer: whatever came over the wire, read to its end. */
export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
  /** From the first byte sent to the last byte read, in milliseconds. */
  readonly tookMs: number
}

/**
 * Time. A port from day one, so that limiter and retries are tested on virtual time.
 * `now` is monotonic and `wall` is the system's clock, both in milliseconds.
 */
export interface Clock {
  now(): number
  wall(): number
  /** Resolves after `ms`, or at once when `signal` is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
