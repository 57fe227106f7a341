import { describe, expect, it } from 'vitest'
import type { CsvRow, Outcome } from '../../../src/model/row.ts'
import { allOutcomes, unsentOutcome, type AllOutcomesParts } from '../../../src/engine/all-outcomes.ts'
import { outcomeOf } from '../report/outcome.ts'
import { updateOf } from '../../support/rig.ts'

const stopped: AllOutcomesParts['open'] = { code: 'E_STOPPED', message: 'the run stopped before this row' }

/** Rows 1 to `rows`; those in `settled` have an outcome, every fifth of the others is invalid. */
async function account(
  rows: number,
  settled: readonly number[],
  batch = 2,
  doubtful: readonly number[] = [],
  open = stopped,
) {
  let read = 0
  async function* openSource(): AsyncGenerator<CsvRow[]> {
    for (let first = 1; first <= rows; first += batch) {
      const numbers = Array.from({ length: Math.min(batch, rows - first + 1) }, (_, index) => first + index)
      read += numbers.length
      yield await Promise.resolve(
        numbers.map((row) => ({ kind: 'csv', row, line: row + 1, offset: row * 10, length: 9, cells: [] })),
      )
    }
  }
  const batches: readonly Outcome[][] = [settled.slice(0, 3), settled.slice(3)]
    .filter((part) => part.length > 0)
    .map((part) => part.map((row) => outcomeOf({ row })))
  async function* stored(): AsyncGenerator<readonly Outcome[]> {
    yield* batches
  }
  const outcomes: Outcome[] = []
  const all = allOutcomes({
    settled: stored(),
    openSource,
    prepare: ({ row, line, offset, length }) =>
      row % 5 === 0
        ? outcomeOf({ row, outcome: 'invalid' })
        : { ...updateOf({ name: 'Jo' }), row, line, offset, length },
    rows,
    settledRows: settled.length,
    isInDoubt: (row) => doubtful.includes(row),
    open,
  })
  for await (const part of all) outcomes.push(...part)
  return { outcomes: outcomes.map(({ row, outcome }) => `${row} ${outcome}`), all: outcomes, read }
}

describe('the account of a run', () => {
  it('has every row once, in the order of the input', async () => {
    expect((await account(7, [1, 3, 6])).outcomes).toEqual([
      '1 updated',
      '2 not_attempted',
      '3 updated',
      '4 not_attempted',
      '5 invalid',
      '6 updated',
      '7 not_attempted',
    ])
  })

  it.each([1, 2, 3, 10])('is the same however the rows come in batches of %i', async (batch) => {
    const { outcomes } = await account(9, [2, 4, 7, 9], batch)
    expect(outcomes).toEqual((await account(9, [2, 4, 7, 9], 4)).outcomes)
    expect(outcomes).toHaveLength(9)
  })

  it('does not read the input where every row has an outcome', async () => {
    const { outcomes, read } = await account(4, [1, 2, 3, 4])
    expect(outcomes).toHaveLength(4)
    expect(read).toBe(0)
  })

  it('is all open where nothing has an outcome', async () => {
    const { all } = await account(3, [])
    expect(all.map(({ outcome, errorCode }) => `${outcome} ${errorCode}`)).toEqual(
      Array.from({ length: 3 }, () => 'not_attempted E_STOPPED'),
    )
  })

  it('calls a row unknown that may have been sent', async () => {
    const { all } = await account(3, [1], 2, [2])
    expect(all.map(({ outcome, errorCode }) => `${outcome} ${errorCode}`)).toEqual([
      'updated ',
      'unknown E_IN_DOUBT',
      'not_attempted E_STOPPED',
    ])
  })

  it('knows of an open row what it would send, and says why it was not', () => {
    const request = updateOf({ name: 'Jo' })
    expect(unsentOutcome(request, stopped)).toEqual({
      row: request.row,
      line: request.line,
      offset: request.offset,
      length: request.length,
      customerId: request.customerId,
      fields: 'name',
      cleared: '',
      idempotencyKey: request.idempotencyKey,
      outcome: 'not_attempted',
      operation: 'update_customer',
      attempts: 0,
      httpStatus: 0,
      errorCode: 'E_STOPPED',
      errorField: '',
      apiMessage: '',
      notTaken: '',
      message: 'the run stopped before this row',
      operationId: '',
      latencyMs: 0,
      retries: '',
      finishedAt: 0,
    })
  })

  it('does not say that a run stopped which goes on', async () => {
    const open = { code: 'E_STILL_RUNNING', message: 'the run is still going on' } as const
    const { all } = await account(2, [], 2, [1], open)
    expect(all[0]).toMatchObject({ outcome: 'unknown', errorCode: 'E_STILL_RUNNING' })
    expect(all[0]?.message).not.toContain('stopped')
  })
})
