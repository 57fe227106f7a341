/** The guards, and the limit of errors while a run sends. */
import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../../src/config/job-options.ts'
import type { UpdateOptions } from '../../../src/config/options.ts'
import { guardOf, allowedErrors, createThreshold } from '../../../src/validation/guards.ts'
import type { parseErrorLimit } from '../../../src/config/values.ts'
import type { Scan } from '../../../src/model/scan.ts'
import type { OutcomeKind } from '../../../src/model/row.ts'

const usual = resolveOptions<UpdateOptions>({ input: 'crm.csv' })
const good: Scan = {
  rows: 1_000,
  calls: 1_000,
  unchanged: 0,
  invalid: 0,
  set: new Map(),
  cleared: new Map(),
  findings: [],
  customers: 1_000,
  repeatedCustomers: 0,
  duplicateRows: 0,
  warnings: [],
}
const finding = { code: 'E_EMAIL', field: 'email', message: '', rows: 1, firstRow: 7, firstLine: 9 } as const

describe('the guards', () => {
  it('let a good file pass', () => expect(guardOf(good, usual)).toBeUndefined())

  it.each<[string, Partial<Scan>, Partial<UpdateOptions>, string, string]>([
    [
      'one invalid row with --strict',
      { invalid: 1, findings: [finding] },
      { strict: true },
      'INPUT',
      'E_STRICT',
    ],
    ['more than a tenth invalid', { invalid: 101, findings: [finding] }, {}, 'INPUT', 'E_TOO_MANY_INVALID'],
    [
      'more invalid rows than --max-errors',
      { invalid: 3, findings: [finding] },
      { maxErrors: '2' },
      'INPUT',
      'E_TOO_MANY_INVALID',
    ],
    ['a field that most rows clear', { cleared: new Map([['email', 501]]) }, {}, 'USAGE', 'E_MAX_CLEARS'],
    [
      'the share of the rows that are sent',
      { calls: 10, unchanged: 990, cleared: new Map([['email', 6]]) },
      {},
      'USAGE',
      'E_MAX_CLEARS',
    ],
    [
      'any clear with --max-clears 0%',
      { cleared: new Map([['name', 1]]) },
      { maxClears: '0' },
      'USAGE',
      'E_MAX_CLEARS',
    ],
  ])('stop at %s', (_what, scan, options, kind, code) => {
    expect(guardOf({ ...good, ...scan }, { ...usual, ...options })).toMatchObject({
      kind,
      code,
      remedy: expect.stringContaining('Nothing was sent.'),
    })
  })

  it.each<[string, Partial<Scan>, Partial<UpdateOptions>]>([
    ['invalid rows up to a tenth', { invalid: 100, findings: [finding] }, {}],
    ['ten invalid rows of a small file', { rows: 20, calls: 10, invalid: 10, findings: [finding] }, {}],
    ['a field that half of the rows clear', { cleared: new Map([['email', 500]]) }, {}],
    [
      'two fields that half of the rows clear',
      {
        cleared: new Map([
          ['email', 500],
          ['name', 500],
        ]),
      },
      {},
    ],
    ['every row with --max-clears 100%', { cleared: new Map([['name', 1_000]]) }, { maxClears: '100%' }],
  ])('let %s pass', (_what, scan, options) => {
    expect(guardOf({ ...good, ...scan }, { ...usual, ...options })).toBeUndefined()
  })

  it('name counts, field and the first row, so that it can be found', () => {
    expect(guardOf({ ...good, invalid: 200, findings: [finding] }, usual)?.message).toBe(
      '200 of 1000 rows are invalid, most of them E_EMAIL (first: row 7, line 9)',
    )
    expect(guardOf({ ...good, cleared: new Map([['email', 900]]) }, usual)?.message).toBe(
      'this would clear email on 900 of 1000 rows',
    )
  })
})

describe('the errors that are allowed', () => {
  it.each<[ReturnType<typeof parseErrorLimit>, number, number]>([
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
const passedAt = (limit: ReturnType<typeof parseErrorLimit>, kinds: readonly OutcomeKind[]): number => {
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
