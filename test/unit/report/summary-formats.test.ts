/** The summary for other programs: JUnit and Prometheus. */
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/model/row.ts'
import { toJunit, toMetrics } from '../../../src/report/summary-formats.ts'
import { createTotals, type Summary } from '../../../src/report/summary.ts'
import { outcomeOf } from './outcome.ts'

const hostile = `"]]></failure><!--&\u001b\u2028\\`

function summaryFrom(outcomes: readonly Partial<Outcome>[], changes: Partial<Summary> = {}): Summary {
  const totals = createTotals()
  for (const outcome of outcomes) totals.add(outcomeOf(outcome))
  const run = {
    run_id: 'crm-0123456789',
    input: { path: 'crm.csv', sha256: 'ab', rows: 3, bytes: 99 },
    env: 'sandbox',
    host: 'sandboxapi.rapyd.net',
    account: 'a1b2',
    started_at: '2026-11-23T02:30:00.000Z',
    finished_at: '2026-11-23T02:31:00.500Z',
    rate_limited: 1,
    exit_code: 1,
    next: 'Mend the rows.',
  }
  return { ...run, ...totals.totals(), ...changes }
}

const bad = { outcome: 'rejected', errorCode: 'E_API', errorField: hostile, message: hostile } as const

describe('JUnit', () => {
  it('has a case for the good rows and a failure for each kind of error, with its tip', () => {
    const text = toJunit(summaryFrom([{}, bad, { ...bad, row: 7 }]))
    expect(text.match(/<testcase /g)).toHaveLength(2)
    expect(text).toContain('tests="2" failures="1" errors="0" skipped="0" time="60.500"')
    expect(text).toContain('name="1 row updated or unchanged"/>')
    expect(text).toContain('message="2 rows, such as row 1">Correct the field')
  })

  it('escapes what XML would read, and shows what it cannot hold', () => {
    const text = toJunit(summaryFrom([bad]))
    for (const part of [']]>', '<!--', '\u001b', '\u2028']) expect(text).not.toContain(part)
    expect(text).toContain('&quot;]]&gt;&lt;/failure&gt;&lt;!--&amp;\\x1b')
    expect(text.match(/<\/failure>/g)).toHaveLength(1)
  })

  it('fails for rows that are only counted, too', () => {
    const summary = summaryFrom([{}])
    const text = toJunit({ ...summary, outcomes: { ...summary.outcomes, not_attempted: 2 }, started_at: '' })
    expect(text).toContain('tests="2" failures="1" errors="0" skipped="0">')
    expect(text).toContain('<failure type="none" message="2 rows">Mend the rows.</failure>')
  })
})

describe('metrics', () => {
  it('are lines that Prometheus reads, with every outcome and without the id of the run', () => {
    const text = toMetrics(summaryFrom([{}, { ...bad, retries: 'timeout' }], { env: hostile }))
    const label = String.raw`\{(?:\w+="(?:[^"\\\n]|\\\\|\\")*",?)+\}`
    for (const line of text.trimEnd().split('\n'))
      expect(line).toMatch(
        new RegExp(`^(?:# (?:HELP|TYPE) rapyd_bulk_\\w+ .+|rapyd_bulk_\\w+${label} [0-9.e+]+)$`),
      )
    expect(text.match(/^rapyd_bulk_rows\{/gm)).toHaveLength(7)
    expect(text).toMatch(/^rapyd_bulk_errors\{.*,code="E_API"\} 1$/m)
    expect(text).toMatch(/^rapyd_bulk_retries\{.*,reason="timeout"\} 1$/m)
    expect(text).toMatch(/^rapyd_bulk_latency_seconds\{.*,quantile="0.5"\} 0.12$/m)
    expect(text).not.toContain('crm-')
    expect(text.endsWith('\n')).toBe(true)
  })

  it('say no time that a run does not have', () => {
    expect(toMetrics(summaryFrom([], { started_at: '' }))).not.toContain('started_timestamp')
  })
})
