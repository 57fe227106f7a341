/** Every row of a run with its outcome, in input order: the store's, and `not_attempted` for the rows that have none. */
import type { ErrorCode } from '../model/errors.ts'
import { isOutcome, isPartial, withoutCall } from '../model/outcome.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Prepare, Source } from '../model/ports.ts'

export interface AccountParts {
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

export async function* accountOf(parts: AccountParts): AsyncGenerator<readonly Outcome[]> {
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
      else if (parts.isInDoubt(row.row)) batch.push({ ...openOutcome(prepared, doubt), outcome: 'unknown' })
      else batch.push(openOutcome(prepared, parts.open))
    }
    yield batch
  }
}

/** A row whose discount is removed. Its other fields are not sent, or their answer is not known. */
function stillOpen(soFar: Outcome, { isInDoubt, open }: AccountParts): Outcome {
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

function doubtOf({ code }: AccountParts['open']): AccountParts['open'] {
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

/** The outcome of a row that was not sent. */
export function openOutcome(
  known: KnownRow,
  why: { readonly code: ErrorCode; readonly message: string },
): Outcome {
  const { customerId, fields, cleared, idempotencyKey } = known
  const told = { errorCode: why.code, message: why.message }
  return { ...withoutCall(known, customerId, 'not_attempted', told), fields, cleared, idempotencyKey }
}
