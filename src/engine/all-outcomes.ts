/** Every row of a run with its outcome, in input order: the store's, and `not_attempted` for the rows that have none. */
import { createRowSet } from '../model/collections.ts'
import type { ErrorCode } from '../model/errors.ts'
import {
  isOutcome,
  isPartial,
  withoutCall,
  takenFields,
  type Outcome,
  type OutcomeKind,
} from '../model/row.ts'
import type { Prepare, Source } from '../model/ports.ts'

export interface AllOutcomesParts {
  /** The outcomes of the store, in row order. */
  readonly settled: AsyncIterable<readonly Outcome[]>
  /** Opened only if the store does not hold an outcome for every row. */
  readonly openSource: () => Source
  readonly prepare: Prepare
  /** All rows of the run. */
  readonly rows: number
  readonly settledRows: number
  /** Rows that may have been sent by a session that did not see their answer. */
  readonly isInDoubt: (row: number) => boolean
  /** The code and message of rows without an outcome. */
  readonly open: { readonly code: ErrorCode; readonly message: string }
}

export async function* allOutcomes(parts: AllOutcomesParts): AsyncGenerator<readonly Outcome[]> {
  if (parts.settledRows === parts.rows) {
    yield* parts.settled
    return
  }
  const doubt = doubtOf(parts.open)
  const settled = eachOutcome(parts.settled)
  let next = await settled.next()
  for await (const rows of parts.openSource()) {
    const batch: Outcome[] = []
    for (const row of rows) {
      if (next.done !== true && next.value.row === row.row) {
        batch.push(isPartial(next.value) ? stillOpen(next.value, parts) : next.value)
        next = await settled.next()
        continue
      }
      const prepared = parts.prepare(row)
      if (isOutcome(prepared)) batch.push(prepared)
      else if (parts.isInDoubt(row.row)) batch.push(unsentOutcome(prepared, doubt, 'unknown'))
      else batch.push(unsentOutcome(prepared, parts.open))
    }
    yield batch
  }
}

/** A row whose discount is removed. Its other fields are not sent, or their answer is not known. */
function stillOpen(soFar: Outcome, { isInDoubt, open }: AllOutcomesParts): Outcome {
  if (!isInDoubt(soFar.row)) return { ...soFar, errorCode: open.code }
  const { code, message } = doubtOf(open)
  return {
    ...soFar,
    outcome: 'unknown',
    errorCode: code,
    message: `the discount was removed; the rest ${message}`,
  }
}

/** Outcomes one by one. */
export async function* eachOutcome(
  pages: AsyncIterable<readonly Outcome[]>,
): AsyncGenerator<Outcome, undefined> {
  for await (const page of pages) yield* page
}

function doubtOf({ code }: AllOutcomesParts['open']): AllOutcomesParts['open'] {
  return code === 'E_STILL_RUNNING' ? onItsWay : inDoubt
}

const inDoubt = {
  code: 'E_IN_DOUBT',
  message: 'may have been applied: the run stopped before its answer was known',
} as const

const onItsWay = {
  code: 'E_STILL_RUNNING',
  message: 'may have been applied: the run is still going on, and its answer is not known yet',
} as const

type KnownRow = Pick<
  Outcome,
  'row' | 'line' | 'offset' | 'length' | 'customerId' | 'fields' | 'cleared' | 'idempotencyKey'
>

/** Why a row ended without its update. */
export interface Cause {
  readonly code: ErrorCode | ''
  readonly message: string
  readonly field?: string
  /** Of the reading that decided it. */
  readonly status?: number
}

/** The outcome of a row that was not sent. `finishedAt`: when that was decided, milliseconds since 1970; 0 if it may still be sent. */
export function unsentOutcome(
  known: KnownRow,
  { code, message, field = '', status = 0 }: Cause,
  outcome: OutcomeKind = 'not_attempted',
  finishedAt = 0,
): Outcome {
  const { customerId, fields, cleared, idempotencyKey } = known
  const why = { errorCode: code, errorField: field, message }
  const ended = withoutCall(known, customerId, outcome, why)
  return { ...ended, fields, cleared, idempotencyKey, httpStatus: status, finishedAt }
}

export type TakenRows = Awaited<ReturnType<typeof findTaken>>

/** Throws the signal's reason once it is aborted. */
export async function findTaken(pages: AsyncIterable<readonly Outcome[]>, signal?: AbortSignal) {
  /** Rows of which Rapyd has taken something, and those that ended `unknown`. */
  const [taken, doubtful] = [createRowSet(), createRowSet()]
  /** What it did not take of rows that it took in part. */
  const partly = new Map<number, string>()
  /** Rows of which it has taken something that this run has sent. */
  const sent = createRowSet()
  for await (const page of pages) {
    signal?.throwIfAborted()
    for (const outcome of page) {
      const { row, notTaken } = outcome
      const isTaken = takenFields(outcome).length > 0
      if (isTaken) taken.add(row)
      if (isTaken && outcome.attempts > 0) sent.add(row)
      if (notTaken !== '') partly.set(row, notTaken)
      if (outcome.outcome === 'unknown') doubtful.add(row)
    }
  }
  return { taken, sent, partly, doubtful }
}
