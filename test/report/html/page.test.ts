import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../src/model/outcome.ts'
import { printable } from '../../../src/model/text.ts'
import { createPageFold } from '../../../src/report/html/page-fold.ts'
import { createRowValues } from '../../../src/report/html/row-values.ts'
import { pageOf, writePage } from '../../../src/report/html/page.ts'
import { summaryOf } from '../../../src/report/summary.ts'
import { createTotals } from '../../../src/report/totals.ts'
import { outcomeOf } from '../outcome.ts'

const hostile = `</script><script>alert(1)</script>"'&\u2028\u202e<!--`
const facts = { mapping: hostile, options: [['--blank', hostile]], pauses: [], versions: '1' } as const

function partsOf(outcomes: readonly Partial<Outcome>[]) {
  const totals = createTotals()
  const fold = createPageFold()
  for (const changes of outcomes) {
    const outcome = outcomeOf(changes)
    totals.add(outcome)
    fold.add(outcome)
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
  return { summary: summaryOf(run, totals.totals()), fold }
}

function page(outcomes: readonly Partial<Outcome>[]): string {
  const { summary, fold } = partsOf(outcomes)
  return [...pageOf(summary, facts, fold)].join('')
}

const bad = {
  outcome: 'rejected',
  errorCode: 'E_API',
  errorField: `metadata.${hostile}`,
  message: hostile,
} as const

describe('the page', () => {
  it('allows exactly the style and the script that stand in it', () => {
    const text = page([{}, bad])
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
    const text = page([bad, { ...bad, customerId: hostile }])
    expect(text.match(/<script/g)).toHaveLength(2)
    expect(text.match(/<\/script/g)).toHaveLength(2)
    expect(text).not.toMatch(/[\u2028\u202e]|<!--/)
    expect(text).toContain('--blank</dt><dd>&lt;/script&gt;&lt;script&gt;')
  })

  it('holds the rows that need attention, as they were told, and no others', () => {
    const text = page([
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

  it('needs no script where no row needs attention', () => {
    const text = page([{}])
    expect(text).not.toContain('<script')
    expect(text).toContain('<p>None.</p>')
  })

  it('names the input and no folder, and says what a blank did', () => {
    const text = page([{ cleared: 'email' }])
    expect(text).not.toContain('somebody')
    expect(text).toMatch(/<code>email<\/code><\/th><td class="number">0<\/td><td class="number">1<\/td>/)
  })

  it('stands without any row', () => {
    expect(page([])).toContain('Outcomes: no rows')
  })

  it('is for its owner alone, and made again it is the same', () => {
    const directory = mkdtempSync(join(tmpdir(), 'page-'))
    const path = join(directory, 'report.html')
    const { summary, fold } = partsOf([bad])
    writePage(directory, summary, facts, fold)
    const [text, mode] = [readFileSync(path, 'utf8'), statSync(path).mode & 0o777]
    writePage(directory, summary, facts, partsOf([bad]).fold)
    const again = readFileSync(path, 'utf8')
    rmSync(directory, { recursive: true })
    expect(mode).toBe(0o600)
    expect(again).toBe(text)
  })

  it.each([
    ['as they stand', createRowValues([], () => undefined), [[], ['{"a": 1}']]],
    [
      'cell by cell',
      createRowValues(['id', '\u202e'], () => ['x', ' y ']),
      [
        ['id', printable('\u202e')],
        ['x', 'y'],
      ],
    ],
    ['cut', createRowValues(['id'], () => ['x'.repeat(400)]), [['id'], [`${'x'.repeat(300)}…`]]],
    ['not at all', undefined, [undefined, undefined]],
  ] as const)('shows cells %s', (_how, rowValues, [names, cells]) => {
    const fold = createPageFold(rowValues)
    fold.add(outcomeOf(bad), '{"a": 1}')
    const text = [...pageOf(partsOf([bad]).summary, facts, fold)].join('')
    const json = JSON.parse(/id="attention-data">(.*?)<\/script>/s.exec(text)?.[1] ?? '')
    expect([json.names, json.values?.[0]]).toEqual([names, cells])
    expect(text.includes('Personal data')).toBe(rowValues !== undefined)
  })
})
