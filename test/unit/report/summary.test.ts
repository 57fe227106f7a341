import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import type { Outcome } from '../../../src/model/row.ts'
import { createTotals, type Summary } from '../../../src/report/summary.ts'
import { summaryText } from '../../../src/report/summary-text.ts'
import { outcomeOf } from './outcome.ts'

function summary(outcomes: readonly Partial<Outcome>[]): Summary {
  const totals = createTotals()
  for (const outcome of outcomes) totals.add(outcomeOf(outcome))
  return {
    run_id: 'crm-0123456789',
    input: { path: 'crm.csv', sha256: 'ab', rows: 12_345, bytes: 99 },
    env: 'sandbox',
    host: 'sandboxapi.rapyd.net',
    account: 'a1b2',
    started_at: '2026-11-23T02:30:00.000Z',
    finished_at: '2026-11-23T02:31:00.000Z',
    rate_limited: 1,
    exit_code: 1,
    next: 'Mend the rows.',
    ...totals.totals(),
  }
}

test('the text names every outcome that happened, what to look at, and where the files are', () => {
  const rejected = {
    outcome: 'rejected',
    errorCode: 'E_API',
    errorField: 'email',
    message: 'refused',
  } as const
  expect(summaryText(summary([{}, {}, { ...rejected, row: 7 }]), 'rapyd-runs/x', false)).toBe(
    [
      'Run crm-0123456789 on sandboxapi.rapyd.net: 12,345 rows in 1 min',
      '        2  updated        confirmed by Rapyd',
      '        1  rejected       refused by Rapyd, in whole or in part',
      '           3 requests · refused by the rate limit once · answers in 120 ms, 99% within 120 ms',
      '',
      'To look at:',
      '        1  E_API email: refused (row 7)',
      '           Correct the field that the error names and send the row again.',
      '',
      'Report: rapyd-runs/x/report.html',
      'Rows:   rapyd-runs/x/errors and results',
      '',
    ].join('\n'),
  )
})

test('the text shows five kinds of error at most, the most frequent ones', () => {
  const errors = Array.from({ length: 8 }, (_, kind) =>
    Array.from({ length: kind + 1 }, () => ({
      outcome: 'rejected' as const,
      errorCode: 'E_API' as const,
      message: `kind ${kind}`,
    })),
  ).flat()
  const shown = summaryText(summary(errors), 'x', false).match(/kind \d/g)
  expect(shown).toEqual(['kind 7', 'kind 6', 'kind 5', 'kind 4', 'kind 3'])
})

test('colours change nothing but the colour', () => {
  const facts = summary([{}, { outcome: 'unknown' }])
  const [plain, coloured] = [summaryText(facts, 'x', false), summaryText(facts, 'x', true)]
  expect(coloured).not.toBe(plain)
  expect(stripVTControlCharacters(coloured)).toBe(plain)
})
