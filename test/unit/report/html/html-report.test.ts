import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../../src/model/row.ts'
import { printable } from '../../../../src/model/text.ts'
import { createReportData, type RowValues } from '../../../../src/report/html/report-data.ts'
import { renderReport } from '../../../../src/report/html/html-report.ts'
import { createTotals } from '../../../../src/report/summary.ts'
import { outcomeOf } from '../outcome.ts'

const hostile = `</script><script>alert(1)</script>"'&\u2028\u202e<!--`
const facts = { mapping: hostile, options: [['--blank', hostile]], pauses: [], versions: '1' } as const

function partsOf(outcomes: readonly Partial<Outcome>[]) {
  const totals = createTotals()
  const data = createReportData()
  for (const changes of outcomes) {
    const outcome = outcomeOf(changes)
    totals.add(outcome)
    data.add(outcome)
  }
  const run = {
    run_id: 'crm-0123456789',
    input: { path: `/home/somebody/${hostile.replaceAll('/', '')}.csv`, sha256: 'ab', rows: 3, bytes: 99 },
    env: 'sandbox',
    host: 'sandboxapi.rapyd.net',
    account: 'a1b2',
    started_at: '2026-11-23T02:30:00.000Z',
    finished_at: '2026-11-23T02:31:00.000Z',
    rate_limited: 1,
    exit_code: 1,
    next: `Mend ${hostile}`,
  }
  return { summary: { ...run, ...totals.totals() }, data }
}

function render(outcomes: readonly Partial<Outcome>[]): string {
  const { summary, data } = partsOf(outcomes)
  return [...renderReport(summary, facts, data)].join('')
}

const bad = {
  outcome: 'rejected',
  errorCode: 'E_API',
  errorField: `metadata.${hostile}`,
  message: hostile,
} as const

describe('the HTML report', () => {
  it('allows exactly its own style and script', () => {
    const text = render([{}, bad])
    const hash = (element: RegExp) =>
      `'sha256-${createHash('sha256')
        .update(element.exec(text)?.[1] ?? '')
        .digest('base64')}'`
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)?.[1] ?? ''
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${hash(/<style>(.*?)<\/style>/s)}`,
      `script-src ${hash(/<script>(.*?)<\/script>/s)}`,
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(text).not.toMatch(/ style=| on[a-z]+=|https?:\/\/|url\(/)
  })

  it('escapes whatever codes, fields, messages, options and names hold', () => {
    const text = render([bad, { ...bad, customerId: hostile }])
    expect(text.match(/<script/g)).toHaveLength(2)
    expect(text.match(/<\/script/g)).toHaveLength(2)
    expect(text).not.toMatch(/[\u2028\u202e]|<!--/)
    expect(text).toContain('--blank</dt><dd>&lt;/script&gt;&lt;script&gt;')
  })

  it('holds the rows that need attention, and no others', () => {
    const text = render([
      {},
      { ...bad, row: 2, line: 3 },
      { outcome: 'unchanged' },
      { ...bad, row: 4, line: 5 },
    ])
    const json = /id="attention-data">(.*?)<\/script>/s.exec(text)?.[1] ?? ''
    const { customerId } = outcomeOf()
    expect(JSON.parse(json)).toEqual({
      kinds: [['rejected', 'E_API', printable(bad.errorField), printable(hostile)]],
      rows: [2, 3, customerId, 0, 4, 5, customerId, 0],
    })
    expect(text).toContain('2; 4')
  })

  it('needs no script if no row needs attention', () => {
    const text = render([{}])
    expect(text).not.toContain('<script')
    expect(text).toContain('<p>None.</p>')
  })

  it('names the input and no folder, and says what a blank did', () => {
    const text = render([{ cleared: 'email' }])
    expect(text).not.toContain('somebody')
    expect(text).toMatch(/<code>email<\/code><\/th><td class="number">0<\/td><td class="number">1<\/td>/)
  })

  it('puts each command of the next steps on a line of its own, as it is typed', () => {
    const { summary, data } = partsOf([bad])
    const next = 'Run a is finished. 1 row can be sent again:\nrapyd-bulk redo a'
    expect([...renderReport({ ...summary, next }, facts, data)].join('')).toContain(
      '<p>Run a is finished. 1 row can be sent again:</p><p><code class="command">rapyd-bulk redo a</code></p></div>',
    )
  })

  it('needs no row', () => {
    expect(render([])).toContain('Outcomes: no rows')
  })

  it('is the same if it is made again', () => {
    expect(render([bad])).toBe(render([bad]))
  })

  it.each([
    ['as they stand', { names: [], split: () => undefined }, [[], ['{"a": 1}']]],
    [
      'cell by cell',
      { names: ['id', '\u202e'], split: () => ['x', ' y '] },
      [
        ['id', printable('\u202e')],
        ['x', 'y'],
      ],
    ],
    ['cut', { names: ['id'], split: () => ['x'.repeat(400)] }, [['id'], [`${'x'.repeat(300)}…`]]],
    ['not at all', undefined, [undefined, undefined]],
  ] satisfies readonly (readonly [string, RowValues | undefined, readonly unknown[]])[])(
    'shows cells %s',
    (_how, rowValues, [names, cells]) => {
      const data = createReportData(rowValues)
      data.add(outcomeOf(bad), '{"a": 1}')
      const text = [...renderReport(partsOf([bad]).summary, facts, data)].join('')
      const json = JSON.parse(/id="attention-data">(.*?)<\/script>/s.exec(text)?.[1] ?? '')
      expect([json.names, json.values?.[0]]).toEqual([names, cells])
      expect(text.includes('Personal data')).toBe(rowValues !== undefined)
    },
  )
})
