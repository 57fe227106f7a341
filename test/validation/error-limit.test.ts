import { describe, expect, it } from 'vitest'
import type { OutcomeKind } from '../../src/model/outcome.ts'
import { allowedErrors, createThreshold } from '../../src/validation/guards.ts'
import type { ErrorLimit } from '../../src/validation/guards.ts'

describe('the errors that are allowed', () => {
  it.each<[ErrorLimit, number, number]>([
    [{ rows: 5 }, 10_000, 5],
    [{ rows: 0 }, 1, 0],
    [{ percent: 10 }, 10_000, 1_000],
    [{ percent: 10 }, 20, 10],
    [{ percent: 0 }, 20, 0],
    [{ percent: 0.5 }, 1_000, 5],
  ])('%j of %i rows are %f', (limit, rows, allowed) => {
    expect(allowedErrors(limit, rows)).toBe(allowed)
  })
})

/** The number of the outcome with which the limit is passed; 0 where it never is. */
const passedAt = (limit: ErrorLimit, kinds: readonly OutcomeKind[]): number => {
  const threshold = createThreshold(limit)
  return kinds.findIndex((kind) => threshold.passed(kind)) + 1
}
const many = (count: number, kind: OutcomeKind) => Array.from({ length: count }, () => kind)

describe('the threshold', () => {
  it.each<OutcomeKind>(['rejected', 'failed', 'unknown'])('counts %s', (kind) => {
    expect(passedAt({ rows: 2 }, many(9, kind))).toBe(3)
  })

  it.each<OutcomeKind>(['updated', 'unchanged', 'invalid', 'not_attempted'])('does not count %s', (kind) => {
    expect(passedAt({ rows: 0 }, many(9, kind))).toBe(0)
  })

  it('takes a share of at least a hundred rows, so that a bad start stops nothing', () => {
    expect(passedAt({ percent: 10 }, many(10, 'rejected'))).toBe(0)
    expect(passedAt({ percent: 10 }, many(11, 'rejected'))).toBe(11)
  })

  it('takes a share of the rows so far, behind the first hundred', () => {
    expect(passedAt({ percent: 10 }, [...many(190, 'updated'), ...many(21, 'failed')])).toBe(0)
    expect(passedAt({ percent: 10 }, [...many(190, 'updated'), ...many(22, 'failed')])).toBe(212)
  })
})
