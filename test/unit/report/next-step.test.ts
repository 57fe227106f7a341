import { describe, expect, it } from 'vitest'
import { nextStep, type RunEnd } from '../../../src/report/summary-text.ts'

const none = {
  updated: 9,
  unchanged: 1,
  invalid: 0,
  rejected: 0,
  failed: 0,
  unknown: 0,
  not_attempted: 0,
}
const end: RunEnd = {
  runId: 'crm-1',
  tip: undefined,
  rowsLeft: 0,
  outcomes: none,
  errorsFile: 'runs/crm-1/errors.csv',
  redoCommand: 'rapyd-bulk redo crm-1',
  isInputKept: true,
  newRun: false,
}
const cases: readonly (readonly [string, Partial<RunEnd>, string])[] = [
  ['a run without a blemish', {}, 'Run crm-1 is finished: nothing is left to do.'],
  ['a stopped run', { tip: 'Set the clock.', rowsLeft: 3 }, 'Run crm-1 is not finished. Set the clock.'],
  [
    'a stopped run that the same command would begin anew',
    { tip: 'Set the clock.', newRun: true },
    'Run crm-1 is not finished. Set the clock. To go on with it, give --run-id crm-1 in place of --new-run.',
  ],
  [
    'a canary',
    { rowsLeft: 1, outcomes: { ...none, not_attempted: 1 } },
    'Run crm-1 is not finished: without --limit, the same command goes on with the other 1 row.',
  ],
  [
    'rows to mend',
    { outcomes: { ...none, invalid: 2, rejected: 1 } },
    'Run crm-1 is finished. Mend 3 rows in runs/crm-1/errors.csv, then:\nrapyd-bulk redo crm-1 --from runs/crm-1/errors.csv',
  ],
  [
    'rows that may have been applied, and rows behind them',
    { outcomes: { ...none, unknown: 1, not_attempted: 4 } },
    'Run crm-1 is finished. 5 rows can be sent again; it looks first whether 1 row in doubt was applied:\nrapyd-bulk redo crm-1',
  ],
  [
    'rows of both kinds',
    { outcomes: { ...none, failed: 1, invalid: 1 } },
    'Run crm-1 is finished. 1 row can be sent again:\nrapyd-bulk redo crm-1\nMend 1 row in runs/crm-1/errors.csv, then:\nrapyd-bulk redo crm-1 --from runs/crm-1/errors.csv',
  ],
  [
    'rows of standard input, which is not kept',
    { outcomes: { ...none, failed: 1 }, isInputKept: false },
    'Run crm-1 is finished. 1 row can be sent again:\nrapyd-bulk redo crm-1 --from runs/crm-1/errors.csv',
  ],
]

describe('the next step', () => {
  it.each(cases)('after %s', (_what, change, text) => {
    expect(nextStep({ ...end, ...change })).toBe(text)
  })
})
