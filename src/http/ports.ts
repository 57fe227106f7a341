/** The ports between the parts of `http`: from a permit to an answer, and what a reading shows. */
import type { ErrorCode } from '../model/errors.ts'
import type { JsonObject } from '../model/json.ts'
import type { ApiRequest, ApiResponse, SignedRequest } from '../model/ports.ts'
import type { UpdateRequest } from '../model/row.ts'
import type { Window } from '../model/store.ts'
import type { Credentials } from '../rapyd/signature.ts'
import type { TransportError } from './errors.ts'

export interface Transport {
  /** Rejects with `TransportError` and nothing else. */
  exchange(request: SignedRequest): Promise<ApiResponse>
  /** Waits for the requests in flight. Does nothing the second time. */
  close(): Promise<void>
}

/** A larger offset is not corrected: the header, or this machine, is wrong. */
export const largestOffsetMs = 300_000

export interface Signer {
  /** Signs with a new salt and the current time, so it is called at the moment of sending, once for each attempt. */
  sign(request: ApiRequest): SignedRequest
  /** Takes the server's clock from the `Date` header. Returns its offset in milliseconds; undefined without a header. */
  correctClock(response: ApiResponse): number | undefined
}

/** The host that is called, and for which account. */
export interface Remote {
  readonly origin: URL
  /** Its name in run ids, keys and reports: `simulator` for the embedded one, whose port changes. */
  readonly host: string
  /** A fingerprint of the access key. */
  readonly account: string
  /** Undefined if calls are direct. */
  readonly proxy?: URL | undefined
  readonly credentials: Credentials
  /** What the limiter keeps, the reserve taken off. */
  readonly windows: readonly Window[]
  close(): Promise<void>
}

/** What came of a request: an answer, or why there is no whole one. */
export type Exchange = ApiResponse | TransportError

/**
 * Each resolves with an exchange. Each rejects only to stop the run: with `E_TLS` or `E_PROXY_AUTH`, or with the signal's reason if it aborted
 * before anything was sent.
 */
export interface Calls {
  /** Call before the first request of a row. Without windows it makes the intent durable. */
  enter(request: UpdateRequest, signal: AbortSignal): Promise<void>
  update(request: UpdateRequest, signal: AbortSignal, { onAnswer, isUsable }?: UpdateHooks): Promise<Exchange>
  /** Reads `path`. `isBeforeUpdate`: the permit of the update of the same path is taken together with it, if that is possible. */
  read(path: string, signal: AbortSignal, isBeforeUpdate?: boolean): Promise<Exchange>
  /** Gives the permit back that was taken for an update of `path`, unless it was used. */
  giveBack(path: string): void
  /** Reads the shortest list, as a probe: it waits for no other request, only for the end of a pause. */
  list(signal: AbortSignal): Promise<Exchange>
}

export interface UpdateHooks {
  /** Called before the permit is released: nothing may be sent before it is known what the answer means. */
  readonly onAnswer?: (response: ApiResponse) => void
  /** Asked when the request could be sent. If it may not any more, the exchange fails as `not_sent`, and there is no intent. */
  readonly isUsable?: (() => boolean) | undefined
}

/**
 * What a reading shows about a patch. `unanswered`: no read was answered, so a later one may be. `overtaken`: a later row of the customer
 * was applied.
 */
export type ReadBackResult = 'applied' | 'different' | 'overtaken' | 'cannot_tell' | 'unanswered'

/** Customers with a row that was settled early: an attempt of it may still arrive until then. Times are the clock's. */
export interface HeldCustomers {
  /** Returns 0 for a customer that is not held. */
  until(customerId: string): number
  hold(customerId: string, until: number): void
}

export type CustomerReading =
  /** `changedKeys`: keys of metadata with a number that would be written back changed, if there are any. */
  | { readonly kind: 'found'; readonly customer: JsonObject; readonly changedKeys?: readonly string[] }
  /** Rapyd does not know the customer, or not in this account and environment. */
  | { readonly kind: 'missing'; readonly code: ErrorCode; readonly status: number }
  /** A refusal. If `isUnanswered`, network or server failed on each attempt, so a later read may be answered. */
  | {
      readonly kind: 'unreadable'
      readonly code: ErrorCode
      readonly status: number
      readonly isUnanswered?: true
    }

/** Rejects with a `BulkUpdateError` to stop the run, or with the signal's reason. `attempts`: default 6. */
export type ReadCustomer = (
  customerId: string,
  signal: AbortSignal,
  attempts?: number,
) => Promise<CustomerReading>

/** A body with an older reading is not sent. */
export const longestReadingMs = 10_000

/** Reads the customer, and finds out whether the patch was applied. Rejects as `ReadCustomer` does. `attempts`: default 5. */
export type ReadBack = (
  request: UpdateRequest,
  signal: AbortSignal,
  attempts?: number,
) => Promise<ReadBackResult>
