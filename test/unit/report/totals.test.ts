import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/model/row.ts'
import { createTotals } from '../../../src/report/summary.ts'
import { outcomeOf } from './outcome.ts'

function totalsOf(outcomes: readonly Partial<Outcome>[]) {
  const fold = createTotals()
  for (const outcome of outcomes) fold.add(outcomeOf(outcome))
  return fold.totals()
}

describe('the totals', () => {
  it('name every outcome, also those that did not happen', () => {
    expect(totalsOf([]).outcomes).toEqual({
      updated: 0,
      unchanged: 0,
      invalid: 0,
      rejected: 0,
      failed: 0,
      unknown: 0,
      not_attempted: 0,
    })
    expect(totalsOf([{}, { outcome: 'failed' }, {}]).outcomes).toMatchObject({ updated: 2, failed: 1 })
  })

  it('count a field as cleared only if Rapyd confirmed it', () => {
    const { cleared } = totalsOf([
      { cleared: 'name;addresses[0].city' },
      { cleared: 'name' },
      { cleared: 'name', outcome: 'rejected' },
      { cleared: 'name', outcome: 'unknown' },
    ])
    expect(cleared).toEqual({ name: 2, 'addresses[0].city': 1 })
  })

  it('count a row as a call when a request was made for it, and every request as an attempt', () => {
    const { calls, attempts, retries } = totalsOf([
      { attempts: 1 },
      { attempts: 3, retries: 'timeout;http_500' },
      { attempts: 2, retries: 'timeout' },
      { attempts: 0, outcome: 'invalid' },
    ])
    expect({ calls, attempts, retries }).toEqual({
      calls: 3,
      attempts: 6,
      retries: { timeout: 2, http_500: 1 },
    })
  })

  it.each([
    [[], { p50: 0, p90: 0, p99: 0, max: 0 }],
    [[7], { p50: 7, p90: 7, p99: 7, max: 7 }],
    [Array.from({ length: 100 }, (_, index) => index + 1), { p50: 50, p90: 90, p99: 99, max: 100 }],
    [[5, 5, 5, 5, 5, 5, 5, 5, 5, 900], { p50: 5, p90: 5, p99: 900, max: 900 }],
  ])('give nearest-rank percentiles of the latencies %j', (latencies, expected) => {
    expect(totalsOf(latencies.map((latencyMs) => ({ latencyMs }))).latency_ms).toEqual(expected)
  })

  it('leave the latency of rows without a request out', () => {
    expect(
      totalsOf([{ latencyMs: 10 }, { attempts: 0, latencyMs: 0, outcome: 'invalid' }]).latency_ms.p50,
    ).toBe(10)
  })

  it('list the kinds of error, most frequent first, each with its first row and what to do', () => {
    const email = { outcome: 'invalid', errorCode: 'E_EMAIL', errorField: 'email', message: 'm' } as const
    const { errors } = totalsOf([
      { ...email, row: 3, errorCode: 'E_PHONE', errorField: 'phone_number' },
      { ...email, row: 5 },
      { ...email, row: 8 },
      { row: 9, errorCode: 'E_API', outcome: 'unchanged' },
    ])
    expect(errors).toEqual([
      { code: 'E_EMAIL', field: 'email', count: 2, example_row: 5, tip: expect.any(String), message: 'm' },
      {
        code: 'E_PHONE',
        field: 'phone_number',
        count: 1,
        example_row: 3,
        tip: expect.any(String),
        message: 'm',
      },
    ])
  })

  it('count malformed rows of several lines as one kind, whatever their lines are', () => {
    const broken = { outcome: 'invalid', errorCode: 'E_QUOTE', errorField: '' } as const
    const { errors } = totalsOf([
      { ...broken, row: 3, message: 'a stray quote (2 lines: 4 to 5)' },
      { ...broken, row: 4, message: 'a stray quote' },
      { ...broken, row: 9, message: 'a stray quote (3 lines: 12 to 14)' },
    ])
    expect(errors).toMatchObject([{ code: 'E_QUOTE', count: 3, example_row: 3, message: 'a stray quote' }])
  })

  it('count what goes beyond 1,000 kinds together, last, so that the sum stays right', () => {
    const fold = createTotals()
    for (let row = 1; row <= 1_500; row++) {
      for (let times = 0; times < (row === 1 ? 3 : 1); times++)
        fold.add(outcomeOf({ row, outcome: 'invalid', errorCode: 'E_JSON', message: `column ${row}` }))
    }
    const { errors } = fold.totals()
    expect(errors).toHaveLength(1_001)
    expect(errors[0]).toMatchObject({ code: 'E_JSON', message: 'column 1', count: 3 })
    expect(errors.at(-1)).toMatchObject({ code: 'E_OTHER', field: '', count: 500, example_row: 1_001 })
    expect(errors.reduce((sum, { count }) => sum + count, 0)).toBe(1_502)
  })
})
