/** The outcome of a row: exactly one of seven, with what the results file says about it; and the field state that it confirms. */
import type { ErrorCode } from './errors.ts'
import { splitNames } from './row.ts'
import type { OperationName, PatchedRow, Place, UpdateRequest } from './row.ts'

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

/** A count of 0 for each kind. */
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
    operation: 'update_customer',
    fields: '',
    cleared: '',
    notTaken: '',
    attempts: 0,
    httpStatus: 0,
    errorCode,
    errorField,
    message,
    apiMessage: '',
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

/** Keyed digests of values that Rapyd confirmed, by top-level field of the patch. */
export type Digests = Readonly<Record<string, string>>
