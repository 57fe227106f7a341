/** What became of a row: exactly one of seven, with what the results file says about it. */
import type { ErrorCode } from './error-codes.ts'
import type { PatchedRow } from './patch.ts'
import type { UpdateRequest } from './request.ts'
import type { Place } from './row.ts'

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
  /** Empty where the row has no readable id. */
  readonly customerId: string
  readonly fields: string
  readonly cleared: string
  /** HTTP requests that were made to update it; reads are not counted. */
  readonly attempts: number
  /** Status of the last answer; 0 where there was none. */
  readonly httpStatus: number
  readonly errorCode: ErrorCode | ''
  readonly errorField: string
  /** A fixed text, without cell contents and without Rapyd's own wording (which may repeat a value). */
  readonly message: string
  readonly operationId: string
  readonly idempotencyKey: string
  /** How long the last answer took, from the first byte sent to the last byte read; 0 where there was none. */
  readonly latencyMs: number
  /** Why attempts were repeated, joined with `;`: `timeout;http_500`. */
  readonly retries: string
  /** Milliseconds since 1970; 0 where nothing was sent. */
  readonly finishedAt: number
  /** The row that this one was merged into, 0 where it was not; nothing where its journal is of a version that did not note it. */
  readonly mergedInto?: number
}

/** Rows that the user has to look at: everything but `updated` and `unchanged`. */
export function needsAttention(kind: OutcomeKind): boolean {
  return kind !== 'updated' && kind !== 'unchanged'
}

/** A count of each kind, to begin with. */
export function noOutcomes(): Record<OutcomeKind, number> {
  return {
    updated: 0,
    unchanged: 0,
    invalid: 0,
    rejected: 0,
    failed: 0,
    unknown: 0,
    not_attempted: 0,
  }
}

/** An outcome that is known without a call. */
export function withoutCall(
  { row, line, offset, length }: Place,
  customerId: string,
  outcome: OutcomeKind,
  {
    errorCode = '',
    errorField = '',
    message = '',
    mergedInto,
  }: Partial<Pick<Outcome, 'errorCode' | 'errorField' | 'message' | 'mergedInto'>>,
): Outcome {
  return {
    row,
    line,
    offset,
    length,
    customerId,
    outcome,
    fields: '',
    cleared: '',
    attempts: 0,
    httpStatus: 0,
    errorCode,
    errorField,
    message,
    operationId: '',
    idempotencyKey: '',
    latencyMs: 0,
    retries: '',
    finishedAt: 0,
    ...(mergedInto === undefined ? {} : { mergedInto }),
  }
}

export function isOutcome(prepared: PatchedRow | UpdateRequest | Outcome): prepared is Outcome {
  return 'outcome' in prepared
}
