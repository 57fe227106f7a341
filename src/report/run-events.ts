/**
 * What a run tells about itself: an allow-list. Rows are named by number, line, masked customer and codes; no event holds
 * a cell, a body, a header, a key or a text of Rapyd's.
 */
import type { ErrorCode } from '../model/errors.ts'
import type { Outcome, OutcomeKind } from '../model/outcome.ts'
import { customerFields } from '../rapyd/customer-fields.ts'
import type { PaceWindow } from './pace.ts'

export type OutcomeCounts = Readonly<Record<OutcomeKind, number>>

export type RunEvent =
  | RunStarted
  | { readonly kind: 'checking' }
  | RunSending
  | { readonly kind: 'reporting' }
  /** Rapyd throttled us: nobody sends for `pauseMs`. */
  | { readonly kind: 'throttled'; readonly pauseMs: number }
  /** Nearly nothing gets through: rows wait until a read is answered. Or it was. */
  | { readonly kind: 'outage'; readonly isDown: boolean }
  | RowNeedsAttention
  /** Now and then while rows are sent. */
  | {
      readonly kind: 'progress'
      readonly rows: number
      readonly done: number
      readonly calls: number
      readonly outcomes: OutcomeCounts
      readonly errors: Readonly<Record<string, number>>
    }
  /** The run did not reach its end; `code` says why. */
  | { readonly kind: 'stopped'; readonly code: string }
  | { readonly kind: 'finished'; readonly outcomes: OutcomeCounts; readonly exitCode: number }
  /** `run.log` cannot be written (`code` is the system's) and is given up; the run goes on. */
  | { readonly kind: 'log_off'; readonly code: string }

/** The input is checked and the run directory is held. */
export interface RunStarted {
  readonly kind: 'started'
  readonly run: string
  readonly version: string
  readonly env: string
  readonly host: string
  /** A fingerprint of the access key. */
  readonly account: string
  readonly rows: number
  /** Rows of the input that ask for a call. */
  readonly calls: number
  /** Rows that an earlier session settled. */
  readonly settled: number
  readonly options: Readonly<Record<string, string | number | boolean>>
}

/** The first call is about to be made. */
export interface RunSending {
  readonly kind: 'sending'
  /** Rows that still ask for a call. */
  readonly calls: number
  /** Kept for it, the reserve taken off. */
  readonly windows: readonly PaceWindow[]
  /** Milliseconds that the windows make the calls take at least; `undefined` where they do not bind. */
  readonly etaMs: number | undefined
}

/** A row that ended neither `updated` nor `unchanged`. */
export interface RowNeedsAttention {
  readonly kind: 'row'
  readonly row: number
  readonly line: number
  readonly customer: string
  readonly outcome: OutcomeKind
  readonly code: ErrorCode | ''
  /** A field of Update Customer, or empty: other names come from the file or from the answer. */
  readonly field: string
  readonly httpStatus: number
  readonly attempts: number
}

export function rowEvent(outcome: Outcome): RowNeedsAttention {
  const { row, line, customerId, errorCode, errorField, httpStatus, attempts } = outcome
  return {
    kind: 'row',
    row,
    line,
    customer: maskedCustomer(customerId),
    outcome: outcome.outcome,
    code: errorCode,
    field: knownField(errorField),
    httpStatus,
    attempts,
  }
}

/** `cus_…1201`: enough to find it again beside a row number, not enough to look it up. Empty for no id. */
export function maskedCustomer(customerId: string): string {
  if (customerId === '') return ''
  const rest = customerId.replace(/^cus_/, '')
  return `cus_…${rest.length > 8 ? rest.slice(-4) : ''}`
}

/** `metadata.vip` and `addresses[0].city` are logged as `metadata` and `addresses`. */
function knownField(path: string): string {
  const [name = ''] = path.split(/[.[]/)
  return customerFields.some((field) => field.name === name) ? name : ''
}
