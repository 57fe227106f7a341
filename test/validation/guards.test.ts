import { describe, expect, it } from 'vitest'
import { guard } from '../../src/validation/guards.ts'
import type { GuardOptions } from '../../src/validation/guards.ts'
import type { Scan } from '../../src/model/scan.ts'

const usual: GuardOptions = { maxClearsPercent: 50, maxErrors: { percent: 10 }, strict: false }
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
  it('let a good file pass', () => expect(guard(good, usual)).toBeUndefined())

  it.each<[string, Partial<Scan>, Partial<GuardOptions>, string, string]>([
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
      { maxErrors: { rows: 2 } },
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
      { maxClearsPercent: 0 },
      'USAGE',
      'E_MAX_CLEARS',
    ],
  ])('stop at %s', (_what, scan, options, kind, code) => {
    expect(guard({ ...good, ...scan }, { ...usual, ...options })).toMatchObject({
      kind,
      code,
      remedy: expect.stringContaining('Nothing was sent.'),
    })
  })

  it.each<[string, Partial<Scan>, Partial<GuardOptions>]>([
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
    ['every row with --max-clears 100%', { cleared: new Map([['name', 1_000]]) }, { maxClearsPercent: 100 }],
  ])('let %s pass', (_what, scan, options) => {
    expect(guard({ ...good, ...scan }, { ...usual, ...options })).toBeUndefined()
  })

  it('name counts, field and the first row, so that it can be found', () => {
    expect(guard({ ...good, invalid: 200, findings: [finding] }, usual)?.message).toBe(
      '200 of 1000 rows are invalid, most of them E_EMAIL (first: row 7, line 9)',
    )
    expect(guard({ ...good, cleared: new Map([['email', 900]]) }, usual)?.message).toBe(
      'this would clear email on 900 of 1000 rows',
    )
  })
})
